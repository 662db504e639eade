"""What every page of a deal reads: whose it is, who stands on the other side, what an offer says and costs.

Reads only, from one transaction; whatever is not the viewer's own is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from federation.messages import Limits
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.costs import Cost, Period, a_month, parse_period, total_cost
from node.domain.deals import Deal, DealKind, OfferRecord, OfferState
from node.domain.deviations import Asked, Deviation, deviations
from node.domain.intents import Intent, Wish
from node.domain.messages import Offer, Sender
from node.domain.offers import Answer, Link, Meets, is_trusted_link
from node.domain.values import Money
from node.queries.records import Seal, find_offer_message, find_seal
from node.web.visits import Missing
from node.wire.html import plain_text

__all__ = [
    "LinkShown",
    "OfferShown",
    "Peer",
    "WishAnswered",
    "deal_page",
    "find_deal_of",
    "find_intent_of",
    "find_offer_of",
    "intent_page",
    "is_open",
    "links_of",
    "offer_page",
    "peer_of",
    "read_offer",
    "ref_of",
    "stated_day",
    "words_of",
]


# --- whose it is ------------------------------------------------------------------------------------------


def ref_of(iri: str) -> str:
    """The last part of an id of ours: what stands for it in the addresses of pages."""
    return iri.rsplit("/", 1)[-1]


def stated_day(text: str | None) -> datetime | None:
    """A day that a receipt states, at its noon, so that it is that day in (nearly) every zone.

    None for none, and for what is no day: a vendor wrote it.
    """
    try:
        day = date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC) if day is not None else None


def deal_page(deal: Deal) -> str:
    return f"/my/deals/{ref_of(deal.id)}"


def offer_page(deal: Deal, offer: OfferRecord) -> str:
    """The address names the digest: another offer, or a changed one, is another page."""
    return f"{deal_page(deal)}/offers/{offer.digest}"


def intent_page(intent_id: str) -> str:
    return f"/my/intents/{ref_of(intent_id)}"


def find_deal_of(desk: Desk, account: Account, ref: str) -> Deal:
    """The customer's side of a deal, by the last part of its id. Raises: Missing."""
    for deal in desk.tx.deals.find(account.id, ref):
        if deal.side is Sender.CUSTOMER and ref_of(deal.id) == ref:
            return deal
    raise Missing


def find_offer_of(desk: Desk, account: Account, ref: str, digest: str) -> tuple[Deal, OfferRecord]:
    """An offer of a deal of hers, live or not. Raises: Missing."""
    deal = find_deal_of(desk, account, ref)
    offer = deal.offer_by_digest(digest)
    if offer is None or deal.kind is not DealKind.INTENT:
        raise Missing
    return deal, offer


def find_intent_of(desk: Desk, account: Account, ref: str) -> Intent:
    """An intent of hers, by the last part of its id. Raises: Missing."""
    intent = desk.tx.intents.get(f"{desk.setting.base_url}/intents/{ref}")
    if intent is None or intent.account != account.id:
        raise Missing
    return intent


# --- who is there -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Peer:
    """The vendor of a deal: `page` is where it presents itself, "" where that is not known."""

    name: str
    handle: str
    actor: str
    page: str = ""


def peer_of(desk: Desk, deal: Deal) -> Peer:
    """By what is known of it; by its address where nothing is."""
    known = desk.tx.contacts.get(deal.account, deal.peer)
    if known is not None:
        return Peer(known.name, known.handle, deal.peer, known.url or "")
    host, _, rest = deal.peer.partition("://")[2].partition("/")
    return Peer(ref_of(rest) or host, f"@{ref_of(rest)}@{host}", deal.peer)


# --- what an offer says -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WishAnswered:
    """One wish of hers and the vendor's word on it, None where it says nothing.

    `is_earlier`: it was said with an offer before this one, of the same thing.
    """

    wish: Wish
    answer: Answer | None
    is_earlier: bool = False

    @property
    def state(self) -> str:
        """As `verdict` of the parts shows it."""
        if self.answer is None or self.answer.meets is Meets.UNKNOWN:
            return "unstated"
        return {Meets.YES: "meets", Meets.NO: "fails", Meets.PARTLY: "differs"}[self.answer.meets]

    @property
    def words(self) -> str:
        return self.answer.text if self.answer is not None else ""


@dataclass(frozen=True, slots=True)
class LinkShown:
    """A link of the vendor's; one that leads elsewhere than to its own site is shown, never linked."""

    name: str
    href: str
    is_trusted: bool


def links_of(links: tuple[Link, ...], vendor: str) -> tuple[LinkShown, ...]:
    return tuple(LinkShown(link.name, link.href, is_trusted_link(link.href, vendor)) for link in links)


def words_of(html: str | None) -> tuple[str, ...]:
    """The paragraphs of what somebody wrote, as plain text."""
    return tuple(line.strip() for line in plain_text(html).split("\n") if line.strip()) if html else ()


@dataclass(frozen=True, slots=True)
class OfferShown:
    """One offer, with all that her pages say of it. `now` is when it was read."""

    deal: Deal
    offer: OfferRecord
    peer: Peer
    seal: Seal | None
    message: Offer | None
    wishes: tuple[WishAnswered, ...]
    cost: Cost | None
    monthly: Money | None
    deviations: tuple[Deviation, ...]
    words: tuple[str, ...]
    links: tuple[LinkShown, ...]
    now: datetime

    @property
    def page(self) -> str:
        return offer_page(self.deal, self.offer)

    @property
    def is_live(self) -> bool:
        return is_open(self.offer, self.now)

    @property
    def period(self) -> Period | None:
        """How often it is paid again."""
        recurring = self.cost.recurring if self.cost is not None else None
        return parse_period(recurring.period) if recurring is not None else None

    @property
    def met(self) -> int:
        return sum(line.state == "meets" for line in self.wishes)

    @property
    def newer(self) -> OfferRecord | None:
        """The live offer that stands in this deal instead, if it is another one."""
        others = (offer for offer in self.deal.live_offers if offer.digest != self.offer.digest)
        return next((offer for offer in others if is_open(offer, self.now)), None)


def is_open(offer: OfferRecord, now: datetime) -> bool:
    """Whether it can be taken: the clock of the deal may not have come by since it ended."""
    return offer.state is OfferState.LIVE and offer.ends_at > now


def read_offer(
    desk: Desk, deal: Deal, offer: OfferRecord, intent: Intent | None, limits: Limits
) -> OfferShown:
    """An offer against what she asked for: her intent where there is one, else what this vendor was told."""
    message = find_offer_message(desk, deal, offer)
    price = offer.agreement.price
    cost = total_cost(price, message.price_parts, message.recurring) if message else total_cost(price)
    return OfferShown(
        deal=deal,
        offer=offer,
        peer=peer_of(desk, deal),
        seal=find_seal(desk, deal, offer, limits),
        message=message,
        wishes=_answered(desk, deal, offer, message, _wishes(deal, intent)),
        cost=cost,
        monthly=a_month(message.recurring) if message and message.recurring else None,
        deviations=deviations(_asked(deal, intent), offer.agreement, cost),
        words=words_of(message.content if message else None),
        links=links_of(message.links if message else (), deal.peer),
        now=desk.now,
    )


def _wishes(deal: Deal, intent: Intent | None) -> tuple[Wish, ...]:
    if intent is not None:
        return intent.wishes
    return deal.proposal.wishes if deal.proposal is not None else ()


def _asked(deal: Deal, intent: Intent | None) -> Asked:
    proposal = deal.proposal
    return Asked(
        price=proposal.price if proposal is not None else None,
        budget=intent.budget if intent is not None else None,
        due_at=intent.due_at if intent is not None else proposal.due_at if proposal is not None else None,
    )


def _answered(
    desk: Desk, deal: Deal, offer: OfferRecord, message: Offer | None, wishes: tuple[Wish, ...]
) -> tuple[WishAnswered, ...]:
    """Each wish with the word on it. An answer to a counter-offer names a price and repeats nothing: what was
    said before of the same thing still stands."""
    said = {answer.wish: answer for answer in message.answers} if message is not None else {}
    earlier = {} if all(wish.id in said for wish in wishes) else _said_before(desk, deal, offer)
    return tuple(
        WishAnswered(
            wish, said.get(wish.id) or earlier.get(wish.id), wish.id not in said and wish.id in earlier
        )
        for wish in wishes
    )


def _said_before(desk: Desk, deal: Deal, offer: OfferRecord) -> dict[str, Answer]:
    item = offer.agreement.item
    before = deal.offers[: deal.offers.index(offer)]
    said: dict[str, Answer] = {}
    for older in before:
        message = find_offer_message(desk, deal, older) if older.agreement.item == item else None
        said |= {answer.wish: answer for answer in message.answers} if message is not None else {}
    return said
