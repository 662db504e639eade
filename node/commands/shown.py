"""What commands answer with, as plain JSON. Times are RFC 3339, money is {"amount", "currency"}."""

from __future__ import annotations

from datetime import datetime

from federation.messages import JsonObject
from node.desk import Desk
from node.domain.accounts import Contact
from node.domain.catalogue import CatalogueItem
from node.domain.deals import Acceptance, Deal, OfferRecord
from node.domain.intents import Intent, Place, Proposal, Wish
from node.domain.matching import Rule
from node.domain.messages import Offer, Sender
from node.domain.offers import (
    AgreementTerms,
    Answer,
    Item,
    Link,
    PricePart,
    StandingOffer,
    is_trusted_link,
)
from node.domain.terms import short_name
from node.domain.values import Money, format_time, unit_price_text
from node.wire.html import plain_text

__all__ = [
    "named_peer",
    "shown_contact",
    "shown_deal",
    "shown_intent",
    "shown_item",
    "shown_money",
    "shown_offer",
    "shown_posting",
    "shown_rule",
    "shown_time",
    "shown_words",
]


def shown_money(money: Money | None) -> JsonObject | None:
    return {"amount": money.text, "currency": money.currency} if money is not None else None


def shown_time(at: datetime | None) -> str | None:
    return format_time(at) if at is not None else None


def shown_words(html: str | None) -> str | None:
    """The words of a piece of HTML, None for none."""
    return plain_text(html) if html else None


# --- intents ----------------------------------------------------------------------------------------------


def shown_intent(intent: Intent) -> JsonObject:
    """The customer's own record, budget and all: this never leaves her node."""
    return {
        "id": intent.id,
        "name": intent.name,
        "text": intent.content,
        "state": intent.state.value,
        "category": intent.category,
        "action": intent.action,
        "quantity": str(intent.quantity),
        "currency": intent.currency,
        "budget": shown_money(intent.budget),
        "budget_shared": intent.share_budget,
        "created_at": format_time(intent.created_at),
        "ends_at": format_time(intent.ends_at),
        "due_at": shown_time(intent.due_at),
        "place": shown_place(intent.place),
        "wishes": [_wish(wish) for wish in intent.wishes],
        "terms": [short_name(term) for term in intent.terms],
        "persona": intent.persona_mode.value,
    }


def shown_place(place: Place | None) -> JsonObject | None:
    if place is None:
        return None
    return {
        "name": place.name,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "radius": place.radius,
        "units": place.units,
    }


def _wish(wish: Wish) -> JsonObject:
    return {
        "id": wish.id,
        "wish": wish.text,
        "weight": wish.weight.value,
        "property": wish.prop,
        "op": wish.op,
        "value": wish.value,
        "unit": wish.unit,
    }


# --- deals ------------------------------------------------------------------------------------------------


def named_peer(desk: Desk, deal: Deal) -> str:
    """The other party in words: a vendor's handle; a customer only by her host, where a persona speaks."""
    known = desk.tx.contacts.get(deal.account, deal.peer)
    if known is not None:
        return known.handle
    host, _, rest = deal.peer.partition("://")[2].partition("/")
    if deal.side is Sender.VENDOR and rest.startswith("p/"):
        return f"a customer at {host}"
    return f"@{rest.rpartition('/')[2]}@{host}"


def shown_deal(desk: Desk, deal: Deal) -> JsonObject:
    """A deal as its own side holds it."""
    return {
        "id": deal.id,
        "side": deal.side.value,
        "kind": deal.kind.value,
        "state": deal.state.value,
        "own": deal.own,
        "peer": deal.peer,
        "peer_name": named_peer(desk, deal),
        "intent": deal.intent_id,
        "posting": deal.post_id,
        "category": deal.category,
        "created_at": shown_time(deal.created_at),
        "proposal": _proposal(deal.proposal),
        "offers": [shown_offer(offer, _vendor(deal)) for offer in deal.offers],
        "agreement": _agreed(deal.agreed, deal.agreement, _vendor(deal)),
        "accepting": _accepting(deal),
        "progress": [
            {
                "stage": record.stage.value,
                "by": record.by.value,
                "at": format_time(record.happened_at),
                "quantity": str(record.quantity) if record.quantity else None,
                "amount": shown_money(record.amount),
            }
            for record in deal.progress
        ],
        "receipt": _receipt(deal),
        "cancellations": [
            {
                "by": found.by.value,
                "reason": found.reason,
                "state": found.state.value,
                "ends_at": format_time(found.ends_at),
            }
            for found in deal.cancellations
        ],
        "decline_reason": deal.decline_reason,
        "answer_by": shown_time(deal.answer_by),
        "refused": deal.refused.value if deal.refused else None,
        "confirmed_at": shown_time(deal.confirmed_at),
        "presumed": deal.presumed,
    }


def _proposal(proposal: Proposal | None) -> JsonObject | None:
    if proposal is None:
        return None
    return {
        "id": proposal.id,
        "name": proposal.name,
        "text": shown_words(proposal.content),
        "quantity": str(proposal.quantity),
        "currency": proposal.currency,
        "price_asked": shown_money(proposal.price),
        "budget": shown_money(proposal.budget.maximum) if proposal.budget else None,
        "due_at": shown_time(proposal.due_at),
        "ends_at": format_time(proposal.ends_at),
        "place": shown_place(proposal.place),
        "wishes": [_wish(wish) for wish in proposal.wishes],
        "terms": [short_name(term) for term in proposal.terms],
    }


def _vendor(deal: Deal) -> str:
    return deal.peer if deal.side is Sender.CUSTOMER else deal.own


def shown_offer(offer: OfferRecord, vendor: str, message: Offer | None = None) -> JsonObject:
    """An offer and what became of it; with its message also what it says of each wish, and its links.

    A link that leads elsewhere than to the vendor's own site is never `trusted`: whoever shows it warns.
    """
    shown = {
        "id": offer.id,
        "digest": offer.digest,
        "state": offer.state.value,
        **_agreement(offer.agreement, vendor),
        "firm": offer.firm,
        "ends_at": format_time(offer.ends_at),
        "fields_asked": [asked.attribute for asked in offer.fields_asked],
        "terms": [short_name(term) for term in offer.terms],
        "shortlisted": offer.shortlisted,
    }
    if message is not None:
        shown["text"] = shown_words(message.content)
        shown["answers"] = [_answer(answer) for answer in message.answers]
        shown["price_parts"] = [_part(part) for part in message.price_parts]
        shown["links"] = [_link(link, vendor) for link in message.links]
    return shown


def _link(link: Link, vendor: str) -> JsonObject:
    trusted = is_trusted_link(link.href, vendor)
    return {"name": link.name, "href": link.href, "rel": list(link.rel), "trusted": trusted}


def _answer(answer: Answer) -> JsonObject:
    return {"wish": answer.wish, "answer": answer.text, "meets": answer.meets.value}


def _part(part: PricePart) -> JsonObject:
    return {"name": part.name, "kind": part.kind.value, "amount": shown_money(part.amount)}


def _agreement(agreement: AgreementTerms, vendor: str) -> JsonObject:
    return {
        "price": shown_money(agreement.price),
        "quantity": str(agreement.quantity),
        "item": _item(agreement.item, vendor),
        "due_at": shown_time(agreement.due_at),
    }


def _item(item: Item | None, vendor: str) -> JsonObject | None:
    if item is None:
        return None
    return {
        "name": item.name,
        "sku": item.sku,
        "gtin": item.gtin,
        "brand": item.brand,
        "condition": item.condition,
        "url": item.url,
        "url_trusted": item.url is not None and is_trusted_link(item.url, vendor),
    }


def _agreed(agreed: Acceptance | None, agreement: AgreementTerms | None, vendor: str) -> JsonObject | None:
    if agreed is None or agreement is None:
        return None
    return {
        "id": agreed.agreement_id,
        **_agreement(agreement, vendor),
        "offer_digest": agreed.offer_digest,
        "accept_digest": agreed.digest,
        "conclusion_digest": agreed.conclusion_digest,
        "concluded_at": shown_time(agreed.concluded_at),
        "disclosed": agreed.disclosed,
    }


def _accepting(deal: Deal) -> JsonObject | None:
    """The last Accept where it is not (or no longer) an agreement."""
    found = deal.acceptance
    if found is None or deal.agreed is not None:
        return None
    return {"id": found.id, "state": found.state.value, "conclude_by": format_time(found.ends_at)}


def _receipt(deal: Deal) -> JsonObject | None:
    receipt = deal.receipt
    if receipt is None:
        return None
    return {
        "id": receipt.id,
        "digest": receipt.digest,
        "return_until": receipt.return_until,
        "guarantee_until": receipt.guarantee_until,
    }


# --- vendors, and what they sell --------------------------------------------------------------------------


def shown_contact(contact: Contact) -> JsonObject:
    return {
        "actor": contact.actor,
        "handle": contact.handle,
        "name": contact.name,
        "page": contact.url,
        "terms_accepted": [short_name(term) for term in contact.terms_accepted],
        "seen_at": format_time(contact.fetched_at),
    }


def shown_item(item: CatalogueItem) -> JsonObject:
    return {
        "sku": item.sku,
        "name": item.name,
        "brand": item.brand,
        "category": item.category,
        "price": shown_money(item.price),
        "delivery": shown_money(item.delivery),
        "unit": item.unit,
        "stock": f"{item.stock:f}" if item.stock is not None else None,
        "reserved": f"{item.reserved:f}",
        "lead_days": item.lead_days,
        "area": item.area,
        "condition": item.condition,
        "properties": {name: value.text for name, value in item.properties},
    }


def shown_rule(rule: Rule) -> JsonObject:
    return {
        "id": rule.id,
        "name": rule.name,
        "category": rule.category,
        "least": f"{rule.min_quantity:f}",
        "most": f"{rule.max_quantity:f}" if rule.max_quantity is not None else None,
        "place": shown_place(rule.place),
        "discount_percent": f"{rule.discount_percent:f}",
        "valid_hours": rule.valid_hours,
        "firm": rule.firm,
        "enabled": rule.enabled,
        "fields_asked": list(rule.fields_asked),
        "text": rule.content,
    }


def shown_posting(offer: StandingOffer) -> JsonObject:
    return {
        "id": offer.id,
        "url": offer.url,
        "name": offer.name,
        "category": offer.category,
        "sku": offer.sku,
        "unit": offer.unit,
        "unit_price": {
            "amount": unit_price_text(offer.unit_price, offer.currency),
            "currency": offer.currency,
        },
        "least": f"{offer.minimum_quantity:f}",
        "published_at": format_time(offer.published_at),
        "ends_at": format_time(offer.ends_at),
        "digest": offer.digest,
    }
