"""Group G, for quotes to plain accounts: what concludes one, and all that does not (`protocol §5`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from node.domain.errors import InvalidInput, Refusal
from node.domain.plain_quotes import PlainQuote, QuoteState
from node.domain.talking import Part, ThreadState
from node.services.clockwork import run_due
from node.services.plain_quotes import QuoteDraft, send_quote, withdraw_quote
from tests.security.peers import AS, DATA_INTEGRITY, PUBLIC, a_note
from tests.security.talking import (
    a_delete,
    a_quote_for,
    an_edit,
    another_quote,
    answers_to,
    quote_now,
    said,
    say_to,
    stock,
    threads,
)
from tests.security.world import World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def quote(world: World) -> PlainQuote:
    """The shop's quote to tess for its one bicycle, sent and received."""
    return await a_quote_for(world, world.t)


async def assert_open(world: World, quote: PlainQuote, reserved: str = "0") -> None:
    """Nothing was sold."""
    assert (await quote_now(world, quote)).state is QuoteState.OPEN
    assert await stock(world) == ("1", reserved)


async def assert_sold_once(world: World, quote: PlainQuote) -> None:
    assert (await quote_now(world, quote)).state is QuoteState.CONCLUDED
    assert await stock(world) == ("0", "0")
    confirmations = [words for words in answers_to(world.t) if f"cancel {quote.reference}" in words]
    assert len(confirmations) == 1


async def test_quote_is_a_direct_note_with_all_that_binds_for_one_account(
    world: World, quote: PlainQuote
) -> None:
    [note] = [one["object"] for one in world.t.received]
    assert (note["to"], note["cc"], note["type"]) == ([world.t.id], [], "Note")
    for part in ("North Kid 20, red", "260.00 EUR", "Collected", f"accept {quote.reference}", quote.secret):
        assert part in note["content"]
    [thread] = await threads(world)
    assert (thread.state, thread.length) == (ThreadState.ANSWERED, 2)


@pytest.mark.parametrize(
    "words",
    [
        "accept {}",
        '<a href="https://v.example/@shop" class="u-url mention">@<span>shop</span></a> Accept {}',
        "<strong>ACCEPT</strong>&nbsp;<br>{}",
    ],
)
async def test_exact_words_conclude_once_with_evidence_and_a_confirmation(
    world: World, quote: PlainQuote, words: str
) -> None:
    reference = quote.reference.lower() if words.endswith("}") else quote.reference
    created = await say_to(world, world.t, words.format(reference))
    await assert_sold_once(world, quote)
    sold = await quote_now(world, quote)
    assert (sold.accepted_by, sold.concluded_at) == (created["object"]["id"], world.clock.now)
    kept = await world.v.open.node.look(
        lambda desk: desk.tx.evidence.of_deal(world.v.actor("shop"), quote.id)
    )
    assert [one.kind for one in kept] == ["plain-quote", "plain-accept"]
    assert kept[1].key_id in (world.t.ed25519.id, world.t.rsa.id)
    assert created["object"]["id"].encode() in kept[1].body
    document = await world.v.open.node.look(lambda desk: desk.tx.documents.get(kept[1].document))
    assert document is not None
    assert document[0] == world.t.id
    assert kept[1].key_id.encode() in document[1]
    parts = [one.part for one in await said(world)]
    assert parts == [Part.WORDS, Part.QUOTE, Part.ACCEPTANCE, Part.AUTOMATIC]
    assert "quote-accepted" in [one.code for one in await world.v.notices("shop")]


async def test_acceptance_that_is_signed_by_the_request_alone_concludes(
    world: World, quote: PlainQuote
) -> None:
    created = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")
    created["@context"] = AS
    answered = await world.v.post(created, "", key=world.t.rsa, old_scheme=True)
    await world.v.settle()
    assert answered.status == 202
    await assert_sold_once(world, quote)


async def test_repeated_acceptance_changes_nothing_and_is_answered_once(
    world: World, quote: PlainQuote
) -> None:
    for _ in range(3):
        await say_to(world, world.t, f"accept {quote.reference}")
    await assert_sold_once(world, quote)
    assert len([words for words in answers_to(world.t) if "agreed already" in words]) == 1


async def test_same_delivery_twice_concludes_once(world: World, quote: PlainQuote) -> None:
    created = world.t.prove(a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}"))
    for inbox in ("shop", "", "shop"):
        assert (await world.v.post(created, inbox, key=world.t.ed25519)).status == 202
        await world.v.settle()
    await assert_sold_once(world, quote)
    assert len(answers_to(world.t)) == 2


async def test_late_acceptance_changes_nothing_and_is_answered_kindly(
    world: World, quote: PlainQuote
) -> None:
    world.clock.advance(days=2)
    await world.v.settle()
    assert (await quote_now(world, quote)).state is QuoteState.EXPIRED
    for _ in range(2):
        await say_to(world, world.t, f"accept {quote.reference}")
    assert (await quote_now(world, quote)).state is QuoteState.EXPIRED
    assert await stock(world) == ("1", "0")
    assert len([words for words in answers_to(world.t) if "has ended meanwhile" in words]) == 1


async def test_acceptance_that_came_in_time_and_waited_is_not_late(world: World, quote: PlainQuote) -> None:
    world.clock.advance(days=2, seconds=-1)
    created = world.t.prove(a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}"))
    assert (await world.v.post(created, "shop", key=world.t.ed25519)).status == 202
    world.clock.advance(seconds=30)
    await world.v.open.node.work(run_due)  # the clock strikes before the worker comes to it
    await world.v.settle()
    await assert_sold_once(world, quote)


async def test_reference_of_somebody_else_is_answered_as_one_that_does_not_exist(
    world: World, quote: PlainQuote
) -> None:
    namesake = world.peer("m.example", "tess")
    await say_to(world, namesake, f"accept {quote.reference}")
    await say_to(world, world.m, "accept 0000-0000")
    await assert_open(world, quote)
    [foreign], [unknown] = answers_to(namesake), answers_to(world.m)
    assert foreign.rsplit("</a>", 1)[1] == unknown.rsplit("</a>", 1)[1]
    await say_to(world, namesake, f"accept {quote.reference}")
    await say_to(world, namesake, "accept 1111-1111")
    assert len(answers_to(namesake)) == 1


async def test_namesake_on_the_same_host_is_somebody_else(world: World, quote: PlainQuote) -> None:
    await say_to(world, world.peer("t.example", "tess2"), f"accept {quote.reference}")
    await assert_open(world, quote)


async def test_edit_that_reads_like_an_acceptance_is_none(world: World, quote: PlainQuote) -> None:
    created = await say_to(world, world.t, "Nice weather")
    for after_s in (60, 120):
        edit = an_edit(world.t, created, f"accept {quote.reference}", after_s=after_s)
        await world.v.tell(world.t, edit, "shop")
    await assert_open(world, quote)
    assert len([words for words in answers_to(world.t) if "Only a new message" in words]) == 1
    edited_first = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")
    edited_first["object"]["updated"] = (world.clock.now + timedelta(seconds=9)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
    await world.v.tell(world.t, edited_first, "shop")
    await assert_open(world, quote)


@pytest.mark.parametrize(
    "changes",
    [
        {"quoteUrl": "https://m.example/notes/1"},
        {"quote": "https://m.example/notes/1"},
        {"summary": "not really"},
        {"attachment": [{"type": "Document", "mediaType": "image/png", "url": "https://t.example/no.png"}]},
        {"content": "<blockquote>accept {}</blockquote>"},
        {"content": "<p><del>accept {}</del></p>"},
        {"content": "<p><s>accept {}</s></p>"},
    ],
)
async def test_what_is_not_plainly_said_concludes_nothing(
    world: World, quote: PlainQuote, changes: dict[str, Any]
) -> None:
    if "content" in changes:
        changes = {"content": changes["content"].format(quote.reference)}
    await say_to(world, world.t, f"accept {quote.reference}", **changes)
    await assert_open(world, quote)
    assert "Only a new message" in answers_to(world.t)[-1]
    await say_to(world, world.t, f"accept {quote.reference}")
    await assert_sold_once(world, quote)


@pytest.mark.parametrize("words", ["I accept {}", "accept {} for 200", "don't accept {}", "accept", "{}"])
async def test_anything_else_is_a_message_and_gets_no_answer_by_itself(
    world: World, quote: PlainQuote, words: str
) -> None:
    await say_to(world, world.t, words.format(quote.reference))
    await assert_open(world, quote)
    assert len(answers_to(world.t)) == 1
    assert (await threads(world))[0].state is ThreadState.OPEN


async def test_copy_that_a_courier_brought_and_we_fetched_concludes_nothing(
    world: World, quote: PlainQuote
) -> None:
    created = a_note(world.t, PUBLIC, f"accept {quote.reference}")
    created["@context"] = AS
    for part in (created, created["object"]):
        part["cc"] = [world.v.actor("shop")]
    world.t.host.serve(created["id"].removeprefix("https://t.example"), created)
    answered = await world.v.post(created, "", key=world.m.rsa, old_scheme=True)
    await world.v.settle()
    assert answered.status == 202
    await assert_open(world, quote)
    assert f"<p>accept {quote.reference}</p>" in [one.content for one in await said(world)]
    assert "Only a new message" in answers_to(world.t)[-1]


async def test_announce_of_an_acceptance_concludes_nothing(world: World, quote: PlainQuote) -> None:
    note = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")["object"]
    for shared in (note, note["id"]):
        announced = {
            "@context": [AS, DATA_INTEGRITY], "id": world.t.fresh(), "type": "Announce",
            "actor": world.t.id, "to": [PUBLIC], "cc": [world.v.actor("shop")], "object": shared,
        }  # fmt: skip
        await world.v.tell(world.t, announced, "shop")
    await assert_open(world, quote)


async def test_acceptance_in_the_persons_name_on_another_inbox_of_the_node_is_not_the_shops(
    world: World, quote: PlainQuote
) -> None:
    created = a_note(world.t, world.v.actor("ana"), f"accept {quote.reference}")
    await world.v.tell(world.t, created, "ana")
    await assert_open(world, quote)


# --- stock ------------------------------------------------------------------------------------------------


async def test_last_one_is_sold_to_one_of_two(world: World, quote: PlainQuote) -> None:
    await say_to(world, world.m, "And for me?")
    other = await another_quote(world, world.m)
    await say_to(world, world.m, f"accept {other.reference}")
    await say_to(world, world.t, f"accept {quote.reference}")
    assert (await quote_now(world, other)).state is QuoteState.CONCLUDED
    assert (await quote_now(world, quote)).state is QuoteState.OPEN
    assert await stock(world) == ("0", "0")
    assert "sold out" in answers_to(world.t)[-1]
    assert "quote-sold-out" in [one.code for one in await world.v.notices("shop")]


async def test_firm_quote_holds_its_stock_until_its_end(world: World) -> None:
    quote = await a_quote_for(world, world.t, firm=True)
    assert await stock(world) == ("1", "1")
    await say_to(world, world.m, "And for me?")
    with pytest.raises(Refusal):
        await another_quote(world, world.m, firm=True)
    with pytest.raises(InvalidInput):
        await withdraw(world, quote)
    world.clock.advance(days=2)
    await world.v.settle()
    assert await stock(world) == ("1", "0")


async def test_firm_quote_is_sold_from_what_it_held(world: World) -> None:
    quote = await a_quote_for(world, world.t, firm=True)
    await say_to(world, world.t, f"accept {quote.reference}")
    await assert_sold_once(world, quote)


async def withdraw(world: World, quote: PlainQuote) -> PlainQuote:
    account = world.v.accounts["shop"]
    return await world.v.open.node.work(lambda desk: withdraw_quote(desk, account, quote.reference))


async def test_quote_that_was_taken_back_sells_nothing(world: World, quote: PlainQuote) -> None:
    await withdraw(world, quote)
    await say_to(world, world.t, f"accept {quote.reference}")
    assert (await quote_now(world, quote)).state is QuoteState.WITHDRAWN
    assert "was taken back" in answers_to(world.t)[-1]
    with pytest.raises(InvalidInput):
        await withdraw(world, quote)


# --- cancelling -------------------------------------------------------------------------------------------


async def test_sale_is_cancelled_within_the_hour_and_its_stock_is_free(
    world: World, quote: PlainQuote
) -> None:
    await say_to(world, world.t, f"accept {quote.reference}")
    world.clock.advance(minutes=59)
    await say_to(world, world.t, f"cancel {quote.reference}")
    assert (await quote_now(world, quote)).state is QuoteState.CANCELLED
    assert await stock(world) == ("1", "0")
    assert "is cancelled" in answers_to(world.t)[-1]
    await say_to(world, world.t, f"accept {quote.reference}")
    assert (await quote_now(world, quote)).state is QuoteState.CANCELLED
    assert await stock(world) == ("1", "0")


async def test_sale_is_not_cancelled_after_the_hour_nor_by_another(world: World, quote: PlainQuote) -> None:
    await say_to(world, world.t, f"accept {quote.reference}")
    await say_to(world, world.m, f"cancel {quote.reference}")
    world.clock.advance(minutes=60)
    await say_to(world, world.t, f"cancel {quote.reference}")
    await assert_sold_once(world, quote)
    assert "within an hour" in answers_to(world.t)[-1]


async def test_deleted_acceptance_stays_concluded(world: World, quote: PlainQuote) -> None:
    created = await say_to(world, world.t, f"accept {quote.reference}")
    await world.v.tell(world.t, a_delete(world.t, created["object"]["id"]), "shop")
    await assert_sold_once(world, quote)


# --- what a vendor types ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"goods": " "}, "goods"),
        ({"goods": "x" * 501}, "goods"),
        ({"terms": "x" * 1001}, "terms"),
        ({"sku": "NONE"}, "sku"),
        ({"ends_at": timedelta(0)}, "until"),
        ({"ends_at": timedelta(days=31)}, "until"),
    ],
)
async def test_quote_that_cannot_be_sent_says_what_would_be_right(
    world: World, quote: PlainQuote, changes: dict[str, Any], field: str
) -> None:
    if "ends_at" in changes:
        changes = {"ends_at": world.clock.now + changes["ends_at"]}
    with pytest.raises(InvalidInput) as caught:
        await another_quote(world, world.t, **changes)
    assert caught.value.field == field


async def test_person_sends_no_quotes_and_a_price_is_above_nothing(world: World, quote: PlainQuote) -> None:
    with pytest.raises(InvalidInput) as caught:
        await another_quote(world, world.t, price=replace(quote.price, amount_minor=0))
    assert caught.value.field == "price"
    ana, [thread] = world.v.accounts["ana"], await threads(world)

    def send(desk: Any) -> PlainQuote:
        return send_quote(desk, ana, thread, draft)

    draft = QuoteDraft(goods="x", quantity=quote.quantity, price=quote.price, ends_at=quote.ends_at)
    with pytest.raises(InvalidInput) as caught:
        await world.v.open.node.work(send)
    assert caught.value.field == "account"
