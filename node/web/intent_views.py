"""Her intents as pages show them: how far each has come, what each vendor was told, and what can be done."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import Deal, DealState, OfferRecord
from node.domain.intents import Intent, IntentState
from node.domain.plain_casts import CastState, PlainCast
from node.services.holding import is_held
from node.store.ports import JobState, QueuedJob
from node.web.categories import category_name
from node.web.compose_views import BytesLine, WishLine, bytes_line, wish_lines
from node.web.deal_reads import Peer, deal_page, find_intent_of, intent_page, peer_of
from node.web.events import mark_of
from node.web.i18n import Locale

__all__ = [
    "DealLine",
    "IntentBytesView",
    "IntentLine",
    "IntentView",
    "IntentsView",
    "intent_bytes_view",
    "intent_line",
    "intent_view",
    "intents_view",
    "stage_of",
    "unread_deals",
    "watch_intent",
]

PAGE = 25
_AGREED = (DealState.CONCLUDED, DealState.CANCELLING)
_ANSWERABLE = (
    DealState.OPEN,
    DealState.OFFERED,
    DealState.COUNTERED,
    DealState.NO_BID,
    DealState.ANSWERABLE,
)


class _Begun(Protocol):
    """A deal, or the outline of one."""

    @property
    def state(self) -> DealState: ...
    @property
    def live_offers(self) -> Collection[object]: ...


def stage_of(intent: Intent, deals: Collection[_Begun], now: datetime) -> tuple[int, bool]:
    """How many of the five stages were reached, and whether it ended before the next."""
    states = {deal.state for deal in deals}
    if DealState.CONFIRMED in states:
        return 5, False
    if not states.isdisjoint(_AGREED):
        return 4, False
    if DealState.CANCELLED in states and intent.state is IntentState.DECIDED:
        return 4, True
    if DealState.ACCEPTING in states:
        return 3, False
    if intent.held_until is not None and now < intent.held_until:
        return 0, False
    has_offers = any(deal.live_offers for deal in deals)
    return 2 if has_offers else 1, intent.state is not IntentState.LIVE


def unread_deals(desk: Desk, account: Account) -> frozenset[str]:
    """Deals of which something is new."""
    return frozenset(notice.deal_id for notice in desk.tx.overview.unread(account.id) if notice.deal_id)


# --- the list ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IntentLine:
    """One intent in a list. `first_end` is when the first of its live offers ends."""

    intent: Intent
    page: str
    category: str
    reached: int
    is_over: bool
    is_held: bool
    is_new: bool
    vendors: int
    offers: int
    no_bids: int
    first_end: datetime | None


def intent_line(desk: Desk, intent: Intent, unread: Collection[str], locale: Locale) -> IntentLine:
    """One intent with what its deals add up to."""
    deals = desk.tx.overview.outlines(intent.id)
    offers = [offer for deal in deals for offer in deal.live_offers if offer.ends_at > desk.now]
    reached, is_over = stage_of(intent, deals, desk.now)
    return IntentLine(
        intent=intent,
        page=intent_page(intent.id),
        category=category_name(intent.category, locale),
        reached=reached,
        is_over=is_over,
        is_held=is_held(desk, intent),
        is_new=any(deal.id in unread for deal in deals),
        vendors=len(deals) + len(desk.tx.plain_casts.of_intent(intent.id)),
        offers=len(offers),
        no_bids=sum(deal.state is DealState.NO_BID for deal in deals),
        first_end=min((offer.ends_at for offer in offers), default=None),
    )


@dataclass(frozen=True, slots=True)
class IntentsView:
    """One page of the list. `newer` and `older` are addresses, "" at the ends."""

    lines: tuple[IntentLine, ...]
    shows_all: bool
    newer: str
    older: str
    drafts: int
    has_any: bool


def intents_view(desk: Desk, account: Account, locale: Locale, *, everything: bool, page: int) -> IntentsView:
    """Live ones, or all; newest first."""
    first = page * PAGE
    found = desk.tx.intents.all(account.id, is_live=not everything, limit=PAGE + 1, offset=first)
    unread = unread_deals(desk, account)
    path = "/my/intents/all" if everything else "/my/intents"
    return IntentsView(
        lines=tuple(intent_line(desk, intent, unread, locale) for intent in found[:PAGE]),
        shows_all=everything,
        newer=f"{path}?page={page - 1}" if page > 1 else path if page else "",
        older=f"{path}?page={page + 1}" if len(found) > PAGE else "",
        drafts=len(desk.tx.drafts.all(account.id)),
        has_any=bool(found) or bool(desk.tx.intents.all(account.id, limit=1)),
    )


# --- one intent -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DealLine:
    """What one vendor was told, and what came of it. `job` is the delivery of the cast, where it is known."""

    deal: Deal
    page: str
    peer: Peer
    offer: OfferRecord | None
    job: QueuedJob | None
    is_new: bool

    @property
    def delivery(self) -> str:
        """What is to be said of the way there: "" once something came back, or all is well."""
        if self.job is None or self.deal.state is not DealState.OPEN:
            return ""
        if self.job.state is JobState.QUEUED and self.job.attempts:
            return "again"
        return self.job.state.value


@dataclass(frozen=True, slots=True)
class MessageLine:
    """What an account without a node was told, and whether it has answered. `page` is the conversation's."""

    cast: PlainCast
    page: str
    state: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class IntentView:
    """One intent. `mark` is what its stream goes on from, `offers_mark` which offers were live.

    `first_end` is when the first of them ends; `seconds` are left until a held one leaves.
    """

    intent: Intent
    page: str
    category: str
    wishes: tuple[WishLine, ...]
    lines: tuple[DealLine, ...]
    messages: tuple[MessageLine, ...]
    recorded: int
    reached: int
    is_over: bool
    is_held: bool
    seconds: int
    offers: int
    first_end: datetime | None
    may_change: bool
    may_withdraw: bool
    is_accepting: bool
    offers_mark: str
    mark: str


def intent_view(desk: Desk, account: Account, ref: str, locale: Locale) -> IntentView:
    """Raises: Missing."""
    intent = find_intent_of(desk, account, ref)
    deals = desk.tx.deals.of_intent(intent.id)
    unread = unread_deals(desk, account)
    lines = tuple(_deal_line(desk, deal, unread) for deal in deals)
    offers = [offer for deal in deals for offer in deal.live_offers if offer.ends_at > desk.now]
    reached, is_over = stage_of(intent, deals, desk.now)
    held = is_held(desk, intent)
    is_live = intent.state is IntentState.LIVE
    casts = desk.tx.plain_casts.of_intent(intent.id)
    is_accepting = any(deal.state is DealState.ACCEPTING for deal in deals)
    return IntentView(
        intent=intent,
        page=intent_page(intent.id),
        category=category_name(intent.category, locale),
        wishes=wish_lines(intent.wishes, locale),
        lines=lines,
        messages=tuple(_message_line(desk, cast) for cast in casts),
        recorded=len(desk.tx.hand_offers.of_intent(intent.id)),
        reached=reached,
        is_over=is_over,
        is_held=held,
        seconds=_seconds_left(intent, desk.now) if held else 0,
        offers=len(offers),
        first_end=min((offer.ends_at for offer in offers), default=None),
        may_change=is_live
        and not held
        and (any(deal.state in _ANSWERABLE[:-1] for deal in deals) or any(cast.is_open for cast in casts)),
        may_withdraw=is_live and not held and not is_accepting,
        is_accepting=is_accepting,
        offers_mark=mark_of([offer.digest for offer in offers]),
        mark=mark_of(_seen(desk, intent, deals)),
    )


def _seconds_left(intent: Intent, now: datetime) -> int:
    """Whole seconds until it leaves, rounded up, so that a page that comes back then finds it gone."""
    left = (intent.held_until or now) - now
    return max(-(-left // timedelta(seconds=1)), 0)


def _deal_line(desk: Desk, deal: Deal, unread: Collection[str]) -> DealLine:
    jobs = desk.tx.deliveries.of_activity(deal.cast_id) if deal.state is DealState.OPEN else []
    offer = next(reversed(deal.live_offers), None)
    return DealLine(
        deal=deal,
        page=deal_page(deal),
        peer=peer_of(desk, deal),
        offer=offer,
        job=jobs[0] if jobs else None,
        is_new=deal.id in unread,
    )


def _message_line(desk: Desk, cast: PlainCast) -> MessageLine:
    thread = desk.tx.threads.get(cast.account, cast.thread) if cast.thread else None
    has_answered = thread is not None and thread.heard > 0
    return MessageLine(
        cast=cast,
        page=f"/my/conversations/{cast.thread}" if cast.thread else "",
        state="answered" if has_answered and cast.state is CastState.SENT else cast.state.value,
        is_new=thread is not None and thread.unread > 0,
    )


def watch_intent(desk: Desk, account: Account, ref: str) -> Any:
    """What a page of an intent is to be told of. Raises: Missing."""
    intent = find_intent_of(desk, account, ref)
    return _seen(desk, intent, desk.tx.deals.of_intent(intent.id))


def _seen(desk: Desk, intent: Intent, deals: Iterable[Deal]) -> Any:
    told = [_message_line(desk, cast).state for cast in desk.tx.plain_casts.of_intent(intent.id)]
    standing = [(deal.id, deal.state.value, deal.last_at, deal.notes) for deal in deals]
    return intent.state.value, standing, told


# --- what left, or will -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IntentBytesView:
    """The signed messages as they were made for each vendor; `is_held` says that none has left yet."""

    intent: Intent
    page: str
    is_held: bool
    lines: tuple[BytesLine, ...]


def intent_bytes_view(desk: Desk, account: Account, ref: str) -> IntentBytesView:
    """The casts of an intent, from what is kept as evidence. Raises: Missing."""
    intent = find_intent_of(desk, account, ref)
    lines = []
    for deal in desk.tx.deals.of_intent(intent.id):
        stored = desk.tx.evidence.find(deal.own, deal.cast_id)
        if stored is not None:
            peer = peer_of(desk, deal)
            lines.append(bytes_line(peer.name, peer.handle, stored.body))
    return IntentBytesView(intent, intent_page(intent.id), is_held(desk, intent), tuple(lines))
