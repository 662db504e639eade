"""What tests of conversations say and look at: Notes of played people, threads and quotes of V."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from node.domain.plain_quotes import PlainQuote
from node.domain.talking import Thread, Utterance
from node.domain.values import Money, Quantity
from node.services.plain_quotes import QuoteDraft, send_quote
from tests.security.peers import AS, DATA_INTEGRITY, PUBLIC, Peer, a_note
from tests.security.world import World

__all__ = [
    "CATALOGUE",
    "a_delete",
    "a_quote_for",
    "an_edit",
    "another_quote",
    "answers_to",
    "quote_now",
    "said",
    "say_to",
    "stock",
    "threads",
]

CATALOGUE = """\
sku,name,category,price,currency,stock
NK20,North Kid 20,https://www.wikidata.org/wiki/Q11442,279.00,EUR,1
"""


async def said(world: World, account: str = "shop") -> list[Utterance]:
    """All that an account of V has in its threads."""
    actor = world.v.actor(account)

    def look(desk: Any) -> list[Utterance]:
        found = [thread for _, thread in desk.tx.threads.page(actor)]
        return [one for thread in found for one in desk.tx.threads.said_in(actor, thread.id)]

    return await world.v.open.node.look(look)


async def threads(world: World, account: str = "shop") -> list[Thread]:
    """Newest change first."""
    actor = world.v.actor(account)
    page = await world.v.open.node.look(lambda desk: desk.tx.threads.page(actor, limit=10_000))
    return [thread for _, thread in page]


async def say_to(world: World, sender: Peer, text: str, **changes: Any) -> dict[str, Any]:
    """A direct Note to the shop, that V has worked on; `changes` are of the Note itself."""
    created = a_note(sender, world.v.actor("shop"), text)
    created["object"].update(changes)
    answered = await world.v.tell(sender, created, "shop")
    assert answered.status == 202, answered.body
    return created


def an_edit(sender: Peer, created: dict[str, Any], text: str, *, after_s: int = 60, **changes: Any) -> Any:
    """An Update of a Note that was sent, as its author's server sends it."""
    updated = (sender.host.clock.now + timedelta(seconds=after_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
    note = {**created["object"], "content": f"<p>{text}</p>", "updated": updated, **changes}
    return {
        "@context": [AS, DATA_INTEGRITY],
        "id": sender.fresh(),
        "type": "Update",
        "actor": sender.id,
        "to": created["to"],
        "object": note,
    }


def a_delete(sender: Peer, note_id: str) -> dict[str, Any]:
    return {
        "@context": [AS, DATA_INTEGRITY],
        "id": sender.fresh(),
        "type": "Delete",
        "actor": sender.id,
        "to": [PUBLIC],
        "object": {"id": note_id, "type": "Tombstone"},
    }


async def a_quote_for(world: World, customer: Peer, **over: Any) -> PlainQuote:
    """The customer has asked, and the shop has sent a quote for the one bicycle that it has."""
    await world.v.command("catalogue.import", csv=CATALOGUE)
    await say_to(world, customer, "What does the red one cost?")
    return await another_quote(world, customer, **over)


async def another_quote(world: World, customer: Peer, **over: Any) -> PlainQuote:
    account = world.v.accounts["shop"]
    thread = next(one for one in await threads(world) if one.peer.actor == customer.id)
    values: dict[str, Any] = {
        "goods": "North Kid 20, red",
        "quantity": Quantity(Decimal(1), "one"),
        "price": Money(26000, "EUR"),
        "ends_at": world.clock.now + timedelta(days=2),
        "sku": "NK20",
        "terms": "Collected at the shop.",
    }
    draft = QuoteDraft(**{**values, **over})
    quote = await world.v.open.node.work(lambda desk: send_quote(desk, account, thread, draft))
    await world.v.settle()
    return quote


async def quote_now(world: World, quote: PlainQuote) -> PlainQuote:
    """The quote as V holds it now."""
    found = await world.v.open.node.look(lambda desk: desk.tx.plain_quotes.find(quote.reference))
    assert found is not None
    return found


async def stock(world: World, sku: str = "NK20") -> tuple[str, str]:
    """(stock, reserved) of an item of the shop."""
    actor = world.v.actor("shop")
    item = await world.v.open.node.look(lambda desk: desk.tx.catalogue.get(actor, sku))
    assert item is not None
    return f"{item.stock:f}", f"{item.reserved:f}"


def answers_to(peer: Peer) -> list[str]:
    """The words of all Notes that V has sent to somebody, the oldest first."""
    return [one["object"]["content"] for one in peer.received if one["type"] == "Create"]
