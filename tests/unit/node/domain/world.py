"""Two people, two shops, and the network between them: what `test_two_sides` lets loose.

Both sides of each deal are real `Deal` values, moved by `apply` and `tick` alone, as the application moves
them: one commit a message, stock in the same commit, a refusal answered once, what came early parked. Played
are only the network (late, twice, in any order, but at last) and the clocks (each its own, forward only).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from node.domain.catalogue import CatalogueItem
from node.domain.deals import AcceptanceState, Deal, DealKind, DealState, OfferRecord, OfferState
from node.domain.errors import Early, Reason, Refusal, Superfluous
from node.domain.events import Event, OfferEnded, OfferMade, Released, Settled
from node.domain.messages import Accept, Conclude, Kind, Message, Order, OrderAccept, Refuse, Sender
from node.domain.tables import TABLES, Mark
from node.domain.transitions import Outcome, apply, tick
from tests.builders import NOW, POLICY, a_message, an_item, other_side

__all__ = ["AUTOMATIC", "DEALS", "WAITING", "Pair", "Party", "World"]

C, V = Sender.CUSTOMER, Sender.VENDOR
WAITING = {
    DealState.OPEN,
    DealState.OFFERED,
    DealState.COUNTERED,
    DealState.ORDERED,
    DealState.ACCEPTING,
    DealState.CANCELLING,
    DealState.ANSWERABLE,
}
# customer, vendor, intent, kind: two buyers at north's shelf, one of them with a second shop to choose from,
# and an order of north's standing offer for the same goods.
DEALS = (
    ("ana", "north", "bicycle", DealKind.INTENT),
    ("ana", "south", "bicycle", DealKind.INTENT),
    ("ben", "north", "helmet", DealKind.INTENT),
    ("ben", "north", None, DealKind.ORDER),
)
AUTOMATIC = {Kind.CONCLUDE, Kind.ORDER_ACCEPT, Kind.REFUSE, Kind.TICK}
_NEVER = {Reason.MALFORMED, Reason.NOT_ADDRESSED, Reason.TERMS_NOT_ACCEPTED, Reason.OVER_BUDGET}
Agreement = tuple[str, str, str, str]
"""offer digest, Accept's digest, conclusion's digest, what became of it"""


@dataclass
class Party:
    """One side of one deal on one node."""

    deal: Deal
    node: str
    seen: set[str] = field(default_factory=set)
    parked: list[tuple[datetime, Message]] = field(default_factory=list)
    late: set[Agreement] = field(default_factory=set)


@dataclass
class Pair:
    customer: Party
    vendor: Party
    intent: str | None

    def side(self, side: Sender) -> Party:
        return self.customer if side is C else self.vendor


@dataclass(frozen=True)
class Packet:
    pair: Pair
    to: Sender
    message: Message


class World:
    """Everything there is; rules of the test call its methods."""

    def __init__(self, stocks: dict[str, int], ahead: dict[str, timedelta]) -> None:
        self.now = NOW
        self.ahead = dict(ahead)
        self.initial = dict(stocks)
        self.shelf: dict[str, CatalogueItem] = {name: an_item(stock=Decimal(n)) for name, n in stocks.items()}
        self.pairs = [_pair(number, *row) for number, row in enumerate(DEALS)]
        self.packets: list[Packet] = []
        self.number = 0
        self.gone: dict[str, Decimal] = dict.fromkeys(stocks, Decimal(0))
        self.reached: set[tuple[Sender, DealKind, DealState]] = set()

    def clock(self, node: str) -> datetime:
        return self.now + self.ahead[node]

    # --- what users do ------------------------------------------------------------------------------------

    def choices(self, focus: int | None = None) -> list[tuple[Pair, Sender, Kind]]:
        """What the tables allow each user at this moment; `focus`: in one deal."""
        found = []
        for pair in self.pairs if focus is None else [self.pairs[focus]]:
            for side in (C, V):
                party = pair.side(side)
                deal = tick(party.deal, self.clock(party.node), POLICY).deal
                found += [(pair, side, kind) for kind in _ALLOWED.get((deal.kind, side, deal.state), ())]
        return found

    def act(self, pair: Pair, side: Sender, kind: Kind, **over: Any) -> bool:
        """Let a user do something; whether the domain let her."""
        party = pair.side(side)
        if kind is Kind.ACCEPT and not self.is_free(pair):
            return False
        message = self.write(party, kind, **over)
        try:
            outcome = self.apply(party, message, side)
            self.commit(party, outcome)
        except Refusal:
            return False
        self.send(pair, side, message)
        return True

    def is_free(self, pair: Pair) -> bool:
        """No Accept of the same intent is pending or concluded."""
        taken = (AcceptanceState.PENDING, AcceptanceState.CONCLUDED)
        same = [other for other in self.pairs if other.intent == pair.intent]
        deals = [tick(other.customer.deal, self.clock(other.customer.node), POLICY).deal for other in same]
        return not any(found.state in taken for deal in deals for found in deal.acceptances)

    def write(self, party: Party, kind: Kind, **over: Any) -> Message:
        """A message by the clock of its node; a new statement is later than the one that it replaces."""
        self.number += 1
        at = self.clock(party.node)
        known = party.deal.proposal
        if kind in (Kind.UPDATE, Kind.COUNTER) and known is not None:
            at = max(at, known.stated_at + timedelta(seconds=1))
        return a_message(kind, party.deal, party.deal.side, at=at, tag=str(self.number), **over)

    # --- commits ------------------------------------------------------------------------------------------

    def apply(self, party: Party, message: Message, sender: Sender) -> Outcome:
        now = self.clock(party.node)
        before = tick(party.deal, now, POLICY).deal
        outcome = apply(party.deal, message, sender=sender, now=now, policy=POLICY)
        target = TABLES[before.kind, before.side][before.state, message.kind, sender]
        after = outcome.deal.state
        assert target is not Mark.PARK, "what is parked has no outcome"
        assert target is not Mark.SAME or after is before.state
        assert not isinstance(target, DealState) or after is target
        return outcome

    def commit(self, party: Party, outcome: Outcome) -> None:
        """Stock and state in one. Raises: Refusal(outOfStock), and nothing has changed then."""
        deal, now = outcome.deal, self.clock(party.node)
        if deal.side is V:
            self.shelf[party.node] = _follow(self.shelf[party.node], outcome.events)
            self._count_what_left(party, deal)
        assert tick(deal, now, POLICY).deal == deal, "the clock had something left to say"
        wake_at = deal.wake_at(POLICY.presume_after)
        if wake_at is not None:
            assert wake_at > now, "it asks to be woken in the past"
            again = tick(deal, wake_at, POLICY).deal.wake_at(POLICY.presume_after)
            assert again is None or again > wake_at, "it asks to be woken for nothing, for ever"
        party.deal = deal
        self.reached.add((deal.side, deal.kind, deal.state))

    def _count_what_left(self, party: Party, deal: Deal) -> None:
        """What was shipped under an agreement that is released is gone, and no agreement tells of it."""
        if party.deal.agreed is not None and deal.agreed is None and party.deal.has_shipped:
            self.gone[party.node] += _quantity(party.deal)

    # --- the network --------------------------------------------------------------------------------------

    def send(self, pair: Pair, sender: Sender, message: Message) -> None:
        self.packets.append(Packet(pair, other_side(sender), message))

    def deliver(self, index: int, *, keep: bool = False) -> None:
        """One packet arrives; `keep`: it will arrive again (a lost answer, a retry)."""
        packet = self.packets[index] if keep else self.packets.pop(index)
        party = packet.pair.side(packet.to)
        if packet.message.id in party.seen:
            return
        party.seen.add(packet.message.id)
        if self._receive(packet.pair, party, packet.message):
            self._unpark(packet.pair, party)

    def deliver_all(self) -> None:
        while self.packets:
            self.deliver(0)

    def _unpark(self, pair: Pair, party: Party) -> None:
        """After each message that was taken, those that waited are tried again."""
        progress = True
        while progress:
            waiting, party.parked = party.parked, []
            progress = False
            for until, message in waiting:
                if self._receive(pair, party, message, until):
                    progress = True

    def _receive(self, pair: Pair, party: Party, message: Message, until: datetime | None = None) -> bool:
        """Whether the message was taken."""
        try:
            self._take(pair, party, message)
        except Early:
            limit = self.clock(party.node) + POLICY.parked_for
            party.parked.append((until or limit, message))
            return False
        except Superfluous:
            return False
        except Refusal as error:
            self._refuse(pair, party, message, error)
            return False
        return True

    def _refuse(self, pair: Pair, party: Party, message: Message, error: Refusal) -> None:
        stranger = party.deal.state is DealState.NEW
        assert stranger or error.reason not in _NEVER, f"an honest {message.kind} was refused: {error}"
        if isinstance(message, Conclude | OrderAccept):
            assert error.reason is Reason.EXPIRED, f"a conclusion was refused: {error}"
            party.late.add(_late(message))
        if isinstance(message, Accept) and (offer := party.deal.offer(message.offer_id)) is not None:
            state = tick(party.deal, self.clock(party.node), POLICY).deal.offer(message.offer_id)
            in_time = message.ends_at > self.clock(party.node)
            stood = state is not None and state.state is OfferState.LIVE and offer.firm
            assert not (stood and in_time), f"a timely Accept of a firm offer was refused: {error}"
        if not isinstance(message, Refuse):
            said = self.write(party, Kind.REFUSE, object_id=message.id, reason=error.reason)
            self.send(pair, party.deal.side, said)

    def _take(self, pair: Pair, party: Party, message: Message) -> None:
        sender = other_side(party.deal.side)
        before = tick(party.deal, self.clock(party.node), POLICY).deal
        outcome = self.apply(party, message, sender)
        if not isinstance(message, Accept | Order):
            self.commit(party, outcome)
            return
        if isinstance(message, Accept):
            assert message.offer_id in {offer.id for offer in before.live_offers}, "it had ended before"
        # The vendor's node settles each Accept and each order at once, in one commit.
        kind = Kind.CONCLUDE if isinstance(message, Accept) else Kind.ORDER_ACCEPT
        taken = Party(outcome.deal, party.node)
        answer = self.write(taken, kind)
        settled = self.apply(taken, answer, V)
        self.commit(party, Outcome(settled.deal, (*outcome.events, *settled.events)))
        self.send(pair, V, answer)

    # --- time ---------------------------------------------------------------------------------------------

    def pass_time(self, by: timedelta) -> None:
        self.now += by

    def jump(self, node: str, by: timedelta) -> None:
        """One clock goes ahead; clocks further apart than this could not sign to each other for long."""
        by = min(by, timedelta(hours=26))
        if self.ahead[node] + by - min(self.ahead.values()) < timedelta(days=5):
            self.ahead[node] += by

    def wake(self) -> None:
        """Every node's clock has its say."""
        for pair in self.pairs:
            for party in (pair.customer, pair.vendor):
                now = self.clock(party.node)
                before = party.deal.state
                outcome = tick(party.deal, now, POLICY)
                lawful = (before, Kind.TICK, Sender.CLOCK) in TABLES[party.deal.kind, party.deal.side]
                assert lawful or outcome.deal == party.deal
                self.commit(party, outcome)
                party.parked = [(until, message) for until, message in party.parked if until > now]

    def drain(self) -> None:
        """Everything arrives and every clock passes every end."""
        for _ in range(12):
            self.deliver_all()
            self.pass_time(timedelta(days=10))
            self.wake()
        self.deliver_all()

    # --- what holds at every moment -----------------------------------------------------------------------

    def check(self) -> None:
        for name, item in self.shelf.items():
            deals = [pair.vendor.deal for pair in self.pairs if pair.vendor.node == name]
            _check_shelf(item, Decimal(self.initial[name]), deals, self.gone[name])
        for pair in self.pairs:
            for party in (pair.customer, pair.vendor):
                _check_deal(party.deal)
        for intent in {pair.intent for pair in self.pairs if pair.intent is not None}:
            deals = [pair.customer.deal for pair in self.pairs if pair.intent == intent]
            assert sum(deal.agreed is not None for deal in deals) <= 1, "two agreements for one intent"

    def check_rest(self) -> None:
        """What holds when the queues have drained and the clocks have passed every end."""
        for pair in self.pairs:
            customer, vendor = pair.customer, pair.vendor
            hers, its = _agreements(customer.deal) | customer.late, _agreements(vendor.deal)
            assert hers == its, f"two truths: {hers} and {its}"
            for deal in (customer.deal, vendor.deal):
                assert deal.state not in WAITING, f"the {deal.side}'s deal still waits: {deal.state}"
                assert deal.wake_at(POLICY.presume_after) is None
                pending = [found for found in deal.acceptances if found.state is AcceptanceState.PENDING]
                assert not pending
                assert not deal.live_offers
        for name, item in self.shelf.items():
            assert item.reserved == 0, f"{name} holds back {item.reserved} for nobody"


_WEIGHT = {
    Kind.OFFER: 5,
    Kind.ACCEPT: 8,
    Kind.ASK: 1,
    Kind.FEEDBACK: 1,
    Kind.RECEIPT: 1,
    Kind.PROGRESS: 3,
}
_ALLOWED: dict[tuple[DealKind, Sender, DealState], list[Kind]] = {}
for (_kind, _side), _table in TABLES.items():
    for _state, _said, _sender in _table:
        if _sender is _side and _said not in AUTOMATIC:
            _ALLOWED.setdefault((_kind, _side, _state), []).extend([_said] * _WEIGHT.get(_said, 2))


def _pair(number: int, customer: str, vendor: str, intent: str | None, kind: DealKind) -> Pair:
    deal_id = f"https://{customer}.example/deals/{number}"
    own, peer = f"https://{customer}.example/p/{number}", f"https://{vendor}.example/actors/{vendor}"
    account = f"https://{customer}.example/actors/{customer}"
    hers = Deal(id=deal_id, own=own, peer=peer, side=C, account=account, kind=kind, intent_id=intent)
    its = Deal(id=deal_id, own=peer, peer=own, side=V, account=peer, kind=kind)
    return Pair(Party(hers, customer), Party(its, vendor), intent)


def _follow(item: CatalogueItem, events: Iterable[Event]) -> CatalogueItem:
    """As the application does: firm offers reserve, conclusions take, releases put back."""
    for event in events:
        match event:
            case OfferMade(offer) if offer.firm:
                item = _edit(item, CatalogueItem.reserve, offer)
            case OfferEnded(offer) if offer.firm:
                item = _edit(item, CatalogueItem.unreserve, offer)
            case Settled(_, offer):
                item = _edit(item, CatalogueItem.unreserve, offer) if offer.firm else item
                item = _edit(item, CatalogueItem.take, offer)
            case Released(_, offer):
                item = _edit(item, CatalogueItem.put_back, offer)
    return item


def _edit(
    item: CatalogueItem, edit: Callable[[CatalogueItem, Decimal], CatalogueItem], offer: OfferRecord
) -> CatalogueItem:
    return edit(item, offer.agreement.quantity.value)


def _quantity(deal: Deal) -> Decimal:
    assert deal.agreement is not None
    return deal.agreement.quantity.value


def _check_shelf(item: CatalogueItem, initial: Decimal, deals: list[Deal], gone: Decimal) -> None:
    assert item.stock is not None
    assert item.stock >= 0, "oversold"
    assert 0 <= item.reserved <= item.stock
    held = [offer for deal in deals for offer in deal.live_offers if offer.firm]
    assert item.reserved == sum((offer.agreement.quantity.value for offer in held), Decimal(0))
    sold = Decimal(0)
    for deal in deals:
        returned = deal.state is DealState.CANCELLED and not deal.has_shipped
        if deal.agreed is not None and not returned:
            sold += _quantity(deal)
    assert initial == item.stock + sold + gone, "goods appeared or vanished"


def _check_deal(deal: Deal) -> None:
    for offer in deal.offers:
        stated_anew = offer.proposal_digest != deal.proposal_digest or deal.withdrawn_at is not None
        assert not (offer.firm and offer.state is OfferState.WITHDRAWN), "a firm offer was withdrawn"
        assert not (offer.firm and offer.state is OfferState.SUPERSEDED) or stated_anew
    assert not (deal.agreed and deal.live_offers), "an offer outlived the agreement"
    assert not (deal.state is DealState.CONFIRMED and deal.pending_cancellations)
    concluded = [found for found in deal.acceptances if found.state is AcceptanceState.CONCLUDED]
    pending = [found for found in deal.acceptances if found.state is AcceptanceState.PENDING]
    assert len(concluded) + len(pending) <= 1
    if pending:
        taken = deal.offer(pending[0].offer_id)
        assert taken is not None
        assert taken.state is OfferState.ACCEPTED
    price = deal.agreement.price if deal.agreement else None
    if price is not None:
        assert 0 <= deal.paid_minor() <= price.amount_minor
        assert deal.delivered() <= _quantity(deal)


_FATE = {
    DealState.CONCLUDED: "concluded",
    DealState.CANCELLING: "concluded",
    DealState.CONFIRMED: "confirmed",
    DealState.CANCELLED: "cancelled",
}


def _agreements(deal: Deal) -> set[Agreement]:
    found = set()
    for acceptance in deal.acceptances:
        if acceptance.conclusion_digest is not None:
            released = acceptance.state is AcceptanceState.RELEASED
            fate = "released" if released else _FATE[deal.state]
            ids = (acceptance.offer_digest, acceptance.digest, acceptance.conclusion_digest)
            found.add((*ids, fate))
    return found


def _late(message: Conclude | OrderAccept) -> Agreement:
    """What she keeps as evidence of a conclusion that she refused as late."""
    if isinstance(message, Conclude):
        return (message.offer_digest, message.accept_digest, message.digest, "released")
    return (message.order_digest, message.digest, message.digest, "released")
