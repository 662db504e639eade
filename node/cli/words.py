"""How deals are told to people: states in words, short references, and what is typed taken apart."""

from __future__ import annotations

import re
from typing import Any

from federation.messages import JsonObject
from node.cli.front import Front
from node.cli.render import ago, money, short_id
from node.domain.errors import InvalidInput
from node.domain.feedback import MOODS

__all__ = [
    "deal_line",
    "item_words",
    "offer_words",
    "pairs",
    "parse_aspect",
    "parse_wish",
    "state_words",
    "tell_deal",
]

_CUSTOMER = {
    "open": "waiting for an answer",
    "offered": "offered: yours to answer",
    "countered": "countered, waiting for a new offer",
    "ordered": "ordered, waiting for the shop's node",
    "accepting": "accepted, waiting for the shop's node",
    "no bid": "no bid",
}
_VENDOR = {
    "open": "open: waits for your offer",
    "offered": "offered, waiting for the customer",
    "countered": "countered: waits for your answer",
    "accepting": "accepted, being concluded",
    "no bid": "no bid by you",
}
_BOTH = {
    "concluded": "concluded: agreed by both",
    "cancelling": "concluded; a cancellation waits for an answer",
    "confirmed": "confirmed: all received",
    "refused": "refused by the other node",
}


def state_words(deal: JsonObject) -> str:
    """The state of a deal, as its own side sees it."""
    state = str(deal["state"])
    own = _CUSTOMER if deal["side"] == "customer" else _VENDOR
    words = own.get(state) or _BOTH.get(state) or state
    if state == "refused" and deal["refused"]:
        words += f" ({deal['refused']})"
    if state == "confirmed" and deal["presumed"]:
        words = "confirmed: presumed, since nobody objected in time"
    if state.startswith("declined") and deal["decline_reason"]:
        words += f" (reason: {deal['decline_reason']})"
    return words


def deal_line(deal: JsonObject) -> str:
    """One deal in one line: its reference, the other party, its state."""
    return f"{short_id(deal['id'])}  {deal['peer_name']}: {state_words(deal)}"


def tell_deal(front: Front, done: str, deal: JsonObject) -> None:
    """Say what was done, and how the deal stands now."""

    def people(front: Front, deal: JsonObject) -> None:
        front.say(done)
        front.say(deal_line(deal))

    front.show(deal, people)


def item_words(offer: JsonObject) -> str:
    """What is offered: quantity and name, with its condition where that is said."""
    item = offer["item"] or {}
    name = str(item.get("name") or "as asked for")
    condition = f" ({item['condition']})" if item.get("condition") else ""
    count = "" if offer["quantity"] == "1" else f"{offer['quantity']} × "
    return f"{count}{name}{condition}"


def offer_words(offer: JsonObject) -> str:
    """One offer in one line."""
    firm = ", firm" if offer["firm"] else ""
    return f"{money(offer['price'])} for {item_words(offer)}, ends {ago(offer['ends_at'])}{firm}"


# --- what is typed ----------------------------------------------------------------------------------------

_STRUCTURED = re.compile(r"(.*?)\s*\[\s*(\S+)\s+(\S+)\s+(.+?)\s*\]", re.DOTALL)
_WISH_RIGHT = (
    "Write words, and in brackets what a machine can judge: 'for 115 cm [bodyHeight fits 115 centimetre]'."
)


def parse_wish(text: str, weight: str) -> JsonObject:
    """A wish as typed: words, with `[property op value unit]` behind them where a machine can judge it.

    Raises: InvalidInput.
    """
    if "[" not in text:
        return {"wish": text, "weight": weight}
    found = _STRUCTURED.fullmatch(text.strip())
    if found is None or found[3] not in ("is", "min", "max", "fits"):
        raise InvalidInput(weight, f"{text!r} cannot be read", _WISH_RIGHT)
    words, prop, op, rest = found.groups()
    value, _, unit = (rest, "", "") if op == "is" else rest.partition(" ")
    judged = {"property": prop, "op": op, "value": value, "unit": unit.strip() or None}
    return {"wish": words or f"{prop} {op} {rest}", "weight": weight, **judged}


def pairs(given: tuple[str, ...], option: str, right: str) -> dict[str, str]:
    """`NAME=VALUE`, several of them. Raises: InvalidInput."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise InvalidInput(option, f"{text!r} cannot be read", right)
        found[name.strip()] = value.strip().strip('"')
    return found


def parse_aspect(text: str) -> dict[str, Any]:
    """`NAME="words":mood`, words and mood as one likes."""
    head, colon, mood = text.rpartition(":")
    named, mood = (head, mood.strip()) if colon and mood.strip() in MOODS else (text, "")
    name, _, words = named.partition("=")
    return {"name": name.strip(), "text": words.strip().strip('"') or None, "mood": mood or None}
