"""Group L, for conversations: chains, floods and bots that answer each other come to rest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from federation.keys import generate_ed25519
from node.domain.errors import InvalidInput
from node.domain.notes import Visibility
from node.handlers.callers import Callers
from node.handlers.evidence import Sender
from node.services.hearing import MOST_BEGUN_A_DAY, MOST_HEARD_A_DAY
from node.services.plain_quotes import MOST_AUTOMATIC_A_DAY
from node.services.posting import Saying, change, say
from node.services.talking import MOST_IN_A_THREAD, contact_of
from tests.security.peers import PUBLIC, Peer, a_note
from tests.security.talking import a_delete, a_quote_for, another_quote, answers_to, said, say_to, threads
from tests.security.world import World

pytestmark = pytest.mark.anyio
CHAIN = 10_000
HOSTS = 260


async def test_l01_deep_reply_chain_over_wildcard_hosts_is_never_climbed_and_fills_nothing(
    world: World,
) -> None:
    """Each Note answers the one before it, ten thousand deep; what comes is its end, from ever new hosts."""
    chain = [world.peer(f"h{n}.m.example", "mallory") for n in range(HOSTS)]
    before = f"https://h0.m.example/notes/{CHAIN - HOSTS:020d}"
    for peer in chain:
        created = a_note(peer, world.v.actor("shop"), "And what of this?")
        created["object"] |= {"inReplyTo": before, "context": "https://m.example/contexts/1"}
        before = created["object"]["id"]
        await world.v.tell(peer, created, "shop")
        world.clock.advance(seconds=1)  # keys of a domain's hosts are looked up so often a minute
    assert not [url for url in world.v.engine.gets if "/notes/" in url or "/contexts/" in url]
    assert len(await threads(world)) == MOST_BEGUN_A_DAY
    fetched = [url for url in world.v.engine.gets if ".m.example/" in url]
    assert len(fetched) < 4 * HOSTS


async def test_l01_honest_people_are_heard_while_a_domain_floods(world: World) -> None:
    shop = world.v.actor("shop")

    def fill(desk: Any) -> None:
        for _ in range(MOST_BEGUN_A_DAY):
            desk.tx.threads.note_beginning(shop, "m.example", desk.now)

    await world.v.open.node.work(fill)
    await say_to(world, world.m, "One more")
    await say_to(world, world.t, "Do you mend wheels?")
    assert [thread.peer.actor for thread in await threads(world)] == [world.t.id]


async def test_one_actor_is_kept_so_often_a_day_and_again_on_the_next(world: World) -> None:
    for number in range(MOST_HEARD_A_DAY + 2):
        created = a_note(world.m, world.v.actor("shop"), f"Number {number}")
        await world.v.post(world.m.prove(created), "shop", key=world.m.ed25519)
    await world.v.settle()
    assert len(await said(world)) == MOST_HEARD_A_DAY
    assert len([one for one in await world.v.notices("shop") if one.kind == "talk"]) == 1
    world.clock.advance(days=1)
    await say_to(world, world.m, "Good morning")
    assert (await said(world))[-1].content == "<p>Good morning</p>"


async def test_l04_node_and_bot_that_answer_each_other_come_to_rest(world: World) -> None:
    """A bot answers whatever comes with the same word on its quote; and then with ever other references."""
    quote = await a_quote_for(world, world.t, sku="")
    seen = 0
    for _ in range(40):
        if len(answers_to(world.t)) == seen:
            break
        seen = len(answers_to(world.t))
        await say_to(world, world.t, f"accept {quote.reference}")
    assert seen == 3  # the quote, the confirmation, and one kind word


async def test_l04_automatic_answers_to_one_account_are_capped(world: World) -> None:
    await a_quote_for(world, world.t, sku="")
    before = len(answers_to(world.t))
    for _ in range(MOST_AUTOMATIC_A_DAY + 3):
        quote = await another_quote(world, world.t, sku="")
        await say_to(world, world.t, f"cancel {quote.reference}")
    sent = [words for words in answers_to(world.t)[before:] if "nothing to cancel" in words]
    assert len(sent) == MOST_AUTOMATIC_A_DAY


async def test_guessing_references_gets_one_answer_and_no_more(world: World) -> None:
    quote = await a_quote_for(world, world.t)
    for number in range(20):
        await say_to(world, world.m, f"accept {number:04d}-0000")
    await say_to(world, world.m, f"accept {quote.reference}")
    assert len(answers_to(world.m)) == 1


# --- whose thread it is -----------------------------------------------------------------------------------


async def test_reply_that_names_nobody_comes_to_whose_post_it_answers(world: World) -> None:
    account = world.v.accounts["shop"]
    saying = Saying(text="We have milk.", visibility=Visibility.PUBLIC)
    post = await world.v.open.node.work(lambda desk: say(desk, account, saying))
    created = a_note(world.t, PUBLIC, "Fresh?")
    created["object"] |= {"inReplyTo": post.id, "to": [PUBLIC]}
    await world.v.tell(world.t, created, "")
    [thread] = await threads(world)
    assert thread.peer.actor == world.t.id
    assert await threads(world, "ana") == []


async def test_note_that_names_nobody_here_is_kept_by_nobody(world: World) -> None:
    await world.v.tell(world.t, a_note(world.t, PUBLIC, "Good morning, all"), "shop")
    assert await said(world) == []


async def test_nobody_gets_into_what_was_said_to_somebody_else(world: World) -> None:
    """By its context, or by what it answers: a claim leads into a thread of one's own alone."""
    first = await say_to(world, world.t, "Between us", context="https://t.example/contexts/1")

    async def claim(sender: Peer, **claims: str) -> None:
        await say_to(world, sender, "I was here too", **claims)

    await claim(world.m, context="https://t.example/contexts/1")
    await claim(world.m, inReplyTo=first["object"]["id"])
    mine = {one.peer.actor: one.length for one in await threads(world)}
    assert mine[world.t.id] == 1


async def test_vote_in_a_poll_and_an_empty_note_are_no_words(world: World) -> None:
    await say_to(world, world.t, "", content="", name="Yes", inReplyTo=f"{world.v.actor('shop')}/polls/1")
    await say_to(world, world.t, "", content="")
    assert await said(world) == []


# --- bounds of threads and look-ups -----------------------------------------------------------------------


async def test_thread_that_is_long_enough_goes_on_in_a_new_one(world: World) -> None:
    first = await say_to(world, world.t, "One")
    [thread] = await threads(world)
    full = replace(thread, length=MOST_IN_A_THREAD)
    await world.v.open.node.work(lambda desk: desk.tx.threads.save(full))
    await say_to(world, world.t, "Two", inReplyTo=first["object"]["id"])
    assert sorted(one.length for one in await threads(world)) == [1, MOST_IN_A_THREAD]


async def test_hosts_of_one_domain_are_asked_who_somebody_is_so_often_a_minute(world: World) -> None:
    """Beyond that they are shown by their id; and somebody of another domain is asked for as before."""
    callers, node = Callers(), world.v.open.node

    async def shown(peer: Peer) -> str:
        document = json.dumps(peer.document).encode()
        sender = Sender(peer.id, peer.inbox, "", document, world.clock.now)
        return (await callers.peer_of(node, sender)).handle

    handles = [await shown(world.peer(f"h{n}.m.example", "mallory")) for n in range(200)]
    assert 100 <= sum(bool(handle) for handle in handles) < 200
    assert handles[-1] == ""
    assert await shown(world.t) == "@tess@t.example"


async def test_who_somebody_is_is_asked_once_a_day_and_sooner_where_nothing_was_proven(world: World) -> None:
    await say_to(world, world.t, "One")
    asked = len([url for url in world.v.engine.gets if "webfinger" in url])
    await say_to(world, world.t, "Two")
    assert len([url for url in world.v.engine.gets if "webfinger" in url]) == asked
    del world.t.host.webfinger["tess@t.example"]
    world.clock.advance(days=1)
    await say_to(world, world.t, "Three")
    assert {one.peer.handle for one in await threads(world)} == {""}
    world.t.host.webfinger["tess@t.example"] = world.t.id
    world.clock.advance(hours=1)
    await say_to(world, world.t, "Four")
    assert {one.peer.handle for one in await threads(world)} == {"@tess@t.example"}


async def test_what_binds_is_no_post_that_its_vendor_changes_afterwards(world: World) -> None:
    quote = await a_quote_for(world, world.t)
    account = world.v.accounts["shop"]
    [thread] = await threads(world)
    named = (contact_of(account, thread.peer),)
    saying = Saying(text="For twice as much", visibility=Visibility.DIRECT, mentioned=named)
    with pytest.raises(InvalidInput, match="no post that can be changed"):
        await world.v.open.node.work(lambda desk: change(desk, account, quote.note_id, saying))


async def test_f12_delete_by_somebody_who_has_written_is_verified_though_their_key_is_a_new_one(
    world: World,
) -> None:
    await say_to(world, world.t, "Forget this")
    [kept] = await said(world)
    new = generate_ed25519(f"{world.t.id}#new-key", world.t.id)
    world.t.document["assertionMethod"] = [
        {
            "id": new.id,
            "type": "Multikey",
            "controller": world.t.id,
            "publicKeyMultibase": new.public.multibase,
        }
    ]
    deleted = world.t.prove(a_delete(world.t, kept.id), key=new)
    assert (await world.v.post(deleted, "shop", key=new)).status == 202
    await world.v.settle()
    assert [one.content for one in await said(world)] == [""]
