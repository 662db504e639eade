"""A backup that waits beside a node that runs, and takes its place at the next start.

A store that is in use is never replaced. What was brought back lies in a directory of its own, whole or not
at all, until `take_over` moves it in, before anything is opened; what was there is put aside, not removed.
Every step of that can be cut off and is done again at the start after.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from node.store.backup import DATABASE_FILE, NODE_KEY_FILE, RestoredBackup, restore_backup
from node.store.ports import StoreRefused
from node.store.sqlite import hold_store

__all__ = ["draft_of", "drop_staged", "is_staged", "settle", "take_over", "unpack"]

_STAGED = "brought-back"
_DRAFT = ".brought-back"
_BESIDE = ("-wal", "-shm", "")
"""What lies beside a database goes first: a new one never meets the journal of the old."""


def draft_of(data_dir: Path) -> Path:
    """Where a backup is unpacked, before it is known to be good."""
    return data_dir / _DRAFT


def is_staged(data_dir: Path) -> bool:
    """Whether a backup waits to take this node's place."""
    return (data_dir / _STAGED).is_dir()


def unpack(path: Path, passphrase: str, data_dir: Path, *, now: datetime) -> RestoredBackup:
    """Bring a backup into the draft, instead of any that was there. Raises: StoreRefused."""
    draft = draft_of(data_dir)
    shutil.rmtree(draft, ignore_errors=True)
    try:
        return restore_backup(path, passphrase, draft, now=now)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def settle(data_dir: Path) -> None:
    """The draft is good: let it wait for the next start, instead of any that waits. Raises: StoreRefused."""
    with _told(data_dir):
        shutil.rmtree(data_dir / _STAGED, ignore_errors=True)
        draft_of(data_dir).rename(data_dir / _STAGED)
        _sync(data_dir)


def drop_staged(data_dir: Path) -> None:
    """Let nothing wait any more. Raises: StoreRefused."""
    with _told(data_dir):
        for there in (draft_of(data_dir), data_dir / _STAGED):
            if there.exists():
                shutil.rmtree(there)


def take_over(data_dir: Path, *, now: datetime) -> Path | None:
    """Move in what waits, before the node is opened; where to what was there was put aside, None for nothing
    that waits.

    Raises: StoreRefused, also while the store is in use; it then still waits.
    """
    staged = data_dir / _STAGED
    if not staged.is_dir():
        return None
    aside = data_dir / f"before-{now:%Y%m%dT%H%M%SZ}"
    with hold_store(data_dir / DATABASE_FILE), _told(data_dir):
        aside.mkdir(mode=0o700, exist_ok=True)
        for name in (NODE_KEY_FILE, DATABASE_FILE):
            if (staged / name).exists():  # else it moved in before this was cut off
                _exchange(data_dir, staged, aside, name)
        _sync(aside, data_dir)
        shutil.rmtree(staged)
    return aside


def _exchange(data_dir: Path, staged: Path, aside: Path, name: str) -> None:
    for ending in _BESIDE:
        old = data_dir / f"{name}{ending}"
        if old.exists():
            old.rename(aside / old.name)
    (staged / name).rename(data_dir / name)


def _sync(*directories: Path) -> None:
    for directory in directories:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _told(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreRefused(f"{data_dir} cannot be written: {error.strerror or error}.") from error
