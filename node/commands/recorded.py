"""Offers that a person takes from messages: writing one down, marking it as taken, removing it."""

from __future__ import annotations

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.references import customer_for
from node.commands.registry import Commands
from node.commands.shown import shown_money
from node.commands.talking import thread_for
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.domain.intents import Intent
from node.domain.offers import Meets
from node.domain.plain_casts import HandDraft, HandOffer, PlainCast
from node.domain.values import format_time
from node.services.hand_offers import cast_of_thread, mark_taken, record_offer, remove_offer
from node.services.plain_casts import link_of

__all__ = ["COMMANDS", "shown_cast", "shown_hand_offer"]

COMMANDS = Commands()


def shown_cast(desk: Desk, cast: PlainCast) -> JsonObject:
    """What one account without a node was told, and whether it has answered."""
    thread = desk.tx.threads.get(cast.account, cast.thread) if cast.thread else None
    return {
        "peer": cast.vendor.shown,
        "actor": cast.vendor.actor,
        "state": cast.state.value,
        "thread": cast.thread,
        "answered": thread is not None and thread.heard > 0,
        "text": cast.words,
        "page": link_of(desk, cast),
        "leaves_at": format_time(cast.leaves_at),
        "ends_at": format_time(cast.ends_at),
    }


def shown_hand_offer(desk: Desk, offer: HandOffer) -> JsonObject:
    """An offer as it was taken from a message; it is always said that nobody signed it."""
    return {
        "id": offer.id,
        "peer": offer.vendor.shown,
        "actor": offer.vendor.actor,
        "thread": offer.thread,
        "source": offer.source,
        "goods": offer.goods,
        "quantity": str(offer.quantity),
        "price": shown_money(offer.price) if offer.price is not None else None,
        "delivery": offer.delivery,
        "ends_at": format_time(offer.ends_at) if offer.ends_at is not None else None,
        "meets": {answer.wish: answer.meets.value for answer in offer.answers},
        "note": offer.note,
        "recorded_at": format_time(offer.recorded_at),
        "taken_at": format_time(offer.taken_at) if offer.taken_at is not None else None,
        "open": offer.is_open(desk.now),
        "signed": False,
    }


@COMMANDS.command("talk.record", "thread goods quantity price delivery until meets note source")
async def record(node: Node, arguments: Arguments) -> JsonObject:
    """Write down what a message offers; nobody signed it, and it binds nobody."""

    def work(desk: Desk) -> JsonObject:
        account = customer_for(desk, arguments)
        thread = thread_for(desk, account, arguments)
        intent = cast_of_thread(desk, account, thread.id)[1]
        draft = _draft(desk, intent, arguments)
        source = arguments.maybe_text("source", 2000) or ""
        return shown_hand_offer(desk, record_offer(desk, account, thread.id, draft, source=source))

    return await node.work(work)


def _draft(desk: Desk, intent: Intent, arguments: Arguments) -> HandDraft:
    return HandDraft(
        goods=arguments.text("goods", 500),
        quantity=arguments.maybe_quantity("quantity") or intent.quantity,
        price=arguments.maybe_money("price", intent.currency),
        delivery=arguments.maybe_text("delivery", 500) or "",
        ends_at=arguments.maybe_when("until", desk.signing_time),
        meets=_meets(arguments),
        note=arguments.maybe_text("note", 2000) or "",
    )


def _meets(arguments: Arguments) -> dict[str, Meets]:
    judged = {}
    for wish, word in arguments.mapping("meets").items():
        if word not in list(Meets):
            right = f"Write {wish}= and one of {', '.join(Meets)}."
            raise InvalidInput("meets", f"{word!r} is not known", right)
        judged[wish] = Meets(word)
    return judged


def _offer_id(desk: Desk, account: Account, arguments: Arguments) -> str:
    """The offer that a user names by its id or the end of it. Raises: InvalidInput."""
    named = arguments.text("offer", 100)
    if desk.tx.hand_offers.get(account.id, named) is not None or len(named) < 4:
        return named
    listed = desk.tx.hand_offers.page(account.id, limit=500)
    found = [offer.id for _, offer in listed if offer.id.endswith(named)]
    return found[0] if len(found) == 1 else named


@COMMANDS.command("talk.recorded", reads=True)
async def list_recorded(node: Node, arguments: Arguments) -> JsonObject:
    """Offers that were taken from messages, newest first."""

    def view(desk: Desk) -> list[JsonObject]:
        page = desk.tx.hand_offers.page(customer_for(desk, arguments).id, limit=200)
        return [shown_hand_offer(desk, offer) for _, offer in page]

    return {"recorded": await node.look(view)}


@COMMANDS.command("talk.recorded.take", "offer tell_others")
async def take(node: Node, arguments: Arguments) -> JsonObject:
    """Mark it as taken; with `tell_others` whoever may still answer hears that it is decided."""
    tell_others = arguments.flag("tell_others")

    def work(desk: Desk) -> JsonObject:
        account = customer_for(desk, arguments)
        offer_id = _offer_id(desk, account, arguments)
        offer, told = mark_taken(desk, account, offer_id, tell_others=tell_others)
        return {**shown_hand_offer(desk, offer), "told": told}

    return await node.work(work)


@COMMANDS.command("talk.recorded.remove", "offer")
async def remove(node: Node, arguments: Arguments) -> JsonObject:
    """Take a record away; nobody is told."""

    def work(desk: Desk) -> JsonObject:
        account = customer_for(desk, arguments)
        offer_id = _offer_id(desk, account, arguments)
        remove_offer(desk, account, offer_id)
        return {"removed": offer_id}

    return await node.work(work)
