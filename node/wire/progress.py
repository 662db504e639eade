"""What was done about an agreement: goods on their way, money paid or given back."""

from __future__ import annotations

from federation.messages import JsonObject
from node.domain.messages import Progress, Stage
from node.domain.values import format_time
from node.wire.headers import Header, build_activity, present, read_deal_id, read_made_object
from node.wire.proposals import ACTIONS
from node.wire.quantities import build_price, build_quantity, read_price, read_quantity
from node.wire.reading import Reader

__all__ = ["build_progress", "parse_progress"]

_MONEY_END = "#reciprocal"


def parse_progress(activity: Reader, header: Header, currency: str | None) -> Progress:
    """Shapes: `currency` is the deal's; what fulfils the agreement's `#reciprocal` is money in it.

    Raises: Refusal(malformed).
    """
    event = read_made_object(activity, "EconomicEvent", header)
    fulfills = event.iri("fulfills")
    is_money = fulfills.endswith(_MONEY_END)
    return Progress(
        **header.on(read_deal_id(activity)),
        event_id=event.iri("id"),
        accept_digest=activity.digest("acceptDigest"),
        fulfills=fulfills,
        stage=Stage(event.choice("stage", tuple(Stage))),
        happened_at=event.time("hasPointInTime"),
        quantity=None if is_money else read_quantity(event),
        amount=read_price(event, currency) if is_money else None,
        action=event.choice("action", ACTIONS),
        name=event.maybe_text("name"),
        content=event.maybe_content(),
    )


def build_progress(message: Progress) -> JsonObject:
    amount = message.quantity and build_quantity(message.quantity)
    event = present(
        id=message.event_id,
        type="EconomicEvent",
        attributedTo=message.actor,
        action=message.action,
        fulfills=message.fulfills,
        stage=message.stage.value,
        resourceQuantity=amount or build_price(message.amount),
        hasPointInTime=format_time(message.happened_at),
        name=message.name,
        content=message.content,
        to=[message.to],
    )
    members = {"context": message.deal_id, "acceptDigest": message.accept_digest, "object": event}
    return build_activity(message, "Create", members)
