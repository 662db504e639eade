"""What an account reads, as its pages show it: warnings folded, pictures only when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.notes import Attachment, Visibility
from node.store.media import KeptPicture, Purpose
from node.store.reading import ReactionKind, Reading
from node.web.unseen import show_unseen_in_prose
from node.workflows.responding import ANSWERED_AS

__all__ = ["A_PAGE", "PictureLine", "ReadingLine", "ReadingsView", "reading_line", "readings_view"]

A_PAGE = 20


@dataclass(frozen=True, slots=True)
class PictureLine:
    """What lies beside the words: `name` is its file under `/my/media/` once it was asked for, "" before.

    Shapes: `number` is its place among those of its post.
    """

    number: int
    address: str
    media_type: str
    alt: str
    name: str = ""
    width: int = 0
    height: int = 0

    @property
    def can_be_shown(self) -> bool:
        """Whether it is a picture, as far as its author says; what it is shows when it is fetched."""
        return self.media_type.startswith("image/") and self.media_type != "image/svg+xml"


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """One post. `by` is its author as far as that was proven, `sharer` who passed it on, "" for nobody."""

    number: int
    id: str
    url: str
    by: str
    handle: str
    sharer: str
    at: datetime
    is_edited: bool
    visibility: Visibility
    title: str
    warning: str
    words: Markup
    pictures: tuple[PictureLine, ...]
    quoted: str
    answers: str
    is_offer: bool
    is_liked: bool
    is_shared: bool
    can_be_shared: bool
    answered_as: tuple[Visibility, ...]


@dataclass(frozen=True, slots=True)
class ReadingsView:
    """A page of a timeline. `older` is where it goes on; `follows` how many the account follows."""

    lines: tuple[ReadingLine, ...]
    older: int | None
    before: int | None
    follows: int


def readings_view(desk: Desk, account: Account, *, before: int | None = None) -> ReadingsView:
    """The timeline from a place on, newest first."""
    found = desk.tx.readings.page(account.id, before=before, limit=A_PAGE + 1)
    shown = _shown(desk, account)
    lines = tuple(_line(desk, place, reading, shown) for place, reading in found[:A_PAGE])
    older = found[A_PAGE - 1][0] if len(found) > A_PAGE else None
    return ReadingsView(lines, older, before, desk.tx.follows.count(account.id))


def reading_line(desk: Desk, account: Account, number: int) -> ReadingLine | None:
    """One post of a timeline by its place, None where there is none."""
    found = desk.tx.readings.page(account.id, before=number + 1, limit=1)
    if not found or found[0][0] != number:
        return None
    return _line(desk, number, found[0][1], _shown(desk, account))


def _shown(desk: Desk, account: Account) -> dict[str, KeptPicture]:
    """Others' pictures that were asked for, by address."""
    return {kept.place: kept for kept in desk.tx.media.all(account.id, [Purpose.SHOWN])}


def _line(desk: Desk, number: int, reading: Reading, shown: dict[str, KeptPicture]) -> ReadingLine:
    note, given = reading.note, desk.tx.reactions.given
    return ReadingLine(
        number=number,
        id=note.id,
        url=note.url or note.id,
        by=reading.name or reading.handle or note.author,
        handle=reading.handle or note.author,
        sharer=reading.sharer,
        at=note.published_at,
        is_edited=note.updated_at is not None,
        visibility=note.visibility,
        title=note.title,
        warning=note.summary,
        words=Markup(show_unseen_in_prose(note.content)),  # noqa: S704 - clean since it came (`Note.content`)
        pictures=tuple(_picture(n, one, shown) for n, one in enumerate(note.attachments)),
        quoted=note.quoted,
        answers=note.in_reply_to,
        is_offer=reading.is_offer,
        is_liked=given(reading.account, note.id, ReactionKind.LIKE) is not None,
        is_shared=given(reading.account, note.id, ReactionKind.SHARE) is not None,
        can_be_shared=note.visibility.is_open,
        answered_as=ANSWERED_AS[note.visibility],
    )


def _picture(number: int, one: Attachment, shown: dict[str, KeptPicture]) -> PictureLine:
    kept = shown.get(one.url)
    if kept is None:
        return PictureLine(number, one.url, one.media_type, one.alt)
    return PictureLine(number, one.url, one.media_type, one.alt, kept.name, kept.width, kept.height)
