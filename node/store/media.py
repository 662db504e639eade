"""Ports and records of pictures: those of an account's posts and of itself, and others' that it looks at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

__all__ = ["FOR_ALL", "OWN", "KeptPicture", "Media", "Pictures", "Purpose"]


class Purpose(StrEnum):
    """What a picture is kept for, and with that who may see it."""

    WAITING = "waiting"
    """It came in and is in no post yet: its owner sees it, and nobody else."""
    POST = "post"
    """In a post that strangers may read."""
    HIDDEN = "hidden"
    """In a post that not everybody may read; whoever knows its name, which cannot be guessed, sees it."""
    ICON = "icon"
    HEADER = "header"
    SHOWN = "shown"
    """Somebody else's, fetched because the owner asked for it: the owner alone sees it, for a while."""


FOR_ALL = (Purpose.POST, Purpose.HIDDEN, Purpose.ICON, Purpose.HEADER)
"""What is served to strangers who know its name."""
OWN = (Purpose.WAITING, *FOR_ALL)
"""What counts against what an account may keep."""


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A picture as an account keeps it: what for, where, and what it shows.

    Shapes: `place` is the post's id, for an icon or a header the account's, of somebody else's picture its
            address, "" while it waits. `name` is its file name under `/media/`; `digest` the hex sha-256 of
            the bytes.
    Units:  `width` and `height` in pixels.
    """

    account: str
    purpose: Purpose
    place: str
    name: str
    digest: str
    media_type: str
    width: int
    height: int
    size_bytes: int
    at: datetime
    alt: str = ""


class Media(Protocol):
    """By account, purpose, place and name. The bytes are kept once, and gone with the last of them."""

    def add(self, picture: KeptPicture, body: bytes) -> None:
        """Keep one; what was at the same place under the same name gives way."""
        ...

    def replace(self, old: KeptPicture, new: KeptPicture) -> None:
        """Say anew what one is kept for; the bytes stay as they are."""
        ...

    def remove(self, picture: KeptPicture) -> bool: ...
    def all(
        self, account: str, purposes: Iterable[Purpose], *, place: str | None = None
    ) -> list[KeptPicture]:
        """Those of an account, at one place or at any; those that came first come first."""
        ...

    def find(self, account: str, name: str) -> tuple[KeptPicture, bytes] | None:
        """One of an account by its name, whatever it is kept for: for its owner."""
        ...

    def served(self, name: str) -> tuple[KeptPicture, bytes] | None:
        """One that strangers may see."""
        ...

    def size_bytes(self, account: str, purposes: Iterable[Purpose]) -> int:
        """How much an account keeps for these, each place counted."""
        ...

    def before(self, purposes: Iterable[Purpose], at: datetime, *, limit: int) -> list[KeptPicture]:
        """Those of anybody that came before a time, oldest first."""
        ...

    def after(
        self, account: str, number: int, *, limit: int
    ) -> tuple[list[tuple[KeptPicture, bytes]], int | None]:
        """What an account exports: its own that came after a number, and the number to go on from."""
        ...


class Pictures(Protocol):
    """The part of a transaction that is about pictures."""

    @property
    def media(self) -> Media: ...
