"""Intents, deals, evidence, documents, parked messages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from federation.kept_signatures import KeptSignature
from federation.ports import InboundEntry
from node.domain.deals import Deal, DealKind, DealState
from node.domain.errors import Reason
from node.domain.intents import IntentState, PersonaMode, Place
from node.domain.messages import Sender
from node.domain.values import Quantity
from node.store.ports import Database, Direction, Parked, StoredMessage, Tx
from tests.builders import ACCOUNT, CUSTOMER, DEAL, NOW, VENDOR, a_deal, a_wish, an_intent, money
from tests.contract.writing import each

pytestmark = pytest.mark.anyio


def asleep(tx: Tx) -> Callable[[Deal], None]:
    """Saves deals that no clock is to wake."""
    return lambda deal: tx.deals.save(deal, None)


async def test_intents_come_back_exactly_newest_first(db: Database) -> None:
    full = an_intent(
        quantity=Quantity(Decimal("2.50"), "kilogram"),
        created_at=NOW.replace(microsecond=1),
        budget=money("300.00"),
        share_budget=True,
        due_at=NOW,
        place=Place("Glasgow", 55.123456789, -4.0, 10, "km"),
        wishes=(a_wish(), a_wish(id="w2", text="„quiet“ 🚲")),
        persona_mode=PersonaMode.PER_VENDOR,
        state=IntentState.DECIDED,
        deal_ids=("d1", "d2"),
        losers_reason="price",
        losers_may_answer=True,
    )
    same_time = an_intent(id="https://ana.example/intents/2", created_at=full.created_at)
    other = an_intent(id="https://ana.example/intents/3", account=VENDOR)
    await db.write(each(lambda tx: tx.intents.save, an_intent(), full, same_time, other))
    assert await db.read(lambda tx: tx.intents.get(full.id)) == full
    assert await db.read(lambda tx: tx.intents.get("none")) is None
    assert await db.read(lambda tx: tx.intents.all(full.account)) == [same_time, full]
    assert await db.read(lambda tx: tx.intents.all(full.account, limit=1)) == [same_time]
    over = replace(same_time, state=IntentState.EXPIRED)
    await db.write(lambda tx: tx.intents.save(over))
    live = await db.read(lambda tx: tx.intents.all(full.account, is_live=True))
    assert live == [one for one in (over, full) if one.state is IntentState.LIVE]
    assert await db.read(lambda tx: tx.intents.find(full.account, "nts/2")) == [over]
    assert await db.read(lambda tx: tx.intents.find(full.account, "nts/3")) == []


async def test_a_deal_comes_back_exactly_in_every_state(db: Database) -> None:
    deals = [
        a_deal(state, side=side, kind=kind, id=f"{kind}-{state}", refused=Reason.OUT_OF_STOCK)
        for kind in DealKind
        for state in DealState
        for side in (Sender.CUSTOMER, Sender.VENDOR)
    ]

    def save_all(tx: Tx) -> None:
        for deal in deals:
            tx.deals.save(deal, None)

    await db.write(save_all)
    assert await db.read(lambda tx: [tx.deals.get(deal.own, deal.id) for deal in deals]) == deals


async def test_both_sides_of_a_deal_may_live_on_one_node(db: Database) -> None:
    hers, theirs = a_deal(), a_deal(side=Sender.VENDOR)
    await db.write(lambda tx: tx.deals.save(hers, None))
    await db.write(lambda tx: tx.deals.save(theirs, None))
    assert await db.read(lambda tx: tx.deals.get(CUSTOMER, DEAL)) == hers
    assert await db.read(lambda tx: tx.deals.get(VENDOR, DEAL)) == theirs
    assert await db.read(lambda tx: tx.deals.get(VENDOR, "none")) is None


async def test_deals_are_listed_newest_change_first_whatever_the_clock_says(db: Database) -> None:
    deals = [a_deal(id=f"d{number}", last_at=NOW - timedelta(days=number)) for number in range(3)]
    await db.write(each(asleep, *deals, deals[0]))
    assert [deal.id for deal in await db.read(lambda tx: tx.deals.all(ACCOUNT))] == ["d0", "d2", "d1"]
    assert [deal.id for deal in await db.read(lambda tx: tx.deals.all(ACCOUNT, limit=1))] == ["d0"]
    assert await db.read(lambda tx: tx.deals.all(VENDOR)) == []


async def test_the_deals_of_an_intent_are_found(db: Database) -> None:
    await db.write(
        each(asleep, a_deal(id="d1", intent_id="i1"), a_deal(id="d2", intent_id="i2"), a_deal(id="d3"))
    )
    assert await db.read(lambda tx: tx.deals.of_intent("i1")) == [a_deal(id="d1", intent_id="i1")]


async def test_deals_wake_when_their_time_has_come(db: Database) -> None:
    assert await db.read(lambda tx: tx.deals.next_wake()) is None

    def save(tx: Tx) -> None:
        tx.deals.save(a_deal(id="late"), NOW + timedelta(hours=1))
        tx.deals.save(a_deal(id="first"), NOW - timedelta(hours=1))
        tx.deals.save(a_deal(id="now"), NOW)
        tx.deals.save(a_deal(id="never"), None)

    await db.write(save)
    assert await db.read(lambda tx: tx.deals.next_wake()) == NOW - timedelta(hours=1)
    assert [deal.id for deal in await db.read(lambda tx: tx.deals.due(NOW, 10))] == ["first", "now"]
    assert [deal.id for deal in await db.read(lambda tx: tx.deals.due(NOW, 1))] == ["first"]
    await db.write(lambda tx: tx.deals.save(a_deal(id="first"), None))
    assert await db.read(lambda tx: tx.deals.next_wake()) == NOW


async def test_deals_are_found_by_the_end_of_an_id(db: Database) -> None:
    deal = a_deal(DealState.CONCLUDED)
    other = a_deal(id="https://ana.example/deals/zzz%9_")
    await db.write(each(asleep, deal, other, deal))

    async def found(ending: str, account: str = ACCOUNT) -> list[Deal]:
        return await db.read(lambda tx: tx.deals.find(account, ending))

    assert await found(DEAL[-6:]) == [deal]
    assert await found(deal.offers[0].id[-8:]) == [deal]
    assert await found(deal.acceptances[0].id) == [deal]
    assert await found("zzz%9_") == [other]
    assert await found("%") == await found("_9_") == await found("no such end") == []
    assert await found("") == [deal, other]
    assert await found("zzz%9_", VENDOR) == []


async def test_at_most_ten_deals_are_found(db: Database) -> None:
    deals = [a_deal(id=f"https://ana.example/{number}/same") for number in range(12)]
    await db.write(each(asleep, *deals))
    assert len(await db.read(lambda tx: tx.deals.find(ACCOUNT, "same"))) == 10


def a_stored_message(activity: str = "1", **over: object) -> StoredMessage:
    message = StoredMessage(
        own=CUSTOMER,
        deal_id=DEAL,
        activity_id=f"https://shop.example/activities/{activity}",
        direction=Direction.IN,
        kind="offer",
        actor=VENDOR,
        digest="uEiA",
        body=b'{"exact": "bytes \xf0\x9f\x9a\xb2"}',
        at=NOW.replace(microsecond=999999),
        key_id=f"{VENDOR}#main-key",
        document="ab" * 32,
    )
    return replace(message, **over)  # type: ignore[arg-type]


async def test_evidence_is_kept_as_it_came_in_its_order(db: Database) -> None:
    first = a_stored_message(at=NOW + timedelta(hours=1))
    second = a_stored_message("2", at=NOW, refused="expired")
    await db.write(
        each(
            lambda tx: tx.evidence.add,
            first,
            second,
            a_stored_message(body=b"another"),
            a_stored_message("3", deal_id="x"),
        )
    )
    assert await db.read(lambda tx: tx.evidence.of_deal(CUSTOMER, DEAL)) == [first, second]
    assert await db.read(lambda tx: tx.evidence.find(CUSTOMER, first.activity_id)) == first
    assert await db.read(lambda tx: tx.evidence.find(VENDOR, first.activity_id)) is None


async def test_signature_of_the_request_is_kept_beside_what_it_brought(db: Database) -> None:
    kept = KeptSignature("cavage", "rsa-v1_5-sha256", f"{VENDOR}#k", b"date: \xe4\n", bytes(range(256)))
    signed, bare = a_stored_message(signature=kept), a_stored_message("2")
    await db.write(each(lambda tx: tx.evidence.add, signed, bare))
    found = await db.read(lambda tx: tx.evidence.of_deal(CUSTOMER, DEAL))
    assert [one.signature for one in found] == [kept, None]
    held = await db.read(lambda tx: tx.holdings.messages(CUSTOMER, after=0, limit=9))
    assert [one.signature for one in held.rows] == [kept, None]


async def test_one_message_is_evidence_in_both_directions(db: Database) -> None:
    came = a_stored_message()
    went = a_stored_message(direction=Direction.OUT)
    await db.write(each(lambda tx: tx.evidence.add, came, went))
    assert await db.read(lambda tx: tx.evidence.of_deal(CUSTOMER, DEAL)) == [came, went]


async def test_the_first_answer_that_we_sent_is_found(db: Database) -> None:
    asked = "https://shop.example/activities/q"
    theirs = a_stored_message("a", answers=asked)
    first = a_stored_message("b", direction=Direction.OUT, answers=asked)
    second = a_stored_message("c", direction=Direction.OUT, answers=asked)
    unasked = a_stored_message("d", direction=Direction.OUT)
    await db.write(each(lambda tx: tx.evidence.add, theirs, first, second, unasked))
    assert await db.read(lambda tx: tx.evidence.answer_to(CUSTOMER, asked)) == first
    assert await db.read(lambda tx: tx.evidence.answer_to(CUSTOMER, "")) is None
    assert await db.read(lambda tx: tx.evidence.answer_to(VENDOR, asked)) is None


async def test_a_document_is_stored_once_by_its_digest(db: Database) -> None:
    body = b'{"id": "https://shop.example/users/shop"}'
    digest = await db.write(lambda tx: tx.documents.save(VENDOR, body, NOW))
    assert digest == hashlib.sha256(body).hexdigest()
    assert await db.write(lambda tx: tx.documents.save(VENDOR, body, NOW + timedelta(days=1))) == digest
    assert await db.read(lambda tx: tx.documents.get(digest)) == (VENDOR, body, NOW)
    assert await db.read(lambda tx: tx.documents.get("none")) is None


async def test_parked_messages_wait_in_order_and_run_out(
    db: Database, an_entry: Callable[..., InboundEntry]
) -> None:
    assert await db.read(lambda tx: tx.parking.next_expiry()) is None
    entry = an_entry(id=7, attempts=2, replay_key=b"\x00\xff", replay_until=NOW, signer="s", proof_key_id="k")
    first = Parked(VENDOR, DEAL, "a1", CUSTOMER, entry.body, entry, NOW, NOW + timedelta(hours=72))
    early = replace(first, activity_id="a0", parked_at=NOW - timedelta(1), until=NOW + timedelta(hours=1))
    other = replace(first, activity_id="a2", deal_id="x", actor="https://bob.example/b")
    await db.write(each(lambda tx: tx.parking.add, first, early, other, replace(first, body=b"another")))
    assert await db.read(lambda tx: tx.parking.of_deal(VENDOR, DEAL)) == [early, first]
    assert await db.read(lambda tx: tx.parking.count(VENDOR, DEAL)) == 2
    assert await db.read(lambda tx: tx.parking.count_of_actor(CUSTOMER)) == 2
    assert await db.read(lambda tx: tx.parking.next_expiry()) == early.until
    assert await db.read(lambda tx: tx.parking.expired(NOW, 10)) == []
    assert await db.read(lambda tx: tx.parking.expired(early.until, 10)) == [early]
    assert await db.read(lambda tx: tx.parking.expired(first.until, 2)) == [early, first]
    await db.write(lambda tx: tx.parking.remove(VENDOR, "a0"))
    await db.write(lambda tx: tx.parking.remove(VENDOR, "a0"))
    assert await db.read(lambda tx: tx.parking.of_deal(VENDOR, DEAL)) == [first]


async def test_deals_are_paged_by_state_newest_change_first(db: Database) -> None:
    deals = [
        a_deal(DealState.OPEN, id="d1"),
        a_deal(DealState.OFFERED, id="d2"),
        a_deal(DealState.OPEN, id="d3"),
        a_deal(DealState.CONCLUDED, id="d4"),
        a_deal(DealState.OPEN, id="other", account=VENDOR),
    ]
    await db.write(each(asleep, *deals))

    async def page(*states: DealState, **over: Any) -> list[tuple[int, Deal]]:
        return await db.read(lambda tx: tx.deals.page(ACCOUNT, states=states, **over))

    assert [deal.id for _, deal in await page()] == ["d4", "d3", "d2", "d1"]
    waiting = await page(DealState.OPEN, DealState.OFFERED, limit=2)
    assert [deal for _, deal in waiting] == [deals[2], deals[1]]
    rest = await page(DealState.OPEN, DealState.OFFERED, limit=2, before=waiting[-1][0])
    assert [deal.id for _, deal in rest] == ["d1"]
    assert [deal.id for _, deal in await page(before=rest[-1][0])] == []
    assert await page(DealState.CANCELLED) == []


async def test_deals_are_counted_by_state_and_reason_of_a_decline(db: Database) -> None:
    await db.write(
        each(
            asleep,
            a_deal(DealState.OPEN, id="d1"),
            a_deal(DealState.DECLINED, id="d2", decline_reason="price"),
            a_deal(DealState.DECLINED, id="d3", decline_reason="price"),
            a_deal(DealState.DECLINED, id="d4", decline_reason=None),
            a_deal(DealState.OPEN, id="other", account=VENDOR),
        )
    )
    assert await db.read(lambda tx: tx.deals.tally(ACCOUNT)) == {
        (DealState.OPEN, ""): 1,
        (DealState.DECLINED, "price"): 2,
        (DealState.DECLINED, ""): 1,
    }
    assert await db.read(lambda tx: tx.deals.tally("nobody")) == {}


async def test_what_was_said_on_all_deals_is_listed_newest_first(db: Database) -> None:
    said = [
        a_stored_message("1", kind="ask"),
        a_stored_message("2", kind="ask", deal_id="d2", direction=Direction.OUT),
        a_stored_message("3", kind="feedback"),
        a_stored_message("4", kind="offer"),
        a_stored_message("5", kind="ask", own=VENDOR),
    ]
    await db.write(each(lambda tx: tx.evidence.add, *said))
    assert await db.read(lambda tx: tx.evidence.said(CUSTOMER)) == [said[1], said[0]]
    assert await db.read(lambda tx: tx.evidence.said(CUSTOMER, limit=1)) == [said[1]]
    assert await db.read(lambda tx: tx.evidence.said(CUSTOMER, limit=1, offset=1)) == [said[0]]
    assert await db.read(lambda tx: tx.evidence.said(CUSTOMER, is_feedback=True)) == [said[2]]
