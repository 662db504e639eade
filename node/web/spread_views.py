"""What a page shows of what goes to many: how many inboxes have it, and those that could not be reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from node.desk import Desk
from node.domain.accounts import Account
from node.queries.deliveries import GIVEN_UP, WAITING, Spread, Standing, spreads, standings
from node.store.fan_outs import FanOut
from node.web.delivery_words import kind_words, stage_words
from node.web.i18n import Locale
from node.web.visits import Missing

__all__ = ["SpreadLine", "SpreadView", "spread_lines", "spread_view"]

SHOWN = 40


@dataclass(frozen=True, slots=True)
class SpreadLine:
    """One post in the list: `words` say how far it is, `tone` how that looks, `page` where there is more."""

    number: int
    page: str
    what: str
    delivered: int
    total: int
    words: str
    tone: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Address:
    """One inbox that does not have it yet: at which server, why, and the page of that delivery."""

    page: str
    host: str
    words: str


@dataclass(frozen=True, slots=True)
class SpreadView:
    """One post on its way. `about` is the address of what it tells of, "" where that is no page of ours;
    `given_up` and `waiting` are the first of many, of which there are `failed` and `to_go`."""

    line: SpreadLine
    about: str
    failed: int
    to_go: int
    dropped: int
    given_up: tuple[Address, ...]
    waiting: tuple[Address, ...]


def spread_lines(
    desk: Desk, account: Account, locale: Locale, *, before: int | None = None
) -> tuple[tuple[SpreadLine, ...], int | None]:
    """The newest, and where the list goes on."""
    found = spreads(desk, account.id, before=before, limit=SHOWN + 1)
    more = found[SHOWN - 1].fan_out.id if len(found) > SHOWN else None
    return tuple(_line(one, locale) for one in found[:SHOWN]), more


def spread_view(desk: Desk, account: Account, number: int, locale: Locale) -> SpreadView:
    """One of them. Raises: Missing."""
    fan_out = desk.tx.fan_outs.get(number)
    if fan_out is None or fan_out.actor != account.id:
        raise Missing
    one = Spread(fan_out, desk.tx.fan_outs.tallies([number])[number])
    given_up = desk.tx.fan_outs.unfinished(number, GIVEN_UP, limit=SHOWN)
    waiting = desk.tx.fan_outs.unfinished(number, WAITING, limit=SHOWN)
    stood = {standing.job.id: standing for standing in standings(desk, [*given_up, *waiting])}
    return SpreadView(
        line=_line(one, locale),
        about=_page_of(fan_out),
        failed=one.tally.failed,
        to_go=one.tally.waiting,
        dropped=one.tally.dropped,
        given_up=tuple(_address(stood[job.id], desk.now, locale) for job in given_up),
        waiting=tuple(_address(stood[job.id], desk.now, locale) for job in waiting),
    )


def _page_of(fan_out: FanOut) -> str:
    """Of what was deleted there is nothing to see, and of an account no post."""
    is_post = "/posts/" in fan_out.about and fan_out.taken_back_at is None and not fan_out.to_reached
    return urlsplit(fan_out.about).path if is_post else ""


def _line(one: Spread, locale: Locale) -> SpreadLine:
    words, tone = _state(one, locale)
    return SpreadLine(
        number=one.fan_out.id,
        page=f"/my/deliveries/posts/{one.fan_out.id}",
        what=kind_words("", one.fan_out.kind, locale),
        delivered=one.tally.delivered,
        total=one.tally.total,
        words=words,
        tone=tone,
        at=one.fan_out.created_at,
    )


def _state(one: Spread, locale: Locale) -> tuple[str, str]:
    _, tally = locale.words, one.tally
    if one.fan_out.taken_back_at is not None:
        return _("Taken back: what had not left leaves no more"), ""
    if not one.is_over:
        return _("On its way"), "warn"
    if tally.failed:
        return _.ngettext("Given up at %(num)s inbox", "Given up at %(num)s inboxes", tally.failed), "bad"
    return (_("Delivered"), "good") if tally.total else (_("Nobody follows yet"), "")


def _address(one: Standing, now: datetime, locale: Locale) -> Address:
    return Address(
        page=f"/my/deliveries/{one.job.id}",
        host=urlsplit(one.job.inbox).netloc,
        words=stage_words(one, now, locale),
    )
