"""A shop without a node, on her pages: asked by a message she has seen, its offer written down by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from federation.keys import SigningKey
from node.desk import Desk
from node.domain.accounts import Contact
from node.domain.notes import Visibility
from node.domain.talking import Utterance, heard
from node.services.shunning import Shunnable, mute
from node.store.ports import Preferences
from node.web.vendor_views import vendor_page
from tests.integration.conftest import START, World
from tests.unit.node.web.private.street import Street

pytestmark = pytest.mark.anyio

SHOP = "https://mastodon.example/users/shop"


@pytest.fixture
async def world(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[World]:
    made = World(tmp_path, rsa)
    yield made
    await made.aclose()


async def a_street(world: World, hold_s: int = 0) -> Street:
    street = await Street.of(world, "north")
    account = f"{street.base}/actors/ana"
    contact = Contact(
        account, SHOP, "@shop@mastodon.example", "The Shop", f"{SHOP}/inbox", START, proven_at=START
    )  # fmt: skip

    def know(desk: object) -> None:
        desk.tx.contacts.save(contact)  # type: ignore[attr-defined]
        desk.tx.preferences.save(Preferences(account, hold_s=hold_s))  # type: ignore[attr-defined]

    await street.ana.node.work(know)
    return street


async def asked(world: World, street: Street) -> str:
    """The page of an intent that the shop was asked about; it has answered."""
    checked = (await street.compose("north")).url.removeprefix(street.base)
    await street.browser.get(checked.replace("/check", "/vendors"))
    seen = await street.browser.submit({"message": SHOP, "go": "next"})
    assert "as a message" in (await street.browser.get(checked)).words
    seen = await street.browser.submit({}, checked)
    assert seen.status == 200, seen.words
    account = f"{street.base}/actors/ana"

    def answer(desk: object) -> None:
        tx = desk.tx  # type: ignore[attr-defined]
        [thread] = [thread for _, thread in tx.threads.page(account)]
        said = Utterance(
            account, thread.id, "https://mastodon.example/notes/1", SHOP, False, START, START,
            Visibility.DIRECT, "<p>260 euros, on Friday.</p>",
        )  # fmt: skip
        tx.threads.add(said)
        tx.threads.save(replace(heard(thread, said, "260 euros", START)))

    await street.ana.node.work(answer)
    return seen.url.removeprefix(street.base)


async def test_shop_without_a_node_is_asked_only_where_she_ticks_it_and_has_seen_the_message(
    world: World,
) -> None:
    street = await a_street(world)
    checked = (await street.compose("north")).url.removeprefix(street.base)
    seen = await street.browser.get(checked.replace("/check", "/vendors"))
    assert "sees your account’s name" in seen.words
    assert "The Shop" in seen.words
    await street.browser.submit({"go": "all"})
    seen = await street.browser.get(checked)
    assert "word for word" not in seen.words, "whoever chooses all chooses no plain account"
    await street.browser.get(checked.replace("/check", "/vendors"))
    await street.browser.submit({"message": SHOP, "go": "next"})
    seen = await street.browser.get(checked)
    assert "I am looking for: Child bicycle, Glasgow" in seen.words
    assert "@shop@mastodon.example" in seen.words
    assert "Send to 2 vendors" in seen.words


async def test_message_goes_to_no_node_whoever_forges_the_tick(world: World) -> None:
    street = await a_street(world)
    checked = (await street.compose("north")).url.removeprefix(street.base)
    page = checked.replace("/check", "/vendors")
    token = (await street.browser.get(page)).read
    assert token is not None
    seen = await street.browser.submit({"message": "https://north.example/actors/north", "go": "next"})
    assert seen.status == 422


async def test_intent_lists_who_was_asked_as_a_message_and_that_it_has_answered(world: World) -> None:
    street = await a_street(world)
    seen = await street.browser.get(await asked(world, street))
    assert "Asked as a message" in seen.words
    assert "@shop@mastodon.example" in seen.words
    assert "answered" in seen.words


async def test_offer_is_written_down_from_the_conversation_and_stands_unsigned_beside_the_others(
    world: World,
) -> None:
    street = await a_street(world)
    page = await asked(world, street)
    seen = await street.browser.get(page)
    seen = await street.browser.get(seen.read.links["@shop@mastodon.example"])
    seen = await street.browser.get(seen.read.links["Record an offer"])
    assert "260 euros, on Friday." in seen.words
    seen = await street.browser.submit({"goods": "Norrland Kid 340", "price": "nonsense"})
    assert seen.status == 422
    seen = await street.browser.submit({"goods": "Norrland Kid 340", "price": "260.00", "delivery": "Friday"})
    assert "Recorded from messages" in seen.words
    assert "from a message: not signed" in seen.words
    assert not [name for name in seen.read.links if "ccept" in name]
    seen = await street.browser.get(seen.read.links["Mark as taken"])
    seen = await street.browser.submit({"tell_others": "on"})
    assert "Decided" in seen.words
    seen = await street.browser.get(page + "/offers")
    seen = await street.browser.get(seen.read.links["Remove"])
    seen = await street.browser.submit({})
    assert "Recorded from messages" not in seen.words


async def test_two_recorded_offers_are_set_side_by_side_without_a_signed_one(world: World) -> None:
    street = await a_street(world)
    page = await asked(world, street)
    seen = await street.browser.get(page)
    conversation = await street.browser.get(seen.read.links["@shop@mastodon.example"])
    record = conversation.read.links["Record an offer"]
    for price in ("260.00", "240.00"):
        await street.browser.get(record)
        await street.browser.submit({"goods": "Norrland Kid 340", "price": price})
    seen = await street.browser.get(page + "/compare")
    for words in ("from a message: not signed", "it binds nobody", "260.00", "240.00", "Not signed"):
        assert words in seen.words, words
    assert "Look at it" not in seen.words


async def test_what_waits_is_taken_back_into_the_draft_and_withdrawn_ones_say_so(world: World) -> None:
    street = await a_street(world, hold_s=30)
    checked = (await street.compose("north")).url.removeprefix(street.base)
    await street.browser.get(checked.replace("/check", "/vendors"))
    await street.browser.submit({"message": SHOP, "go": "next"})
    await street.browser.get(checked)
    seen = await street.browser.submit({}, checked)
    assert "waits here" in seen.words
    seen = await street.browser.submit({}, seen.url.removeprefix(street.base) + "/undo")
    assert "as a message" in seen.words


async def test_page_of_a_shop_without_a_node_leads_to_a_message_and_then_to_the_conversation(
    world: World,
) -> None:
    street = await a_street(world)
    page = vendor_page(SHOP)
    seen = await street.browser.get(page)
    assert "no Obverse node: asked by a message" in seen.words
    seen = await street.browser.get(seen.read.links["Ask it by a message"])
    assert "as a message from your account" in seen.words
    seen = await street.browser.submit({"template": "product"})
    vendors = seen.url.removeprefix(street.base).replace("/what", "/vendors")
    ticked = (await street.browser.get(vendors)).form(vendors).fields
    assert ("message", SHOP) in ticked, "she has said so by coming this way"
    await asked(world, street)
    seen = await street.browser.get(page)
    assert "No deal." in seen.words
    seen = await street.browser.get(seen.read.links["Your conversation"])
    assert "260 euros" in seen.words


async def test_shop_that_she_does_not_hear_is_not_to_be_asked(world: World) -> None:
    street = await a_street(world)

    def unheard(desk: Desk) -> None:
        account = desk.tx.accounts.by_name("ana")
        assert account is not None
        mute(desk, account, Shunnable(SHOP, "@shop@mastodon.example"))

    await street.ana.node.work(unheard)
    seen = await street.browser.get(vendor_page(SHOP))
    assert "Ask it by a message" not in seen.read.links
