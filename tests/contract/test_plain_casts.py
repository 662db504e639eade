"""Intents told to accounts without a node, and offers that were taken from messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from node.domain.offers import Answer, Meets
from node.domain.plain_casts import CastState, HandOffer, PlainCast
from node.domain.talking import Peer
from node.store.ports import Database
from tests.builders import ACCOUNT, NOW, VENDOR, an_intent, money, one
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

SHOP = Peer("https://social.example/users/shop", "https://social.example/inbox", NOW, "@shop@social.example")
INTENT = an_intent().id


def a_plain_cast(name: str = "c1", **over: object) -> PlainCast:
    made = PlainCast(
        ACCOUNT, INTENT, name, f"secret-{name}", SHOP, "A bicycle", "I am looking for a bicycle.", "en",
        NOW + timedelta(seconds=20), NOW + timedelta(days=3),
    )  # fmt: skip
    return replace(made, **over)  # type: ignore[arg-type]


def a_hand_offer(name: str = "h1", **over: object) -> HandOffer:
    made = HandOffer(
        ACCOUNT, name, INTENT, "c1", "t1", "https://social.example/notes/1", SHOP, "Norrland Kid 340",
        one(), money("260.00"), NOW, "On Friday", NOW + timedelta(days=2),
        (Answer("w1", "", Meets.PARTLY),), "Used.",
    )  # fmt: skip
    return replace(made, **over)  # type: ignore[arg-type]


async def test_what_was_told_comes_back_as_it_was_kept_to_whose_it_is(db: Database) -> None:
    await db.write(lambda tx: tx.plain_casts.save(a_plain_cast()))
    assert await db.read(lambda tx: tx.plain_casts.get(ACCOUNT, "c1")) == a_plain_cast()
    assert await db.read(lambda tx: tx.plain_casts.get(VENDOR, "c1")) is None
    assert await db.read(lambda tx: tx.plain_casts.get(ACCOUNT, "c2")) is None
    assert await db.read(lambda tx: tx.plain_casts.by_secret("secret-c1")) == a_plain_cast()
    assert await db.read(lambda tx: tx.plain_casts.by_secret("")) is None


async def test_what_was_told_is_found_by_intent_and_conversation(db: Database) -> None:
    sent = a_plain_cast("c2", state=CastState.SENT, thread="t2")
    other = a_plain_cast("c3", intent="https://ana.example/intents/2")
    await db.write(each(lambda tx: tx.plain_casts.save, a_plain_cast(), sent, other))
    assert await db.read(lambda tx: tx.plain_casts.of_intent(INTENT)) == [a_plain_cast(), sent]
    assert await db.read(lambda tx: tx.plain_casts.of_thread(ACCOUNT, "t2")) == sent
    assert await db.read(lambda tx: tx.plain_casts.of_thread(VENDOR, "t2")) is None
    assert await db.read(lambda tx: tx.plain_casts.of_thread(ACCOUNT, "")) is None


async def test_what_was_told_is_paged_newest_first_and_a_change_moves_none(db: Database) -> None:
    casts = [a_plain_cast(f"c{n}") for n in range(3)]
    await db.write(each(lambda tx: tx.plain_casts.save, *casts, a_plain_cast("other", account=VENDOR)))
    changed = replace(casts[0], words="A red one.")
    await db.write(lambda tx: tx.plain_casts.save(changed))
    page = await db.read(lambda tx: tx.plain_casts.page(ACCOUNT, limit=2))
    assert [cast.id for _, cast in page] == ["c2", "c1"]
    rest = await db.read(lambda tx: tx.plain_casts.page(ACCOUNT, before=page[-1][0]))
    assert [cast for _, cast in rest] == [changed]


async def test_clock_is_led_to_what_leaves_and_to_what_ends(db: Database) -> None:
    waiting = a_plain_cast("c1")
    sent = a_plain_cast("c2", state=CastState.SENT, ends_at=NOW + timedelta(seconds=10))
    over = a_plain_cast("c3", state=CastState.WITHDRAWN)
    await db.write(each(lambda tx: tx.plain_casts.save, waiting, sent, over))
    assert await db.read(lambda tx: tx.plain_casts.next_wake()) == sent.ends_at
    assert await db.read(lambda tx: tx.plain_casts.due(NOW, 9)) == []
    assert await db.read(lambda tx: tx.plain_casts.due(NOW + timedelta(seconds=10), 9)) == [sent]
    assert await db.read(lambda tx: tx.plain_casts.due(NOW + timedelta(days=9), 9)) == [sent, waiting]
    assert await db.read(lambda tx: tx.plain_casts.due(NOW + timedelta(days=9), 1)) == [sent]
    for cast in (waiting, sent):
        ended = replace(cast, state=CastState.ENDED)
        await db.write(lambda tx, ended=ended: tx.plain_casts.save(ended))  # type: ignore[misc]
    assert await db.read(lambda tx: tx.plain_casts.next_wake()) is None


async def test_what_has_not_left_is_forgotten_with_its_intent_and_nothing_else(db: Database) -> None:
    other = a_plain_cast("c3", intent="https://ana.example/intents/2")
    await db.write(each(lambda tx: tx.plain_casts.save, a_plain_cast(), a_plain_cast("c2"), other))
    assert await db.write(lambda tx: tx.plain_casts.forget(INTENT))
    assert await db.read(lambda tx: tx.plain_casts.of_intent(INTENT)) == []
    assert await db.read(lambda tx: tx.plain_casts.get(ACCOUNT, "c3")) == other
    assert await db.write(lambda tx: tx.plain_casts.forget(INTENT))


async def test_nothing_of_an_intent_is_forgotten_of_which_a_message_has_left(db: Database) -> None:
    sent = a_plain_cast("c2", state=CastState.SENT)
    await db.write(each(lambda tx: tx.plain_casts.save, a_plain_cast(), sent))
    assert not await db.write(lambda tx: tx.plain_casts.forget(INTENT))
    assert await db.read(lambda tx: tx.plain_casts.of_intent(INTENT)) == [a_plain_cast(), sent]


async def test_recorded_offer_comes_back_as_it_was_kept_to_whose_it_is(db: Database) -> None:
    gift = a_hand_offer("h2", price=None, ends_at=None, thread="t2")
    other = a_hand_offer("h3", account=VENDOR, intent="https://ana.example/intents/2")
    await db.write(each(lambda tx: tx.hand_offers.save, a_hand_offer(), gift, other))
    assert await db.read(lambda tx: tx.hand_offers.get(ACCOUNT, "h1")) == a_hand_offer()
    assert await db.read(lambda tx: tx.hand_offers.get(VENDOR, "h1")) is None
    assert await db.read(lambda tx: tx.hand_offers.of_intent(INTENT)) == [a_hand_offer(), gift]
    assert await db.read(lambda tx: tx.hand_offers.of_thread(ACCOUNT, "t2")) == [gift]
    assert await db.read(lambda tx: tx.hand_offers.of_thread(VENDOR, "t2")) == []


async def test_recorded_offers_are_paged_and_removed_by_their_owner_alone(db: Database) -> None:
    await db.write(each(lambda tx: tx.hand_offers.save, *(a_hand_offer(f"h{n}") for n in range(3))))
    taken = a_hand_offer("h0", taken_at=NOW)
    await db.write(lambda tx: tx.hand_offers.save(taken))
    page = await db.read(lambda tx: tx.hand_offers.page(ACCOUNT, limit=2))
    assert [offer.id for _, offer in page] == ["h2", "h1"]
    rest = await db.read(lambda tx: tx.hand_offers.page(ACCOUNT, before=page[-1][0]))
    assert [offer for _, offer in rest] == [taken]
    assert not await db.write(lambda tx: tx.hand_offers.remove(VENDOR, "h1"))
    assert await db.write(lambda tx: tx.hand_offers.remove(ACCOUNT, "h1"))
    assert not await db.write(lambda tx: tx.hand_offers.remove(ACCOUNT, "h1"))
    assert await db.read(lambda tx: tx.hand_offers.get(ACCOUNT, "h1")) is None
