"""A person's first page: what needs her, what is under way, with whom, and what was lately.

Reads a bounded number of deals by index, however many there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import Deal, DealKind, DealState
from node.domain.intents import Intent
from node.domain.messages import Sender
from node.store.ports import Direction, JobState
from node.web.deal_reads import Peer, deal_page, intent_page, peer_of, stated_day
from node.web.events import mark_of
from node.web.i18n import Locale
from node.web.intent_views import IntentLine, intent_line, unread_deals

__all__ = ["AgreedLine", "HomeView", "Need", "RecentLine", "VendorLine", "home_view", "watch_home"]

LIVE_SHOWN = 8
AGREED_SHOWN = 8
VENDORS_SHOWN = 6
RECENT_SHOWN = 8
_LOOKED_AT = 40
_RETURNS_SOON = timedelta(days=5)
_OFFERED = (DealState.OFFERED,)
_SILENT = (DealState.NEW, DealState.OPEN, DealState.WITHDRAWN)
_UNDER_WAY = (DealState.CONCLUDED, DealState.CANCELLING, DealState.ACCEPTING, DealState.ORDERED)


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits for her. `kind` says what; `at` is until when, or since when."""

    kind: str
    page: str
    what: str
    who: str = ""
    at: datetime | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class AgreedLine:
    """A deal under way: agreed, or accepted and waiting for the vendor."""

    deal: Deal
    page: str
    peer: Peer
    what: str
    reached: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class VendorLine:
    """A vendor, by the last deal with it."""

    peer: Peer
    deal: Deal
    page: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class RecentLine:
    """A deal that changed lately."""

    deal: Deal
    page: str
    peer: Peer
    what: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class HomeView:
    """`mark` is what the page's stream goes on from; `has_vendors` says that there is somebody to ask."""

    name: str
    needs: tuple[Need, ...]
    live: tuple[IntentLine, ...]
    has_more_live: bool
    agreed: tuple[AgreedLine, ...]
    vendors: tuple[VendorLine, ...]
    recent: tuple[RecentLine, ...]
    drafts: int
    has_vendors: bool
    mark: str

    @property
    def is_fresh(self) -> bool:
        """Nothing has ever happened here."""
        return not (self.needs or self.live or self.agreed or self.recent or self.drafts)


def home_view(desk: Desk, account: Account, locale: Locale) -> HomeView:
    """What her first page shows."""
    unread = unread_deals(desk, account)
    live = desk.tx.intents.all(account.id, is_live=True, limit=LIVE_SHOWN + 1)
    under_way = _mine(deal for _, deal in desk.tx.deals.page(account.id, states=_UNDER_WAY, limit=_LOOKED_AT))
    lately = desk.tx.deals.all(account.id, limit=_LOOKED_AT)
    latest, watched = _mine(lately), _watched(desk, account, lately[:RECENT_SHOWN])
    names = _Names(desk)
    return HomeView(
        name=account.display_name,
        needs=_needs(desk, account, names, under_way),
        live=tuple(intent_line(desk, intent, unread, locale) for intent in live[:LIVE_SHOWN]),
        has_more_live=len(live) > LIVE_SHOWN,
        agreed=tuple(_agreed_line(desk, deal, names, unread) for deal in under_way[:AGREED_SHOWN]),
        vendors=_vendors(desk, latest, unread),
        recent=tuple(
            RecentLine(deal, deal_page(deal), peer_of(desk, deal), names.of(deal), deal.id in unread)
            for deal in _heard_of(latest)[:RECENT_SHOWN]
        ),
        drafts=len(desk.tx.drafts.all(account.id)),
        has_vendors=desk.tx.contacts.has_any(account.id),
        mark=mark_of(watched),
    )


def watch_home(desk: Desk, account: Account) -> Any:
    """What the first page is to be told of."""
    return _watched(desk, account, desk.tx.deals.all(account.id, limit=RECENT_SHOWN))


def _watched(desk: Desk, account: Account, latest: list[Deal]) -> Any:
    unread = desk.tx.overview.unread(account.id, limit=1)
    return [(deal.id, deal.state.value, deal.last_at) for deal in latest], [one.id for one in unread]


def _mine(deals: Iterable[Deal]) -> list[Deal]:
    return [deal for deal in deals if deal.side is Sender.CUSTOMER]


def _heard_of(deals: list[Deal]) -> list[Deal]:
    """Without those that say no more than the intent above them: asked, and nothing has come back."""
    return [deal for deal in deals if deal.state not in _SILENT or deal.notes]


class _Names:
    """What each deal is about, in a few words; each intent is read once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._intents: dict[str, Intent | None] = {}

    def of(self, deal: Deal) -> str:
        agreement = deal.agreement
        if agreement is not None and agreement.item is not None:
            return agreement.item.name
        if deal.intent_id is not None:
            if deal.intent_id not in self._intents:
                self._intents[deal.intent_id] = self._desk.tx.intents.get(deal.intent_id)
            intent = self._intents[deal.intent_id]
            if intent is not None:
                return intent.name
        item = deal.offers[-1].agreement.item if deal.offers else None
        return item.name if item is not None else ""


# --- what needs her ---------------------------------------------------------------------------------------


def _needs(desk: Desk, account: Account, names: _Names, under_way: list[Deal]) -> tuple[Need, ...]:
    """Those with an end first, the nearest at the top; then those without one."""
    offered = _mine(desk.tx.overview.pressing(account.id, _OFFERED, limit=_LOOKED_AT))
    opened = [deal for _, deal in desk.tx.deals.page(account.id, states=(DealState.OPEN,), limit=_LOOKED_AT)]
    needs = [*_offers(desk, offered, names)]
    needs += [one for deal in _mine((*offered, *opened, *under_way)) for one in _asked(desk, deal, names)]
    needs += [one for deal in under_way for one in _to_do(desk, deal, names)]
    needs += _undelivered(desk, account)
    dated = sorted((one for one in needs if one.at is not None), key=lambda one: one.at or desk.now)
    return (*dated, *(one for one in needs if one.at is None))


def _offers(desk: Desk, offered: list[Deal], names: _Names) -> Iterable[Need]:
    """One line an intent, until the first of its offers ends."""
    by_intent: dict[str, list[Deal]] = {}
    for deal in offered:
        by_intent.setdefault(deal.intent_id or deal.id, []).append(deal)
    for deals in by_intent.values():
        ends = [offer.ends_at for deal in deals for offer in deal.live_offers if offer.ends_at > desk.now]
        if not ends:
            continue
        first = deals[0]
        page = f"{intent_page(first.intent_id)}/offers" if first.intent_id else deal_page(first)
        yield Need("offers", page, names.of(first), at=min(ends), count=len(ends))


def _asked(desk: Desk, deal: Deal, names: _Names) -> Iterable[Need]:
    """The vendor spoke last."""
    if not deal.notes:
        return
    last = desk.tx.overview.last_word(deal.own, deal.id)
    if last is not None and last.direction is Direction.IN:
        yield Need("question", deal_page(deal), names.of(deal), peer_of(desk, deal).name)


def _to_do(desk: Desk, deal: Deal, names: _Names) -> Iterable[Need]:
    what, page, who = names.of(deal), deal_page(deal), peer_of(desk, deal).name
    for cancellation in deal.pending_cancellations:
        if cancellation.by is Sender.VENDOR:
            yield Need("cancellation", page, what, who, cancellation.ends_at)
    agreement = deal.agreement
    if deal.state is not DealState.CONCLUDED or agreement is None:
        return
    if deal.goods_fulfilled:
        delivered_at = deal.delivered_whole_at()
        presumed_at = delivered_at + desk.setting.policy.presume_after if delivered_at is not None else None
        yield Need("confirm", page, what, who, presumed_at)
    elif agreement.due_at is not None and agreement.due_at < desk.now:
        yield Need("overdue", page, what, who, agreement.due_at)
    receipt = deal.receipt
    if receipt is not None:
        until = stated_day(receipt.return_until)
        if until is not None and desk.now < until < desk.now + _RETURNS_SOON:
            yield Need("return", page, what, who, until)


def _undelivered(desk: Desk, account: Account) -> list[Need]:
    """What was given up of hers, by herself or by a name of hers."""
    count = desk.tx.traffic.count(account.id, JobState.DEAD)
    return [Need("undelivered", "/my/deliveries/given-up", "", count=count)] if count else []


# --- what is under way, and was ---------------------------------------------------------------------------


def _agreed_line(desk: Desk, deal: Deal, names: _Names, unread: Collection[str]) -> AgreedLine:
    is_waiting = deal.state in (DealState.ACCEPTING, DealState.ORDERED)
    reached = 3 if is_waiting else 4
    page, peer = deal_page(deal), peer_of(desk, deal)
    return AgreedLine(deal, page, peer, names.of(deal), reached, deal.id in unread)


def _vendors(desk: Desk, latest: list[Deal], unread: Collection[str]) -> tuple[VendorLine, ...]:
    """Each vendor once, by its last deal."""
    lines: dict[str, VendorLine] = {}
    for deal in latest:
        if deal.kind is DealKind.INTENT and deal.state is DealState.NEW:
            continue
        is_new = deal.id in unread
        known = lines.get(deal.peer)
        if known is None:
            lines[deal.peer] = VendorLine(peer_of(desk, deal), deal, deal_page(deal), is_new)
    return tuple(lines.values())[:VENDORS_SHOWN]
