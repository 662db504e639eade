"""Conversations between two nodes of different people: by the commands, over the wire, into threads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from node.domain.notes import Visibility
from node.lookups import find_contact
from node.services.posting import Saying, say
from node.store.following import Shun
from node.store.ports import Post

pytestmark = pytest.mark.anyio
NORTH = "https://north.example/actors/north"
ANA = "https://ana.example/actors/ana"


async def speak(world: Any, home: Any, text: str, to: str = "north", **over: Any) -> Post:
    """Let the account of a home say something to one on another node, and let it arrive."""
    account = await home.node.look(lambda desk: desk.tx.accounts.by_name(home.name))
    contact = await find_contact(home.node, account, f"@{to}@{to}.example")
    values: dict[str, Any] = {"visibility": Visibility.DIRECT, "mentioned": (contact,), **over}
    post: Post = await home.node.work(lambda desk: say(desk, account, Saying(text=text, **values)))
    await world.settle()
    return post


async def only_thread(home: Any) -> dict[str, Any]:
    listed = (await home.ask("talk.list", all=True))["threads"]
    assert len(listed) == 1, listed
    shown: dict[str, Any] = await home.ask("talk.show", thread=listed[0]["id"])
    return shown


@pytest.fixture
async def homes(world: Any, shop: Any) -> tuple[Any, Any]:
    return await world.person("ana"), await shop.stocked("north")


@pytest.mark.parametrize("visibility", list(Visibility))
async def test_what_is_said_to_a_vendor_becomes_a_thread_and_its_answer_goes_back_as_it_was_said(
    world: Any, homes: Any, visibility: Visibility
) -> None:
    ana, north = homes
    post = await speak(world, ana, "Do you mend wheels?", visibility=visibility)
    thread = await only_thread(north)
    assert (thread["peer"], thread["state"], thread["unread"]) == ("@ana@ana.example", "open", 1)
    [said] = thread["said"]
    assert (said["id"], said["visibility"], said["by"]) == (post.id, visibility.value, "them")
    await north.ask("talk.answer", thread=thread["id"][-6:], text="Yes, on Fridays.")
    await world.settle()
    thread = await only_thread(north)
    assert (thread["state"], thread["unread"]) == ("answered", 0)
    assert (thread["said"][1]["visibility"], thread["said"][1]["delivery"]) == (visibility.value, "delivered")
    hers = await only_thread(ana)
    assert "Yes, on Fridays." in hers["said"][-1]["text"]
    note = await north.node.look(lambda desk: desk.tx.posts.get(thread["said"][1]["id"]))
    assert note.in_reply_to == post.id
    assert note.context == post.context


async def test_a_conversation_goes_on_in_one_thread_on_both_sides(world: Any, homes: Any) -> None:
    ana, north = homes
    await speak(world, ana, "Do you mend wheels?")
    for turn in range(3):
        thread = await only_thread(north)
        await north.ask("talk.answer", thread=thread["id"], text=f"Answer {turn}")
        await world.settle()
        hers = await only_thread(ana)
        await ana.ask("talk.answer", thread=hers["id"], text=f"Question {turn}")
        await world.settle()
    assert len((await only_thread(north))["said"]) == 7
    assert len((await only_thread(ana))["said"]) == 7


async def test_answer_that_more_could_read_is_sent_only_where_it_is_meant(
    world: Any, homes: Any, refused: Any
) -> None:
    ana, north = homes
    await speak(world, ana, "Between us")
    thread = await only_thread(north)
    for visibility in ("followers", "unlisted", "public"):
        with pytest.raises(refused) as caught:
            await north.ask("talk.answer", thread=thread["id"], text="To all", visibility=visibility)
        assert caught.value.error["field"] == "visibility"
    await north.ask("talk.answer", thread=thread["id"], text="To all", visibility="public", wider=True)
    assert (await only_thread(north))["said"][1]["visibility"] == "public"


async def test_what_was_written_before_there_was_a_thread_stands_in_it_once_it_is_answered(
    world: Any, homes: Any
) -> None:
    ana, north = homes
    await speak(world, ana, "Do you mend wheels?")
    await north.ask("talk.answer", thread=(await only_thread(north))["id"], text="We do.")
    await world.settle()
    said = (await only_thread(ana))["said"]
    assert [one["by"] for one in said] == ["us", "them"]
    assert said[0]["text"].endswith("Do you mend wheels?")


async def test_direct_messages_that_answer_nothing_go_on_with_the_last_one_for_a_while(
    world: Any, homes: Any
) -> None:
    ana, north = homes
    await speak(world, ana, "One")
    await speak(world, ana, "Two")
    assert len((await only_thread(north))["said"]) == 2
    world.clock.forward(days=4)
    await speak(world, ana, "Three")
    assert len((await north.ask("talk.list"))["threads"]) == 2


async def test_closed_thread_opens_again_by_what_they_say(world: Any, homes: Any) -> None:
    ana, north = homes
    await speak(world, ana, "One")
    thread = await only_thread(north)
    await north.ask("talk.close", thread=thread["id"])
    assert (await north.ask("talk.list"))["threads"] == []
    assert (await north.ask("talk.open", thread=thread["id"]))["state"] == "open"
    await north.ask("talk.answer", thread=thread["id"], text="Two")
    await north.ask("talk.close", thread=thread["id"])
    assert (await north.ask("talk.open", thread=thread["id"]))["state"] == "answered"
    await world.settle()
    hers = await only_thread(ana)
    await north.ask("talk.close", thread=thread["id"])
    await ana.ask("talk.answer", thread=hers["id"], text="Three")
    await world.settle()
    assert (await only_thread(north))["state"] == "open"


async def test_reply_to_a_post_begins_a_thread_with_who_wrote_it(world: Any, homes: Any) -> None:
    ana, north = homes
    post = await speak(world, north, "We have milk.", to="ana", visibility=Visibility.PUBLIC, mentioned=())
    account = await ana.node.look(lambda desk: desk.tx.accounts.by_name("ana"))
    contact = await find_contact(ana.node, account, "@north@north.example")
    await speak(world, ana, "Fresh?", visibility=Visibility.PUBLIC, mentioned=(contact,), in_reply_to=post.id)
    [said] = (await only_thread(north))["said"]
    assert said["text"].endswith("Fresh?")


async def test_blocked_and_muted_people_are_not_heard(world: Any, homes: Any) -> None:
    ana, north = homes
    for muted in (True, False):
        shun = Shun(NORTH, ANA, world.clock(), is_muted=muted, is_blocked=not muted)
        await north.node.work(lambda desk, shun=shun: desk.tx.shunned.save(shun))
        await speak(world, ana, "Hello")
        assert (await north.ask("talk.list", all=True))["threads"] == []


async def test_both_accounts_that_are_named_hear_it_once(world: Any, shop: Any) -> None:
    ana = await world.person("ana")
    town = await world.node("town", north="vendor", south="vendor")
    account = await ana.node.look(lambda desk: desk.tx.accounts.by_name("ana"))
    named = [await find_contact(ana.node, account, f"@{name}@town.example") for name in ("north", "south")]
    saying = Saying(text="Who mends wheels?", visibility=Visibility.PUBLIC, mentioned=tuple(named))
    await ana.node.work(lambda desk: say(desk, account, saying))
    await world.settle()
    for name in ("north", "south"):
        listed = (await town.ask("talk.list", account=name))["threads"]
        assert [(one["peer"], one["length"]) for one in listed] == [("@ana@ana.example", 1)]


async def test_search_finds_a_conversation_by_whom_it_is_with(world: Any, homes: Any) -> None:
    ana, north = homes
    await speak(world, ana, "Hello")
    assert len((await north.ask("talk.list", search="ANA"))["threads"]) == 1
    assert (await north.ask("talk.list", search="bea"))["threads"] == []


@pytest.mark.parametrize("thread", ["nowhere", "x", "zzzzzz"])
async def test_conversation_that_is_not_there_is_named(homes: Any, refused: Any, thread: str) -> None:
    _, north = homes
    with pytest.raises(refused) as caught:
        await north.ask("talk.show", thread=thread)
    assert caught.value.error["field"] == "thread"


# --- quotes -----------------------------------------------------------------------------------------------


async def test_quote_is_sent_accepted_and_listed_by_the_commands(world: Any, homes: Any) -> None:
    ana, north = homes
    await speak(world, ana, "What is the red one?")
    thread = await only_thread(north)
    made = await north.ask("talk.quote", thread=thread["id"], sku="NK20", quantity="2", terms="Collected.")
    in_all = {"amount": "568.00", "currency": "EUR"}  # twice 279.00, and delivery for 10.00
    assert (made["price"], made["quantity"]) == (in_all, "2")
    await world.settle()
    hers = await only_thread(ana)
    assert made["reference"] in hers["said"][-1]["text"]
    await ana.ask("talk.answer", thread=hers["id"], text=f"accept {made['reference']}")
    await world.settle()
    [sold] = (await north.ask("talk.quotes"))["quotes"]
    assert (sold["state"], sold["signed_by"]) == ("concluded", "the customer's server")
    assert await north.stock("NK20") == ("1", "0")
    assert "cancel" in (await only_thread(ana))["said"][-1]["text"]
    await ana.ask("talk.answer", thread=hers["id"], text=f"cancel {made['reference']}")
    await world.settle()
    assert (await north.ask("talk.quotes"))["quotes"] == []
    [cancelled] = (await north.ask("talk.quotes", all=True))["quotes"]
    assert cancelled["state"] == "cancelled"
    assert await north.stock("NK20") == ("3", "0")


async def test_quote_in_words_is_taken_back_by_its_reference(world: Any, homes: Any, refused: Any) -> None:
    ana, north = homes
    await speak(world, ana, "Would you paint it?")
    thread = await only_thread(north)
    made = await north.ask(
        "talk.quote", thread=thread["id"], goods="Painting", price="40 EUR", valid="1d", language="de"
    )
    assert made["ends_at"] == f"{world.clock() + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    await world.settle()
    assert "Zum Kaufen" in (await only_thread(ana))["said"][-1]["text"]
    taken = await north.ask("talk.quote.withdraw", reference=made["reference"].lower().replace("-", ""))
    assert taken["state"] == "withdrawn"
    with pytest.raises(refused):
        await north.ask("talk.quote.withdraw", reference="0000-0000")


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ({"goods": "Painting"}, "price"),
        ({"price": "40 EUR"}, "goods"),
        ({"sku": "NONE"}, "sku"),
        ({"sku": "NK20", "quantity": "1.5"}, "quantity"),
        ({"sku": "NK20", "quantity": "999999999999"}, "quantity"),
        ({"sku": "MILK", "price": "-1"}, "price"),
        ({"goods": "x", "price": "1 EUR", "valid": "90d"}, "until"),
    ],
)
async def test_quote_that_cannot_be_sent_names_the_field(
    world: Any, homes: Any, refused: Any, args: dict[str, Any], field: str
) -> None:
    ana, north = homes
    await speak(world, ana, "Hello")
    thread = await only_thread(north)
    with pytest.raises(refused) as caught:
        await north.ask("talk.quote", thread=thread["id"], **args)
    assert caught.value.error["field"] == field
    assert (await north.ask("talk.quotes", all=True))["quotes"] == []
