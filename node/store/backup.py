"""A backup: the database and the node key in one file under a passphrase, made while the node runs.

```
magic and version (16 bytes) · log2 of scrypt's n (1) · salt (16)
chunks of 1 MiB, each AES-256-GCM with its number as nonce: a manifest, then the database
```

The salt is fresh, so the key is used for one file only and a number is a nonce. Every chunk is bound to the
header, to its number and to whether it is the last, so that none can be dropped, moved or added.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from node.store.ports import LAST_RESTORE, Database, StoreRefused

__all__ = [
    "DATABASE_FILE",
    "NODE_KEY_FILE",
    "RestoredBackup",
    "read_backup",
    "restore_backup",
    "write_backup",
]

DATABASE_FILE = "obverse.db"
NODE_KEY_FILE = "node.key"
SETTINGS_FILE = "config.toml"

_MAGIC = b"OBVERSE BACKUP\x00\x01"
_SALT_BYTES = 16
_HEADER_BYTES = len(_MAGIC) + 1 + _SALT_BYTES
_LOG_N = 15
_LOG_N_BOUNDS = range(15, 21)
"""A file may ask for more work than ours does, but not for all the memory."""
_CHUNK_BYTES = 1024 * 1024
_TAG_BYTES = 16
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class _Manifest:
    """What precedes the database in a backup."""

    made_at: datetime
    node_key: bytes
    database_bytes: int
    settings: bytes = b""


@dataclass(frozen=True, slots=True)
class RestoredBackup:
    """A backup that was read and proven whole.

    Shapes: `database()` yields the database file in pieces, reading the backup once more; `settings` is the
            node's `config.toml`, empty where none was given.
    """

    made_at: datetime
    node_key: bytes = field(repr=False)
    database_bytes: int
    settings: bytes
    _file: _SealedFile = field(repr=False)

    def database(self) -> Iterator[bytes]:
        """Raises: StoreRefused if the file was changed since it was read."""
        for manifest_bytes, chunk in _opened(self._file):
            yield chunk[manifest_bytes:]


# --- writing -------------------------------------------------------------------------------------------


async def write_backup(
    database: Database,
    node_key: bytes,
    path: Path,
    passphrase: str,
    *,
    now: datetime,
    settings: bytes = b"",
    work_dir: Path | None = None,
) -> None:
    """Write database and node key, as they are at one moment, to one new file.

    Shapes: `settings` is the node's `config.toml`, so that it can be brought back on a bare machine; for a
            moment a plain copy of the database lies in `work_dir` (the system's directory for such files).
    Raises: StoreRefused where `path` exists, the passphrase is empty, or something cannot be written; then
            nothing is left behind.
    """
    _check_request(path, passphrase)
    try:
        with tempfile.TemporaryDirectory(prefix="obverse-", dir=work_dir) as directory:
            copy = Path(directory) / DATABASE_FILE
            await database.copy_to(copy)
            manifest = _Manifest(now, node_key, copy.stat().st_size, settings)
            await asyncio.to_thread(_write, copy, manifest, path, passphrase)
    except OSError as error:
        raise StoreRefused(f"The backup {path} could not be written: {error.strerror or error}.") from error


def _check_request(path: Path, passphrase: str) -> None:
    if not passphrase:
        raise StoreRefused("A backup needs a passphrase: it holds the keys of the node.")
    if path.exists():
        raise StoreRefused(f"{path} is there already, and is not replaced. Choose another name.")


def _write(copy: Path, manifest: _Manifest, path: Path, passphrase: str) -> None:
    first = msgspec.json.encode(manifest)
    if len(first) + _LENGTH_BYTES > _CHUNK_BYTES:
        raise StoreRefused("The settings are too long for a backup.")
    header = _MAGIC + bytes([_LOG_N]) + os.urandom(_SALT_BYTES)
    cipher = AESGCM(_derive(passphrase, header))
    with _new_file(path) as out, copy.open("rb") as plain:
        out.write(header)
        buffer = len(first).to_bytes(_LENGTH_BYTES, "big") + first
        number, last = 0, False
        while not last:
            buffer += plain.read(_CHUNK_BYTES + 1 - len(buffer))
            chunk, buffer = buffer[:_CHUNK_BYTES], buffer[_CHUNK_BYTES:]
            last = not buffer
            out.write(cipher.encrypt(_nonce(number), chunk, _bound_to(header, number, last)))
            number += 1


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name only when it is whole and on disk, and that replaces nothing."""
    descriptor, name = tempfile.mkstemp(".partial", f".{path.name}.", path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _name(draft: Path, path: Path) -> None:
    refusal = StoreRefused(f"{path} is there already, and is not replaced.")
    try:
        os.link(draft, path)
    except FileExistsError:
        raise refusal from None
    except OSError:  # no hard links on this disk (a stick, say); a race is all that this leaves open
        if path.exists():
            raise refusal from None
        draft.rename(path)


def _derive(passphrase: str, header: bytes) -> bytes:
    """The file's key; the passphrase means the same however a keyboard composes its letters."""
    log_n, salt = header[len(_MAGIC)], header[len(_MAGIC) + 1 :]
    kdf = Scrypt(salt=salt, length=32, n=2**log_n, r=8, p=1)
    return kdf.derive(unicodedata.normalize("NFKC", passphrase).encode())


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound_to(header: bytes, number: int, last: bool) -> bytes:
    return header + number.to_bytes(8, "big") + (b"last" if last else b"more")


# --- reading -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _SealedFile:
    """A backup file, and the key that opens it."""

    path: Path
    key: bytes = field(repr=False)


def read_backup(path: Path, passphrase: str) -> RestoredBackup:
    """Read a backup to its end and prove it whole; nothing is written.

    Raises: StoreRefused: no backup, a wrong passphrase, altered, truncated.
    """
    try:
        with path.open("rb") as file:
            header = _read_header(file, path)
        sealed = _SealedFile(path, _derive(passphrase, header))
        manifest, size = None, 0
        for manifest_bytes, chunk in _opened(sealed):
            if manifest is None:
                manifest = _read_manifest(chunk, path)
            size += len(chunk) - manifest_bytes
    except OSError as error:
        raise StoreRefused(f"{path} cannot be read: {error.strerror or error}.") from error
    if manifest is None or size != manifest.database_bytes:
        raise StoreRefused(f"{path} is not whole: the database in it is incomplete.")
    return RestoredBackup(manifest.made_at, manifest.node_key, size, manifest.settings, sealed)


def _read_header(file: IO[bytes], path: Path) -> bytes:
    header = file.read(_HEADER_BYTES)
    if header[: len(_MAGIC) - 1] != _MAGIC[:-1]:
        raise StoreRefused(f"{path} is not a backup of Obverse.")
    if header[: len(_MAGIC)] != _MAGIC:
        raise StoreRefused(f"{path} was made by a newer version of Obverse; restore it with that one.")
    if len(header) < _HEADER_BYTES or header[len(_MAGIC)] not in _LOG_N_BOUNDS:
        raise StoreRefused(f"{path} is damaged: its header is not one that we write.")
    return header


def _opened(sealed: _SealedFile) -> Iterator[tuple[int, bytes]]:
    """The chunks in the clear, each with how many bytes of the manifest are at its start."""
    cipher = AESGCM(sealed.key)
    with sealed.path.open("rb") as file:
        header = _read_header(file, sealed.path)
        number, size = 0, _CHUNK_BYTES + _TAG_BYTES
        following = file.read(size)
        while number == 0 or following:
            sealed_chunk, following = following, file.read(size)
            bound = _bound_to(header, number, not following)
            try:
                chunk = cipher.decrypt(_nonce(number), sealed_chunk, bound)
            except (InvalidTag, ValueError):
                raise _unreadable(sealed.path, number) from None
            yield (_manifest_bytes(chunk) if number == 0 else 0), chunk
            number += 1


def _unreadable(path: Path, number: int) -> StoreRefused:
    if number == 0:
        return StoreRefused(f"{path} cannot be opened: the passphrase is wrong, or the file was altered.")
    return StoreRefused(f"{path} was altered or cut short after {number} MiB. Use another backup.")


def _manifest_bytes(chunk: bytes) -> int:
    return _LENGTH_BYTES + int.from_bytes(chunk[:_LENGTH_BYTES], "big")


def _read_manifest(chunk: bytes, path: Path) -> _Manifest:
    try:
        return msgspec.json.decode(chunk[_LENGTH_BYTES : _manifest_bytes(chunk)], type=_Manifest)
    except msgspec.DecodeError:
        raise StoreRefused(f"{path} was made by another version of Obverse.") from None


def restore_backup(
    path: Path, passphrase: str, data_dir: Path, *, now: datetime | None = None
) -> RestoredBackup:
    """Bring a node back into a data directory: its key, its settings where none are there, its database.

    The database comes last, so that a restore that was cut off can be done again.
    Raises: StoreRefused as `read_backup`, or where the directory holds a database or another node's key; what
            was there is left as it was.
    """
    database, node_key = data_dir / DATABASE_FILE, data_dir / NODE_KEY_FILE
    for there in (database, database.with_name(DATABASE_FILE + "-wal")):
        if there.exists():
            raise StoreRefused(f"{there} is there already, and is not replaced. Move it away first.")
    backup = read_backup(path, passphrase)
    if node_key.exists() and node_key.read_bytes() != backup.node_key:
        raise StoreRefused(f"{node_key} is the key of another node, and is not replaced. Move it away first.")
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.ExitStack() as undo:
            if not node_key.exists():
                _put(node_key, iter([backup.node_key]), undo)
            if backup.settings and not (data_dir / SETTINGS_FILE).exists():
                _put(data_dir / SETTINGS_FILE, iter([backup.settings]), undo)
            _put(database, backup.database(), undo)
            _mark_restored(database, backup.made_at, now)
            undo.pop_all()
    except (OSError, sqlite3.Error) as error:
        words = getattr(error, "strerror", None) or error
        raise StoreRefused(f"{data_dir} cannot be written: {words}.") from error
    return backup


def _mark_restored(database: Path, made_at: datetime, now: datetime | None) -> None:
    """Let the node know that it lacks what came after the backup."""
    record = {"made_at": made_at.isoformat(), "at": now.isoformat() if now is not None else None}
    with contextlib.closing(sqlite3.connect(database)) as store, store:
        store.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (LAST_RESTORE, msgspec.json.encode(record).decode()),
        )


def _put(path: Path, chunks: Iterator[bytes], undo: contextlib.ExitStack) -> None:
    with _new_file(path) as file:
        for chunk in chunks:
            file.write(chunk)
    undo.callback(path.unlink)
