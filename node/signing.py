"""Our own keys: the node key that seals them at rest, and the cache of those in use."""

from __future__ import annotations

import os
from collections import OrderedDict
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from federation.errors import KeyRefused
from federation.keys import (
    KeyAlgorithm,
    PublicKey,
    SigningKey,
    parse_multikey,
    parse_public_pem,
    seal,
    unseal,
)
from node.store.ports import Database, KeyRow, StoreRefused

__all__ = ["OwnKeys", "create_node_key", "key_row", "load_node_key", "public_key_of"]

NODE_KEY_BYTES = 32


def create_node_key(path: Path) -> bytes:
    """Make the node key, outside the database, readable by its owner alone. Raises: FileExistsError."""
    key = os.urandom(NODE_KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def load_node_key(path: Path) -> bytes:
    """Read the node key. Raises: StoreRefused, saying what to do."""
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        raise StoreRefused(
            f"The node key {path} is missing. Restore it from a backup: obverse restore."
        ) from None
    if len(key) != NODE_KEY_BYTES:
        raise StoreRefused(f"{path} is not a node key. Restore it from a backup: obverse restore.")
    return key


def public_key_of(row: KeyRow) -> PublicKey:
    """The public half of one of our keys."""
    if row.algorithm == KeyAlgorithm.RSA.value:
        return parse_public_pem(row.public, key_id=row.key_id, owner=row.owner)
    return parse_multikey(row.public, key_id=row.key_id, owner=row.owner)


def key_row(key: SigningKey, node_key: bytes, created_at: datetime) -> KeyRow:
    """The stored form of a new key."""
    public = key.public
    return KeyRow(
        key_id=key.id,
        owner=key.owner,
        algorithm=key.algorithm.value,
        public=public.pem if key.algorithm is KeyAlgorithm.RSA else public.multibase,
        sealed=seal(key, node_key),
        created_at=created_at,
    )


_NONCE_BYTES = 12
_REMEMBERED = 1024
"""So many Ed25519 keys are kept unsealed: each persona has one of its own, and each agreement."""


def _bound_to(name: str) -> bytes:
    """Apart from every sealed key: those are bound to another beginning (`federation.keys.seal`)."""
    return b"obverse sealed secret\x00" + name.encode()


class OwnKeys:
    """Unseals our private keys once and keeps them: RSA keys all (few, and loading one costs 36 to 60 ms),
    of the others those that were used last.

    Implements `federation.ports.SigningKeys` for the delivery loop, and `unsealed` for transactions.
    """

    def __init__(self, node_key: bytes) -> None:
        self._node_key = node_key
        self._database: Database | None = None
        self._rsa: dict[str, SigningKey] = {}
        self._recent: OrderedDict[str, SigningKey] = OrderedDict()

    def attach(self, database: Database) -> None:
        """Tell where key rows are read; the database is opened after the node key was checked."""
        self._database = database

    def row(self, key: SigningKey, created_at: datetime) -> KeyRow:
        """The sealed row of a new key."""
        return key_row(key, self._node_key, created_at)

    def unsealed(self, row: KeyRow) -> SigningKey:
        """The private key of a row. Raises: KeyError for a destroyed one, KeyRefused for a wrong node key."""
        if row.sealed is None:
            self.forget(row.key_id)
            raise KeyError(row.key_id)
        found = self._kept(row.key_id)
        if found is None:
            algorithm = KeyAlgorithm(row.algorithm)
            found = unseal(row.sealed, self._node_key, row.key_id, row.owner, algorithm)
            self._keep(found)
        return found

    def _kept(self, key_id: str) -> SigningKey | None:
        if key_id in self._recent:
            self._recent.move_to_end(key_id)
            return self._recent[key_id]
        return self._rsa.get(key_id)

    def _keep(self, key: SigningKey) -> None:
        if key.algorithm is KeyAlgorithm.RSA:
            self._rsa[key.id] = key
            return
        self._recent[key.id] = key
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)

    async def get(self, key_id: str) -> SigningKey:
        """Raises: KeyError for an unknown or destroyed key."""
        kept = self._kept(key_id)
        if kept is not None:
            return kept
        if self._database is None:
            raise KeyError(key_id)
        row = await self._database.read(lambda tx: tx.keys.get(key_id))
        if row is None:
            raise KeyError(key_id)
        return self.unsealed(row)

    def seal_secret(self, name: str, plain: bytes) -> bytes:
        """Seal a secret of the node's own under the node key, bound to its name."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._node_key).encrypt(nonce, plain, _bound_to(name))

    def open_secret(self, name: str, sealed: bytes) -> bytes:
        """What `seal_secret` sealed under this name. Raises: KeyRefused for another node key or name."""
        nonce, encrypted = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self._node_key).decrypt(nonce, encrypted, _bound_to(name))
        except (InvalidTag, ValueError):
            raise KeyRefused(f"The secret {name} cannot be opened with this node's key.") from None

    def forget(self, key_id: str) -> None:
        """Drop a destroyed key from memory."""
        self._rsa.pop(key_id, None)
        self._recent.pop(key_id, None)

    def opens(self, row: KeyRow) -> bool:
        """Whether the node key opens this row: what `doctor` asks."""
        try:
            self.unsealed(row)
        except (KeyError, KeyRefused):
            return False
        return True
