"""What a page shows of an account's mail: what waits, was given up, could not be read, or arrived.

Reads a bounded number of rows by index, however many there are; whatever is not the viewer's own is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.queries.deliveries import (
    GIVEN_UP,
    WAITING,
    Stage,
    Standing,
    activity_type,
    count_failed,
    end_of,
    find_sent,
    find_unread,
    spreads,
    standings,
    unread_of,
)
from node.store.ports import DeadEntry, JobState, QueuedJob
from node.web.deal_reads import ref_of
from node.web.delivery_words import cause_words, kind_words, stage_tone, stage_words
from node.web.events import mark_of
from node.web.i18n import Locale
from node.web.shop.deals import place_of
from node.web.spread_views import SpreadLine, spread_lines
from node.web.visits import Missing

__all__ = [
    "TABS",
    "DeliveriesView",
    "LetterView",
    "SentView",
    "SilentHost",
    "deliveries_view",
    "letter_view",
    "posts_view",
    "sent_view",
    "unread_view",
    "watch_deliveries",
]

SHOWN = 40
TABS: dict[str, tuple[JobState, ...]] = {
    "": WAITING,
    "given-up": GIVEN_UP,
    "delivered": (JobState.DELIVERED,),
}
_MOST_CHARS = 60_000
_COUNTED = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One message in the list. `words` say where it is, `tone` how that looks, `page` what is known of it."""

    number: int
    page: str
    what: str
    who: str
    words: str
    tone: str
    at: datetime
    can_resend: bool = False


@dataclass(frozen=True, slots=True)
class SilentHost:
    """A server that does not answer: since when, how often it was tried, and when it is tried again."""

    name: str
    since: datetime | None
    failures: int
    next_at: datetime
    waiting: int


@dataclass(frozen=True, slots=True)
class DeliveriesView:
    """One tab of the list. `older` is the address where it goes on; `mark` what its stream goes on from."""

    tab: str
    lines: tuple[Line, ...]
    hosts: tuple[SilentHost, ...]
    failed: int
    unread: int
    is_first: bool
    older: str
    mark: str
    spreads: tuple[SpreadLine, ...] = ()


@dataclass(frozen=True, slots=True)
class SentView:
    """One message of ours: `raw` is what is sent, "" where that is not kept; `pretty` the same, set out.

    `has_ended`: its own time is over, so that nobody would take it. `seen` is what its page was made from.
    """

    line: Line
    stage: Stage
    inbox: str
    detail: str
    cause: str
    tries: int
    give_up_at: datetime | None
    settled_at: datetime | None
    deal_page: str
    raw: str
    pretty: str
    is_cut: bool
    can_resend: bool
    can_drop: bool
    has_ended: bool
    seen: str


@dataclass(frozen=True, slots=True)
class LetterView:
    """One message that came and could not be read."""

    line: Line
    error: str
    received_at: datetime
    raw: str
    pretty: str
    is_cut: bool


# --- lists ------------------------------------------------------------------------------------------------


def deliveries_view(
    desk: Desk, account: Account, locale: Locale, *, tab: str, before: int | None = None
) -> DeliveriesView:
    """One tab of what was sent."""
    found = desk.tx.traffic.sent(account.id, TABS[tab], before=before, limit=SHOWN)
    stood = standings(desk, found.rows)
    lines = tuple(_line(desk, account, one, locale) for one in stood)
    return _view(desk, account, tab, before, lines, found.more, tuple(_silent(stood, desk.now)))


def unread_view(desk: Desk, account: Account, locale: Locale, *, before: int | None = None) -> DeliveriesView:
    """What came and could not be read."""
    found = unread_of(desk, account, before=before, limit=SHOWN)
    lines = tuple(_letter_line(desk, account, one, locale) for one in found.rows)
    return _view(desk, account, "unread", before, lines, found.more, ())


def posts_view(desk: Desk, account: Account, locale: Locale, *, before: int | None = None) -> DeliveriesView:
    """What was told to many, one line each."""
    found, more = spread_lines(desk, account, locale, before=before)
    return replace(_view(desk, account, "posts", before, (), more, ()), spreads=found)


def _view(
    desk: Desk,
    account: Account,
    tab: str,
    before: int | None,
    lines: tuple[Line, ...],
    more: int | None,
    hosts: tuple[SilentHost, ...],
) -> DeliveriesView:
    unread = len(unread_of(desk, account, limit=_COUNTED).rows)
    return DeliveriesView(
        tab=tab,
        lines=lines,
        hosts=hosts,
        failed=count_failed(desk, account, most=_COUNTED) - unread,
        unread=unread,
        is_first=before is None,
        older=f"{_address(tab)}?before={more}" if more is not None else "",
        mark=mark_of(watch_deliveries(desk, account)),
    )


def _address(tab: str) -> str:
    return f"/my/deliveries/{tab}" if tab else "/my/deliveries"


def watch_deliveries(desk: Desk, account: Account) -> Any:
    """What the lists are to be told of: the newest of what waits, failed and arrived."""
    waiting = desk.tx.traffic.sent(account.id, (*WAITING, *GIVEN_UP), limit=SHOWN).rows
    arrived = desk.tx.traffic.sent(account.id, (JobState.DELIVERED,), limit=1).rows
    unread = unread_of(desk, account, limit=SHOWN).rows
    told = spreads(desk, account.id, limit=SHOWN)
    return (
        [(job.id, job.state.value, job.attempts, job.due_at) for job in waiting],
        [job.id for job in arrived],
        [one.entry.id for one in unread],
        [(one.fan_out.id, one.tally.delivered, one.tally.total, one.is_over) for one in told],
    )


def _silent(stood: Sequence[Standing], now: datetime) -> Iterable[SilentHost]:
    """The servers that are left alone for a while, of those to which something on this page waits."""
    waiting: dict[str, list[Standing]] = {}
    for one in stood:
        if one.job.state is JobState.QUEUED:
            waiting.setdefault(one.lane, []).append(one)
    for lane, those in sorted(waiting.items()):
        host = those[0].host
        if host is not None and host.open_until is not None and host.open_until > now:
            yield SilentHost(
                urlsplit(lane).netloc, host.failing_since, host.failures, host.open_until, len(those)
            )


def _line(desk: Desk, account: Account, one: Standing, locale: Locale) -> Line:
    job = one.job
    kept = desk.tx.evidence.find(job.actor, job.activity_id)
    body = job.body or (kept.body if kept is not None else b"")
    return Line(
        number=job.id,
        page=f"/my/deliveries/{job.id}",
        what=kind_words(kept.kind if kept is not None else "", activity_type(body), locale),
        who=_name(desk, account, job.recipient) or urlsplit(job.inbox).netloc,
        words=stage_words(one, desk.now, locale),
        tone=stage_tone(one.stage),
        at=job.created_at,
        can_resend=one.can_resend and not _has_ended(job, desk.now),
    )


def _letter_line(desk: Desk, account: Account, dead: DeadEntry, locale: Locale) -> Line:
    return Line(
        number=dead.entry.id,
        page=f"/my/deliveries/unread/{dead.entry.id}",
        what=kind_words("", activity_type(dead.entry.body), locale),
        who=_name(desk, account, dead.entry.actor),
        words=locale.words("This node stumbled over it"),
        tone="bad",
        at=dead.entry.received_at,
        can_resend=True,
    )


def _name(desk: Desk, account: Account, actor: str) -> str:
    """Who it is, as far as is known; "" for everybody who reads there."""
    if not actor:
        return ""
    known = desk.tx.contacts.get(account.id, actor)
    if known is not None:
        return known.name
    parts = urlsplit(actor)
    name = ref_of(parts.path.rstrip("/"))
    if parts.path.startswith("/p/") or not name:  # a throw-away name says nothing
        return parts.netloc
    return f"@{name}@{parts.netloc}"


def _has_ended(job: QueuedJob, now: datetime) -> bool:
    ends_at = end_of(job.body) if job.body else None
    return ends_at is not None and ends_at <= now


# --- one of them ------------------------------------------------------------------------------------------


def sent_view(desk: Desk, account: Account, number: int, locale: Locale) -> SentView:
    """One delivery, with its exact bytes where they are kept. Raises: Missing."""
    job = find_sent(desk, account, number)
    if job is None:
        raise Missing
    (one,) = standings(desk, [job])
    kept = desk.tx.evidence.find(job.actor, job.activity_id)
    raw, pretty, is_cut = _bytes(job.body or (kept.body if kept is not None else b""))
    return SentView(
        line=_line(desk, account, one, locale),
        stage=one.stage,
        inbox=job.inbox,
        detail=job.detail,
        cause=cause_words(job.detail, locale) if one.stage in _FAILED and job.detail else "",
        tries=job.attempts,
        give_up_at=job.give_up_at if job.state is JobState.QUEUED else None,
        settled_at=job.settled_at,
        deal_page=_deal_page(account, kept.deal_id) if kept is not None and kept.deal_id else "",
        raw=raw,
        pretty=pretty,
        is_cut=is_cut,
        can_resend=one.can_resend,
        can_drop=one.can_drop,
        has_ended=_has_ended(job, desk.now),
        seen=mark_of((job.state.value, job.settled_at)),
    )


_FAILED = (Stage.RETRY, Stage.SILENT, Stage.EXPIRED, Stage.DEAD)


def _deal_page(account: Account, deal_id: str) -> str:
    is_vendor = account.kind is AccountKind.VENDOR
    return f"/my/deals/{place_of(deal_id) if is_vendor else ref_of(deal_id)}"


def letter_view(desk: Desk, account: Account, number: int, locale: Locale) -> LetterView:
    """One message that could not be read, with its exact bytes. Raises: Missing."""
    dead = find_unread(desk, account, number)
    if dead is None:
        raise Missing
    raw, pretty, is_cut = _bytes(dead.entry.body)
    line = _letter_line(desk, account, dead, locale)
    return LetterView(line, dead.error, dead.entry.received_at, raw, pretty, is_cut)


def _bytes(body: bytes) -> tuple[str, str, bool]:
    """The bytes as text, the same set out where they are JSON, and whether there is more of them."""
    text = body.decode("utf-8", "backslashreplace")
    try:
        pretty = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        pretty = ""
    is_cut = len(text) > _MOST_CHARS
    return text[:_MOST_CHARS], pretty[:_MOST_CHARS], is_cut
