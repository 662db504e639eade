"""Group G, for what accounts without a node are told: who gets it, what leaves, and what binds nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from federation.messages import HttpMessage
from node.commands import answer, build_commands
from node.domain.intents import IntentState
from node.domain.plain_casts import CastState
from node.domain.talking import Part
from node.domain.values import parse_quantity
from node.services.clockwork import next_wake, run_due
from node.services.composing import cast_draft, draft_of
from node.services.holding import send_now, take_back
from node.services.intents import Wanted, cast_intent
from node.services.shunning import Shunnable, mute
from node.workflows.lookups import find_contact
from tests.security.peers import Peer, a_note
from tests.security.talking import an_edit, answers_to, said, threads
from tests.security.world import World

pytestmark = pytest.mark.anyio

BICYCLE = "https://www.wikidata.org/wiki/Q11442"
WISHES = [{"wish": "red", "weight": "nice"}, {"wish": "for a child of 115 cm", "weight": "must"}]


@pytest.fixture
def shop(world: World) -> Peer:
    """A shop on a server that is no Obverse node."""
    made = world.peer("mastodon.example", "shop", rsa=2)
    for name in ("implements", "generator"):
        made.document.pop(name, None)
    return made


async def ask(world: World, command: str, /, **arguments: Any) -> Any:
    answered = await answer(build_commands(), world.v.open.node, command, arguments)
    assert "result" in answered, answered
    return answered["result"]


async def cast(world: World, **over: Any) -> Any:
    values: dict[str, Any] = {
        "account": "ana",
        "name": "Child bicycle",
        "category": BICYCLE,
        "as_message": ["@shop@mastodon.example"],
        "budget": "300 EUR",
        "wishes": WISHES,
    }
    made = await ask(world, "intent.cast", **{**values, **over})
    await world.v.settle()
    return made


async def look(world: World, path: str) -> Any:
    return await world.v.ask(HttpMessage.request("GET", f"{world.v.base}{path}", {"accept": "text/html"}))


async def refusal(world: World, command: str, **arguments: Any) -> Any:
    answered = await answer(build_commands(), world.v.open.node, command, arguments)
    assert "error" in answered, answered
    return answered["error"]


async def shown(world: World, intent: Any) -> Any:
    return await ask(world, "intent.show", account="ana", intent=intent["id"])


async def replies(world: World, shop: Peer, text: str = "Yes: 260 euros, on Friday.") -> Any:
    """The shop answers what it received last, as its server sends it."""
    asked = shop.received[-1]["object"]
    created = a_note(shop, world.v.actor("ana"), text)
    created["object"] |= {"inReplyTo": asked["id"], "context": asked["context"]}
    assert (await world.v.tell(shop, created, "ana")).status == 202
    await world.v.settle()
    return created


async def record(world: World, **over: Any) -> Any:
    [thread] = await threads(world, "ana")
    values = {"account": "ana", "thread": thread.id, "goods": "Norrland Kid 340", "price": "260.00"}
    return await ask(world, "talk.record", **{**values, **over})


# --- who gets it, and what --------------------------------------------------------------------------------


async def test_account_without_a_node_gets_the_intent_in_words_from_the_account_itself(
    world: World, shop: Peer
) -> None:
    intent = await cast(world)
    [created] = shop.received
    note = created["object"]
    assert (created["type"], created["actor"], note["attributedTo"]) == (
        "Create",
        world.v.actor("ana"),
        world.v.actor("ana"),
    )
    assert (note["type"], note["to"], note["cc"]) == ("Note", [shop.id], [])
    for part in ("Child bicycle", "red", "115 cm (a must)", "SD-BASE-DP", "Offers in EUR", "/asked/"):
        assert part in note["content"], part
    assert "300" not in note["content"]
    [told] = intent["messages"]
    assert (told["peer"], told["state"], told["answered"]) == ("@shop@mastodon.example", "sent", False)
    assert intent["deals"] == []


async def test_budget_is_told_where_she_shares_it(world: World, shop: Peer) -> None:
    await cast(world, share_budget=True)
    assert "Up to 300.00 EUR" in answers_to(shop)[0]


async def test_account_without_a_node_gets_nothing_by_accident(world: World, shop: Peer) -> None:
    error = await refusal(
        world, "intent.cast", account="ana", name="Child bicycle", category=BICYCLE, currency="EUR",
        to=["@shop@mastodon.example"],
    )  # fmt: skip
    assert "--as-message" in error["right"]
    await world.v.settle()
    assert shop.received == []


async def test_node_is_never_told_by_a_message_that_names_the_account(world: World) -> None:
    error = await refusal(
        world, "intent.cast", account="ana", name="Child bicycle", category=BICYCLE, currency="EUR",
        as_message=["@tess@t.example"],
    )  # fmt: skip
    assert "--to" in error["right"]
    await world.v.settle()
    assert world.t.received == []


async def test_whoever_is_not_heard_is_not_asked(world: World, shop: Peer) -> None:
    account = world.v.accounts["ana"]
    await world.v.open.node.work(
        lambda desk: mute(desk, account, Shunnable(shop.id, "@shop@mastodon.example"))
    )
    error = await refusal(
        world, "intent.cast", account="ana", name="Child bicycle", category=BICYCLE, currency="EUR",
        as_message=["@shop@mastodon.example"],
    )  # fmt: skip
    assert error["field"] == "as_message"


async def test_whoever_lives_on_a_blocked_server_is_not_asked(world: World, shop: Peer) -> None:
    await cast(world)
    await ask(world, "block.add", domain="mastodon.example")
    error = await refusal(
        world, "intent.cast", account="ana", name="Helmet", category=BICYCLE, currency="EUR",
        as_message=["@shop@mastodon.example"],
    )  # fmt: skip
    assert (error["field"], error["right"]) == ("as_message", "Unblock it first, or leave it out.")
    await world.v.settle()
    assert len(shop.received) == 1


async def test_page_of_the_link_says_the_same_to_whoever_has_it_and_to_nobody_else(
    world: World, shop: Peer
) -> None:
    intent = await cast(world)
    link = intent["messages"][0]["page"]
    page = await look(world, link.removeprefix(world.v.base))
    assert page.status == 200
    for part in ("Child bicycle", "for a child of 115 cm", "SD-BASE-DP"):
        assert part in page.body.decode()
    assert "300" not in page.body.decode()
    assert "noindex" in (page.header("x-robots-tag") or "")
    assert "no-store" in (page.header("cache-control") or ""), "its address is a secret"
    assert shop.id.encode() not in page.body, "it does not say whom"
    assert (await look(world, "/asked/")).status == 404
    assert (await look(world, "/asked/" + "1" * 22)).status == 404


# --- before it leaves -------------------------------------------------------------------------------------


async def held(world: World, shop: Peer) -> Any:
    """An intent that waits for half a minute."""
    node, account = world.v.open.node, world.v.accounts["ana"]
    contact = await find_contact(node, account, "@shop@mastodon.example")
    wanted = Wanted("Child bicycle", BICYCLE, parse_quantity("1", "one"), "EUR")

    def work(desk: Any) -> Any:
        return cast_intent(desk, account, wanted, (), as_message=(contact,), hold=timedelta(seconds=30))

    intent = await node.work(work)
    await world.v.settle()
    return intent


async def test_nothing_leaves_while_it_can_be_taken_back_and_then_it_has_never_been(
    world: World, shop: Peer
) -> None:
    intent = await held(world, shop)
    node = world.v.open.node
    casts = await node.look(lambda desk: desk.tx.plain_casts.of_intent(intent.id))
    assert [one.state for one in casts] == [CastState.WAITING]
    assert (await look(world, f"/asked/{casts[0].secret}")).status == 404
    await node.work(run_due)
    await world.v.settle()
    assert shop.received == []
    await node.work(lambda desk: take_back(desk, intent))
    world.clock.advance(seconds=600)
    await node.work(run_due)
    await world.v.settle()
    assert shop.received == []
    assert await node.look(lambda desk: desk.tx.intents.get(intent.id)) is None
    assert await node.look(next_wake) is None


async def test_it_leaves_by_the_clock_once(world: World, shop: Peer) -> None:
    intent = await held(world, shop)
    node = world.v.open.node
    leaves_at = await node.look(next_wake)
    assert leaves_at is not None
    assert leaves_at > intent.held_until
    world.clock.advance(seconds=34)
    while await node.work(run_due):
        pass
    await world.v.settle()
    assert len(shop.received) == 1


async def test_it_leaves_at_once_where_she_says_so(world: World, shop: Peer) -> None:
    intent = await held(world, shop)
    await world.v.open.node.work(lambda desk: send_now(desk, intent))
    await world.v.settle()
    assert len(shop.received) == 1


async def test_what_is_taken_back_is_a_draft_that_asks_the_same_in_the_same_way(
    world: World, shop: Peer
) -> None:
    intent = await held(world, shop)
    node, account = world.v.open.node, world.v.accounts["ana"]

    def undo(desk: Any) -> Any:
        casts = desk.tx.plain_casts.of_intent(intent.id)
        take_back(desk, intent)
        return draft_of(desk, intent, [], casts, is_new=False)

    draft = await node.work(undo)
    assert (draft.vendors, draft.as_message) == ((), (shop.id,))
    await node.work(lambda desk: cast_draft(desk, account, draft, timedelta(0)))
    await world.v.settle()
    assert len(shop.received) == 1


# --- afterwards -------------------------------------------------------------------------------------------


async def test_change_of_the_intent_is_an_edit_of_the_note(world: World, shop: Peer) -> None:
    intent = await cast(world)
    world.clock.advance(seconds=60)
    await ask(world, "intent.update", account="ana", intent=intent["id"], name="Child bicycle, 20 inch")
    await world.v.settle()
    first, second = shop.received
    assert (second["type"], second["object"]["id"]) == ("Update", first["object"]["id"])
    assert "20 inch" in second["object"]["content"]
    assert second["object"]["updated"] > first["object"]["published"]
    [line] = await said(world, "ana")
    assert "20 inch" in line.content
    page = await look(world, intent["messages"][0]["page"].removeprefix(world.v.base))
    assert "20 inch" in page.body.decode()


async def test_withdrawal_is_said_once_in_a_short_note_of_the_same_conversation(
    world: World, shop: Peer
) -> None:
    intent = await cast(world)
    done = await ask(world, "intent.withdraw", account="ana", intent=intent["id"])
    await world.v.settle()
    assert done["told"] == 1
    first, second = (one["object"] for one in shop.received)
    assert "no longer need" in second["content"]
    assert (second["inReplyTo"], second["context"]) == (first["id"], first["context"])
    assert [one.part for one in await said(world, "ana")] == [Part.CAST, Part.AUTOMATIC]


async def test_end_says_nothing_more_and_ends_the_intent(world: World, shop: Peer) -> None:
    intent = await cast(world, until="2d")
    world.clock.advance(days=2, seconds=1)
    while await world.v.open.node.work(run_due):
        pass
    await world.v.settle()
    assert len(shop.received) == 1
    now = await shown(world, intent)
    assert (now["state"], now["messages"][0]["state"]) == (IntentState.EXPIRED.value, "ended")


# --- what comes back --------------------------------------------------------------------------------------


async def test_answer_is_a_message_in_the_conversation_of_the_intent_with_a_notice(
    world: World, shop: Peer
) -> None:
    intent = await cast(world)
    await replies(world, shop)
    [thread] = await threads(world, "ana")
    assert [one.is_ours for one in await said(world, "ana")] == [True, False]
    [told] = (await shown(world, intent))["messages"]
    assert (told["thread"], told["answered"]) == (thread.id, True)
    account = world.v.accounts["ana"]
    notices = await world.v.open.node.look(lambda desk: desk.tx.notices.all(account.id))
    assert [one.code for one in notices] == ["talk"]


async def test_two_intents_to_one_account_are_two_conversations(world: World, shop: Peer) -> None:
    await cast(world)
    await replies(world, shop)
    await cast(world, name="Helmet")
    await replies(world, shop, "Helmets, too.")
    found = await threads(world, "ana")
    assert len(found) == 2
    assert {one.length for one in found} == {2}


async def test_whatever_the_answer_says_nothing_is_bought_by_it(world: World, shop: Peer) -> None:
    intent = await cast(world)
    await replies(world, shop, "accept 7K3M-9QXT")
    assert (await shown(world, intent))["state"] == "live"
    assert await world.v.open.node.look(lambda desk: desk.tx.deals.all(world.v.actor("ana"))) == []


async def test_offer_is_recorded_from_a_message_of_theirs_and_is_said_to_be_unsigned(
    world: World, shop: Peer
) -> None:
    intent = await cast(world)
    created = await replies(world, shop)
    made = await record(world, meets={"w1": "yes", "w2": "partly"}, delivery="Friday", until="2d")
    assert (made["source"], made["signed"]) == (created["object"]["id"], False)
    assert made["price"] == {"amount": "260.00", "currency": "EUR"}
    assert made["meets"] == {"w1": "yes", "w2": "partly"}
    now = await shown(world, intent)
    assert now["recorded"] == [made]
    assert len(shop.received) == 1, "a record is told to nobody"


async def test_edit_of_the_message_changes_nothing_that_was_recorded(world: World, shop: Peer) -> None:
    intent = await cast(world)
    created = await replies(world, shop)
    made = await record(world)
    await world.v.tell(shop, an_edit(shop, created, "900 euros"), "ana")
    await world.v.settle()
    assert (await shown(world, intent))["recorded"] == [made]


async def test_nothing_is_recorded_from_our_own_words_another_conversation_or_no_message(
    world: World, shop: Peer
) -> None:
    await cast(world)
    [thread] = await threads(world, "ana")
    [asked] = await said(world, "ana")
    arguments = {"account": "ana", "thread": thread.id, "goods": "A bicycle", "price": "1.00"}
    assert (await refusal(world, "talk.record", **arguments))["field"] == "source"
    assert (await refusal(world, "talk.record", **arguments, source=asked.id))["field"] == "source"
    stranger = a_note(world.t, world.v.actor("ana"), "Buy mine")
    await world.v.tell(world.t, stranger, "ana")
    await world.v.settle()
    other = next(one for one in await threads(world, "ana") if one.peer.actor == world.t.id)
    foreign = await refusal(world, "talk.record", **arguments, source=stranger["object"]["id"])
    assert foreign["field"] == "source"
    assert (await refusal(world, "talk.record", **{**arguments, "thread": other.id}))["field"] == "thread"


async def test_only_so_many_are_recorded_of_one_conversation(world: World, shop: Peer) -> None:
    await cast(world)
    await replies(world, shop)
    made = [await record(world) for _ in range(20)]
    [thread] = await threads(world, "ana")
    arguments = {"account": "ana", "thread": thread.id, "goods": "One more", "price": "1.00"}
    assert (await refusal(world, "talk.record", **arguments))["field"] == "thread"
    await ask(world, "talk.recorded.remove", account="ana", offer=made[0]["id"])
    assert (await record(world))["goods"] == "Norrland Kid 340"


async def test_taken_one_ends_the_intent_where_she_says_so_and_tells_all_but_its_vendor(
    world: World, shop: Peer
) -> None:
    other = world.peer("pixelfed.example", "other", rsa=2)
    for name in ("implements", "generator"):
        other.document.pop(name, None)
    intent = await cast(world, as_message=["@shop@mastodon.example", "@other@pixelfed.example"])
    await replies(world, shop)
    thread = next(one for one in await threads(world, "ana") if one.peer.actor == shop.id)
    arguments = {"account": "ana", "thread": thread.id, "goods": "Norrland Kid 340", "price": "260.00"}
    made = await ask(world, "talk.record", **arguments)
    done = await ask(world, "talk.recorded.take", account="ana", offer=made["id"], tell_others=True)
    await world.v.settle()
    assert done["told"] == 1
    assert (await shown(world, intent))["state"] == "decided"
    assert len(shop.received) == 1
    assert "no longer need" in answers_to(other)[-1]


async def test_taken_one_leaves_the_intent_open_where_she_does_not_say_so(world: World, shop: Peer) -> None:
    intent = await cast(world)
    await replies(world, shop)
    made = await record(world)
    await ask(world, "talk.recorded.take", account="ana", offer=made["id"])
    now = await shown(world, intent)
    assert (now["state"], now["recorded"][0]["open"]) == ("live", False)
    assert (await refusal(world, "talk.recorded.take", account="ana", offer=made["id"]))["field"] == "offer"
