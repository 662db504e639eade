"""An account's pictures: into a post and out of it again, its own image, and what it looks at of others'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from federation.encodings import encode_base58
from node.desk import Desk
from node.domain.errors import InvalidInput
from node.domain.notes import Attachment, Visibility
from node.domain.pictures import MOST_IN_A_POST, ReadyPicture
from node.domain.sayings import said
from node.store.media import OWN, KeptPicture, Purpose

__all__ = [
    "ALT_CHARS",
    "KEPT_BYTES",
    "KEPT_FOR",
    "attach",
    "check_alt",
    "dress",
    "drop_passing",
    "keep_shown",
    "next_passing",
    "settle",
    "undress",
]

ALT_CHARS = 1500
KEPT_BYTES = 256 * 1024 * 1024
"""So much an account keeps of its own pictures."""
SHOWN_AT_ONCE = 40
"""So many of others' pictures are kept of those that an account asked for last."""
WAITING_AT_ONCE = 20
KEPT_FOR = timedelta(days=1)
"""What waits for a post, and what is somebody else's."""
_IN_POSTS = (Purpose.POST, Purpose.HIDDEN)
_PASSING = (Purpose.WAITING, Purpose.SHOWN)
_SWEPT_AT_ONCE = 200
_FIELD = "picture"


def attach(
    desk: Desk, account: str, picture: ReadyPicture, *, alt: str = "", is_open: bool = True
) -> Attachment:
    """Keep a picture for a post that is about to be written, and what the post names of it.

    Shapes: `alt` says what it shows. `is_open` says that strangers may read the post: then the picture is
            named by its digest, else so that nobody guesses it. Until `settle` its owner alone sees it.
    Raises: InvalidInput where the account keeps too much, or the words are too many.
    Spec:   `security P05, P10`.
    """
    words = check_alt(alt)
    waiting = desk.tx.media.all(account, [Purpose.WAITING])
    for old in waiting[: max(0, len(waiting) - WAITING_AT_ONCE + 1)]:
        desk.tx.media.remove(old)
    _check_room(desk, account, picture)
    name = (picture.digest if is_open else encode_base58(desk.random_bytes(32))) + picture.ending
    desk.tx.media.add(_kept(desk, account, picture, Purpose.WAITING, "", name, words), picture.body)
    return Attachment(_address(desk, name), picture.media_type, words, picture.width, picture.height)


def check_alt(alt: str) -> str:
    """What a picture shows, in words. Raises: InvalidInput for too many."""
    words = " ".join(alt.split())
    if len(words) > ALT_CHARS:
        raise InvalidInput("alt", said("it is longer than %(n)s characters", n=ALT_CHARS), "Say it shorter.")
    return words


def settle(
    desk: Desk, account: str, post_id: str, visibility: Visibility, attachments: Iterable[Attachment]
) -> None:
    """Let a post have exactly these of our pictures: new ones go in, those that it had besides are gone.

    For a new post, an edited one, and with no attachments for one that is deleted. What lies elsewhere is
    left alone.
    Raises: InvalidInput for more pictures than a post can show.
    """
    ours = {_name_in(desk, one.url): one.alt for one in attachments if _name_in(desk, one.url)}
    if len(ours) > MOST_IN_A_POST:
        raise InvalidInput(_FIELD, said("there are more than %(n)s", n=MOST_IN_A_POST), "Choose the best.")
    purpose = Purpose.POST if visibility.is_open else Purpose.HIDDEN
    there = {kept.name: kept for kept in desk.tx.media.all(account, _IN_POSTS, place=post_id)}
    for name in there.keys() - ours.keys():
        desk.tx.media.remove(there[name])
    waiting = {kept.name: kept for kept in desk.tx.media.all(account, [Purpose.WAITING])}
    for name, alt in ours.items():
        before = there.get(name) or waiting.get(name)
        if before is not None:
            after = replace(before, purpose=purpose, place=post_id, alt=alt)
            if after != before:
                desk.tx.media.replace(before, after)


def dress(desk: Desk, account: str, picture: ReadyPicture, purpose: Purpose, *, alt: str = "") -> None:
    """Give an account an image of its own (`Purpose.ICON`) or a header; the one before is gone.

    Raises: InvalidInput where the account keeps too much.
    """
    words = check_alt(alt)
    undress(desk, account, purpose)
    _check_room(desk, account, picture)
    name = picture.digest + picture.ending
    desk.tx.media.add(_kept(desk, account, picture, purpose, account, name, words), picture.body)


def undress(desk: Desk, account: str, purpose: Purpose) -> bool:
    """Take an account's image or header away; whether there was one."""
    worn = desk.tx.media.all(account, [purpose], place=account)
    for kept in worn:
        desk.tx.media.remove(kept)
    return bool(worn)


def keep_shown(desk: Desk, account: str, address: str, picture: ReadyPicture) -> KeptPicture:
    """Keep somebody else's picture for whoever asked to see it, for a while; the oldest give way."""
    shown = desk.tx.media.all(account, [Purpose.SHOWN])
    for old in shown[: max(0, len(shown) - SHOWN_AT_ONCE + 1)]:
        desk.tx.media.remove(old)
    for old in shown:
        if old.place == address:
            desk.tx.media.remove(old)
    name = encode_base58(desk.random_bytes(32)) + picture.ending
    kept = _kept(desk, account, picture, Purpose.SHOWN, address, name, "")
    desk.tx.media.add(kept, picture.body)
    return kept


def drop_passing(desk: Desk) -> int:
    """Let go what has waited long enough and what others' pictures were looked at; how many that were."""
    old = desk.tx.media.before(_PASSING, desk.now - KEPT_FOR, limit=_SWEPT_AT_ONCE)
    for kept in old:
        desk.tx.media.remove(kept)
    return len(old)


def next_passing(desk: Desk) -> datetime | None:
    """When something is next to be let go."""
    oldest = desk.tx.media.before(_PASSING, desk.now + KEPT_FOR, limit=1)
    # What came at that very moment is older an instant later.
    return oldest[0].at + KEPT_FOR + timedelta(seconds=1) if oldest else None


def _check_room(desk: Desk, account: str, picture: ReadyPicture) -> None:
    if desk.tx.media.size_bytes(account, OWN) + len(picture.body) > KEPT_BYTES:
        wrong = said("your pictures would be more than %(mib)s MiB", mib=KEPT_BYTES // (1024 * 1024))
        raise InvalidInput(_FIELD, wrong, "Delete a post with pictures first.")


def _kept(
    desk: Desk, account: str, picture: ReadyPicture, purpose: Purpose, place: str, name: str, alt: str
) -> KeptPicture:
    return KeptPicture(
        account=account,
        purpose=purpose,
        place=place,
        name=name,
        digest=picture.digest,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        size_bytes=len(picture.body),
        at=desk.now,
        alt=alt,
    )


def _address(desk: Desk, name: str) -> str:
    return f"{desk.setting.base_url}/media/{name}"


def _name_in(desk: Desk, address: str) -> str:
    """The file name of a picture of ours, "" for an address elsewhere."""
    there = _address(desk, "")
    return address.removeprefix(there) if address.startswith(there) else ""
