"""The offers of an intent: as they arrive, one of them, and side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from federation.messages import Limits
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.costs import Cost
from node.domain.deals import AcceptanceState, Deal, DealState, OfferRecord
from node.domain.intents import Intent
from node.domain.offers import PartKind
from node.domain.plain_casts import HandOffer
from node.domain.values import Money
from node.web.deal_reads import (
    OfferShown,
    Peer,
    WishAnswered,
    deal_page,
    find_intent_of,
    find_offer_of,
    intent_page,
    peer_of,
    read_offer,
)
from node.web.events import mark_of

__all__ = [
    "MOST_COMPARED",
    "CompareView",
    "HandShown",
    "OffersView",
    "OneOfferView",
    "Row",
    "Waiting",
    "compare_view",
    "offers_view",
    "one_offer_view",
    "watch_offers",
]

MOST_COMPARED = 4
_MOST_RECORDED = 2
"""So many offers from messages stand beside the signed ones before any are chosen."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A vendor who was asked and has made no offer."""

    deal: Deal
    peer: Peer
    page: str


@dataclass(frozen=True, slots=True)
class HandShown:
    """An offer that she took from a message: signed by nobody, so nothing of it is added up or accepted."""

    offer: HandOffer
    wishes: tuple[WishAnswered, ...]
    page: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class OffersView:
    """`taken` is the deal in which an offer was accepted. `mark` is what the stream goes on from.

    Shapes: `recorded` are from messages.
    """

    intent: Intent
    page: str
    live: tuple[OfferShown, ...]
    ended: tuple[OfferShown, ...]
    waiting: tuple[Waiting, ...]
    taken: Waiting | None
    recorded: tuple[HandShown, ...]
    mark: str

    @property
    def reached(self) -> int:
        """How many stages were reached, as `deal_stages` counts them."""
        if self.taken is None:
            return 2 if self.live else 1
        done = {DealState.ACCEPTING: 3, DealState.CONCLUDED: 4, DealState.CONFIRMED: 5}
        return done.get(self.taken.deal.state, 4)


def watch_offers(desk: Desk, account: Account, ref: str) -> Any:
    """What makes the page of offers another one. Raises: Missing."""
    intent = find_intent_of(desk, account, ref)
    recorded = [(one.id, one.taken_at) for one in desk.tx.hand_offers.of_intent(intent.id)]
    return (
        intent.state,
        recorded,
        [
            (deal.id, deal.state, [(offer.digest, offer.state) for offer in deal.offers])
            for deal in desk.tx.deals.of_intent(intent.id)
        ],
    )


def offers_view(desk: Desk, account: Account, ref: str, limits: Limits) -> OffersView:
    """Raises: Missing."""
    intent = find_intent_of(desk, account, ref)
    deals = desk.tx.deals.of_intent(intent.id)
    offers = [_read(desk, deal, offer, intent, limits) for deal in deals for offer in deal.offers]
    taken = next((deal for deal in deals if _is_taken(deal)), None)
    return OffersView(
        intent=intent,
        page=intent_page(intent.id),
        live=tuple(sorted((one for one in offers if one.is_live), key=_by_total)),
        ended=tuple(one for one in offers if not one.is_live),
        waiting=tuple(_waiting(desk, deal) for deal in deals if not deal.offers),
        taken=_waiting(desk, taken) if taken is not None else None,
        recorded=tuple(_hand_shown(desk, intent, one) for one in desk.tx.hand_offers.of_intent(intent.id)),
        mark=mark_of(watch_offers(desk, account, ref)),
    )


def _hand_shown(desk: Desk, intent: Intent, offer: HandOffer) -> HandShown:
    said = {answer.wish: answer for answer in offer.answers}
    wishes = tuple(WishAnswered(wish, said.get(wish.id)) for wish in intent.wishes)
    return HandShown(offer, wishes, f"/my/conversations/{offer.thread}", offer.is_open(desk.now))


def _read(desk: Desk, deal: Deal, offer: OfferRecord, intent: Intent | None, limits: Limits) -> OfferShown:
    return read_offer(desk, deal, offer, intent, limits)


def _waiting(desk: Desk, deal: Deal) -> Waiting:
    return Waiting(deal, peer_of(desk, deal), deal_page(deal))


def _is_taken(deal: Deal) -> bool:
    found = deal.acceptance
    return found is not None and found.state in (AcceptanceState.PENDING, AcceptanceState.CONCLUDED)


def _by_total(one: OfferShown) -> tuple[str, int, str]:
    """The lowest total first within a currency, and nothing else decides: no slot is for sale."""
    total = one.cost.total if one.cost is not None else Money(0, "")
    return total.currency, total.amount_minor, one.peer.handle


# --- one --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OneOfferView:
    """`others` counts live offers of other vendors to the same intent; `taken`: where one was accepted."""

    one: OfferShown
    intent: Intent | None
    persona: str
    others: int
    taken: Deal | None
    rounds_left: int

    @property
    def deal(self) -> Deal:
        return self.one.deal

    @property
    def offer(self) -> OfferRecord:
        return self.one.offer

    @property
    def is_taken(self) -> bool:
        return self.taken is not None

    @property
    def taken_page(self) -> str:
        return deal_page(self.taken) if self.taken is not None else ""

    @property
    def is_this_taken(self) -> bool:
        found = self.deal.acceptance
        return _is_taken(self.deal) and found is not None and found.offer_digest == self.offer.digest


def one_offer_view(desk: Desk, account: Account, ref: str, digest: str, limits: Limits) -> OneOfferView:
    """Raises: Missing."""
    deal, offer = find_offer_of(desk, account, ref, digest)
    intent = desk.tx.intents.get(deal.intent_id or "")
    others = [other for other in _of_same(desk, deal) if other.id != deal.id]
    return OneOfferView(
        one=_read(desk, deal, offer, intent, limits),
        intent=intent,
        persona="" if deal.own == account.id else deal.own,
        others=sum(len(other.live_offers) for other in others),
        taken=next((one for one in (deal, *others) if _is_taken(one)), None),
        rounds_left=max(0, desk.setting.policy.counters - deal.rounds),
    )


def _of_same(desk: Desk, deal: Deal) -> list[Deal]:
    return desk.tx.deals.of_intent(deal.intent_id) if deal.intent_id is not None else [deal]


# --- side by side -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the comparison: `kind` says what its cells hold; None is "not stated".

    wish: WishAnswered; money: Money; again, departs, signature: the whole offer; when: a time; text: words
    """

    kind: str
    name: str
    cells: tuple[Any, ...]
    note: str = ""
    is_total: bool = False
    beside: tuple[Any, ...] = ()
    """What the offers from messages say to it."""

    @property
    def same(self) -> bool:
        """Whether the offers do not differ in it; words of a message are never the same as what is signed."""
        if self.beside:
            return False
        told = [_told(self.kind, cell) for cell in self.cells]
        return all(one == told[0] for one in told)


def _told(kind: str, cell: Any) -> Any:
    """What a reader sees of a cell, to be compared."""
    if kind == "wish":
        return cell.state, cell.words
    if kind == "departs":
        return [(one.point, one.offered) for one in cell.deviations]
    if kind == "again":
        return cell.cost.recurring if cell.cost is not None else None
    if kind == "signature":
        return cell.seal is not None and cell.seal.holds
    return cell


@dataclass(frozen=True, slots=True)
class CompareView:
    """`all` are the live offers to choose from, `shown` are side by side, `left_out` have ended.

    Shapes: `recorded` are from messages, and stand beside them.
    """

    intent: Intent
    page: str
    all: tuple[OfferShown, ...]
    shown: tuple[OfferShown, ...]
    recorded: tuple[HandShown, ...]
    rows: tuple[Row, ...]
    only_differences: bool
    left_out: int

    @property
    def columns(self) -> int:
        return len(self.shown) + len(self.recorded)

    @property
    def rows_shown(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not (self.only_differences and row.same))

    def address(self, *, only_differences: bool) -> str:
        """The same comparison, whole or only where the offers differ."""
        chosen = [f"offer={one.offer.digest}" for one in self.shown]
        return f"{self.page}/compare?{'&'.join([*chosen, *(['differences=on'] if only_differences else [])])}"


def compare_view(
    desk: Desk,
    account: Account,
    ref: str,
    limits: Limits,
    *,
    chosen: Sequence[str] = (),
    only_differences: bool = False,
) -> CompareView:
    """The live offers of an intent that were chosen; none chosen: the first four. Raises: Missing.

    Open ones from messages stand beside them, as far as there is room.
    """
    offers = offers_view(desk, account, ref, limits)
    wanted = [one for one in offers.live if one.offer.digest in chosen]
    open_ones = tuple(one for one in offers.recorded if one.is_open)
    room = MOST_COMPARED if chosen else MOST_COMPARED - len(open_ones[:_MOST_RECORDED])
    shown = tuple(wanted if chosen else offers.live)[:room]
    recorded = open_ones[: MOST_COMPARED - len(shown)]
    rows = _rows(offers.intent, shown, recorded)
    return CompareView(
        intent=offers.intent,
        page=offers.page,
        all=offers.live,
        shown=shown,
        recorded=recorded,
        rows=tuple(rows) if len(shown) + len(recorded) > 1 else (),
        only_differences=only_differences,
        left_out=len(set(chosen)) - len(wanted),
    )


_PARTS = (PartKind.GOODS, PartKind.DELIVERY, PartKind.TAX, PartKind.FEE, PartKind.DISCOUNT)


def _rows(intent: Intent, shown: tuple[OfferShown, ...], recorded: tuple[HandShown, ...]) -> Iterable[Row]:
    """Her wishes first, in her order; then when, for how much, and whose word it is."""
    for number, wish in enumerate(intent.wishes):
        cells = tuple(one.wishes[number] for one in shown)
        beside = tuple(one.wishes[number] for one in recorded)
        yield Row("wish", wish.text, cells, wish.weight.value, beside=beside)
    for row in _rows_of_terms(shown, is_priced=any(one.offer.price for one in recorded)):
        yield replace(row, beside=tuple(_from_message(row, one.offer) for one in recorded))


def _from_message(row: Row, offer: HandOffer) -> Any:
    """What a message says to a row; None for nothing."""
    said = {
        "what": offer.goods,
        "due": offer.delivery or None,
        "once": offer.price,
        "total": offer.price,
        "ends": offer.ends_at,
    }
    return said.get(row.name)


def _rows_of_terms(shown: tuple[OfferShown, ...], *, is_priced: bool) -> Iterable[Row]:
    yield Row("text", "what", tuple(_item(one) for one in shown))
    yield Row("when", "due", tuple(one.offer.agreement.due_at for one in shown))
    if not is_priced and not any(one.cost for one in shown):
        return
    for kind in _PARTS:
        stated = _each(shown, _part_of(kind))
        if kind is PartKind.DELIVERY or any(stated):
            yield Row("money", f"part:{kind.value}", stated)
    yield Row("money", "once", _each(shown, lambda cost: cost.once))
    if any(one.cost and one.cost.recurring for one in shown):
        yield Row("again", "again", shown)
        yield Row("money", "monthly", tuple(one.monthly for one in shown))
    yield Row("money", "total", _each(shown, lambda cost: cost.total), is_total=True)
    if any(one.deviations for one in shown):
        yield Row("departs", "departs", shown)
    yield Row("ends", "ends", tuple(one.offer.ends_at for one in shown))
    yield Row("text", "firm", tuple("firm" if one.offer.firm else "open" for one in shown))
    yield Row("signature", "signature", shown)


def _part_of(kind: PartKind) -> Callable[[Cost], Money | None]:
    return lambda cost: cost.part(kind)


def _each(shown: tuple[OfferShown, ...], read: Callable[[Cost], Money | None]) -> tuple[Money | None, ...]:
    return tuple(read(one.cost) if one.cost is not None else None for one in shown)


def _item(one: OfferShown) -> str | None:
    item = one.offer.agreement.item
    return item.name if item is not None else None
