"""Drafts, casts that have not left yet, and what a home page asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from federation.ports import DeliveryOutcome, Outcome
from node.domain.accounts import Persona
from node.domain.deals import Deal, DealState
from node.domain.drafts import Draft, Part, Template
from node.domain.intents import PersonaMode, Place
from node.domain.messages import Sender
from node.domain.values import Quantity
from node.store.ports import Database, Direction, KeyRow, Notice, QueuedJob, StoredMessage, Tx
from tests.builders import ACCOUNT, BICYCLE, NOW, TERMS, VENDOR, a_deal, a_wish, an_intent, money
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
INTENT = "https://ana.example/intents/1"
PERSONA = "https://ana.example/p/new"


def a_draft(draft_id: str = "d1", **over: object) -> Draft:
    draft = Draft(
        draft_id, ACCOUNT, Template.PRODUCT, NOW, NOW, (Part.WHAT, Part.LIMITS), "Bicycle", "„red“ 🚲",
        BICYCLE,
        Quantity(Decimal("2.5"), "kilogram"), (a_wish(),), "EUR", money("300.00"), True, NOW,
        Place("Glasgow", radius=10, units="km"), (VENDOR,), TERMS, PersonaMode.MYSELF, NOW + HOUR,
    )  # fmt: skip
    return replace(draft, **over)  # type: ignore[arg-type]


def a_message(number: str, **over: object) -> StoredMessage:
    message = StoredMessage(
        PERSONA, "d1", f"https://ana.example/activities/{number}", Direction.OUT, "cast", PERSONA, "u",
        b"{}", NOW,
    )  # fmt: skip
    return replace(message, **over)  # type: ignore[arg-type]


async def test_drafts_come_back_exactly_and_belong_to_one_account(db: Database) -> None:
    empty = Draft("d2", ACCOUNT, Template.DONATION, NOW, NOW + HOUR)
    other = a_draft(account=VENDOR)
    await db.write(each(lambda tx: tx.drafts.save, a_draft(name="Before"), a_draft(), empty, other))
    assert await db.read(lambda tx: tx.drafts.get(ACCOUNT, "d1")) == a_draft()
    assert await db.read(lambda tx: tx.drafts.all(ACCOUNT)) == [empty, a_draft()]
    assert await db.read(lambda tx: tx.drafts.get(ACCOUNT, "none")) is None
    assert await db.write(lambda tx: tx.drafts.remove(ACCOUNT, "d1"))
    assert not await db.write(lambda tx: tx.drafts.remove(ACCOUNT, "d1"))
    assert await db.read(lambda tx: tx.drafts.get(VENDOR, "d1")) == other


# --- what has not left yet --------------------------------------------------------------------------------


def cast(tx: Tx, jobs: tuple[QueuedJob, ...], own: str = PERSONA, vendor: str | None = None) -> None:
    """An intent with one deal, whose persona was made for it, and its delivery."""
    tx.intents.save(an_intent(id=INTENT))
    tx.personas.save(Persona(own, ACCOUNT, NOW, vendor))
    tx.keys.save(KeyRow(f"{own}#k", own, "ed25519", "z6Mk", b"sealed", NOW))
    tx.deals.save(a_deal(id="d1", own=own, intent_id=INTENT), NOW + HOUR)
    tx.evidence.add(a_message("1", own=own))
    tx.notices.add(Notice(ACCOUNT, NOW, "It waits.", deal_id="d1"))
    for job in jobs:
        tx.deliveries.enqueue(job)


async def test_intent_that_never_left_is_taken_away_whole(
    db: Database, a_job: Callable[..., QueuedJob]
) -> None:
    job = a_job("1", due_at=NOW + HOUR, ordering_key="deal")
    other = a_job("2", body=job.body)
    await db.write(lambda tx: cast(tx, (job, other)))
    assert await db.write(lambda tx: tx.unsent.forget(INTENT))
    assert not await db.write(lambda tx: tx.unsent.forget(INTENT))

    def left(tx: Tx) -> list[object]:
        return [
            tx.intents.get(INTENT), tx.deals.get(PERSONA, "d1"), tx.personas.get(PERSONA),
            tx.keys.get(f"{PERSONA}#k"), *tx.evidence.of_deal(PERSONA, "d1"), *tx.notices.all(ACCOUNT),
            *tx.deals.find(ACCOUNT, "d1"),
        ]  # fmt: skip

    assert await db.read(left) == [None, None, None, None]
    assert [j.activity_id for j in await db.read(lambda tx: tx.deliveries.all())] == [other.activity_id]
    # The one with the same bytes still has them; the lane is that of what is left.
    assert [j.body for j in await db.delivery_queue.claim(9, NOW)] == [job.body]


async def test_what_is_taken_away_is_known_no_more_in_the_same_function(
    db: Database, a_job: Callable[..., QueuedJob]
) -> None:
    def cast_and_take_back(tx: Tx) -> list[object]:
        cast(tx, (a_job("1", due_at=NOW + HOUR),))
        before = (tx.deals.get(PERSONA, "d1"), tx.personas.get(PERSONA), tx.keys.of(PERSONA))
        assert all(before)
        assert tx.unsent.forget(INTENT)
        return [tx.deals.get(PERSONA, "d1"), tx.personas.get(PERSONA), *tx.keys.of(PERSONA)]

    assert await db.write(cast_and_take_back) == [None, None]
    assert await db.read(lambda tx: (tx.deals.all(ACCOUNT), tx.deals.find(ACCOUNT, "d1"))) == ([], [])


async def test_persona_of_a_vendor_stays_when_an_intent_is_taken_away(
    db: Database, a_job: Callable[..., QueuedJob]
) -> None:
    await db.write(lambda tx: cast(tx, (a_job("1", due_at=NOW + HOUR),), vendor=VENDOR))
    assert await db.write(lambda tx: tx.unsent.forget(INTENT))
    assert await db.read(lambda tx: tx.personas.get(PERSONA)) is not None
    assert await db.read(lambda tx: tx.keys.get(f"{PERSONA}#k")) is not None


async def test_intent_of_which_a_delivery_was_tried_is_not_taken_away(
    db: Database, a_job: Callable[..., QueuedJob]
) -> None:
    await db.write(lambda tx: cast(tx, (a_job("1"),)))
    claimed = (await db.delivery_queue.claim(9, NOW))[0]
    again = DeliveryOutcome(Outcome.RETRY, "nobody answers", retry_at=NOW + HOUR, attempted=True)
    await db.delivery_queue.settle(claimed.id, again, NOW)
    assert not await db.write(lambda tx: tx.unsent.forget(INTENT))
    assert await db.read(lambda tx: tx.intents.get(INTENT)) is not None
    assert len(await db.read(lambda tx: tx.deliveries.all())) == 1


async def test_intent_to_which_something_was_said_since_is_not_taken_away(
    db: Database, a_job: Callable[..., QueuedJob]
) -> None:
    await db.write(lambda tx: cast(tx, (a_job("1", due_at=NOW + HOUR),)))
    await db.write(lambda tx: tx.evidence.add(a_message("2", kind="withdraw")))
    assert not await db.write(lambda tx: tx.unsent.forget(INTENT))


async def test_cast_that_waits_leaves_sooner_and_never_later(
    db: Database, a_job: Callable[..., QueuedJob]
) -> None:
    await db.write(lambda tx: cast(tx, (a_job("1", due_at=NOW + HOUR, ordering_key="deal"),)))
    assert await db.delivery_queue.claim(9, NOW) == []
    assert await db.write(lambda tx: tx.unsent.hasten(INTENT, NOW + 2 * HOUR)) == 0
    assert await db.write(lambda tx: tx.unsent.hasten("none", NOW)) == 0
    assert await db.write(lambda tx: tx.unsent.hasten(INTENT, NOW)) == 1
    assert len(await db.delivery_queue.claim(9, NOW)) == 1


# --- what a home page asks --------------------------------------------------------------------------------


async def test_deals_press_in_the_order_of_their_clocks(db: Database) -> None:
    def save(tx: Tx) -> None:
        tx.deals.save(a_deal(DealState.OFFERED, id="late"), NOW + 2 * HOUR)
        tx.deals.save(a_deal(DealState.COUNTERED, id="soon"), NOW + HOUR)
        tx.deals.save(a_deal(DealState.OFFERED, id="now"), NOW)
        tx.deals.save(a_deal(DealState.OFFERED, id="never"), None)
        tx.deals.save(a_deal(DealState.OPEN, id="other"), NOW)
        tx.deals.save(a_deal(DealState.OFFERED, id="theirs", account=VENDOR), NOW)

    await db.write(save)
    states = (DealState.OFFERED, DealState.COUNTERED)
    found = await db.read(lambda tx: tx.overview.pressing(ACCOUNT, states))
    assert [deal.id for deal in found] == ["now", "soon", "late"]
    found = await db.read(lambda tx: tx.overview.pressing(ACCOUNT, states, limit=2))
    assert [deal.id for deal in found] == ["now", "soon"]
    assert await db.read(lambda tx: tx.overview.pressing(ACCOUNT, ())) == []


def save_deal(deal: Deal, tx: Tx) -> None:
    tx.deals.save(deal, None)


async def test_outlines_of_an_intent_say_what_its_deals_say(db: Database) -> None:
    states = (DealState.OFFERED, DealState.NO_BID, DealState.CONFIRMED, DealState.DECLINED)
    deals = [a_deal(state, id=f"d{number}", intent_id="i1") for number, state in enumerate(states)]
    for deal in (*deals, a_deal(id="other", intent_id="i2")):
        await db.write(partial(save_deal, deal))
    found = await db.read(lambda tx: tx.overview.outlines("i1"))
    assert [(one.id, one.state) for one in found] == [(deal.id, deal.state) for deal in deals]
    assert [len(one.offers) for one in found] == [1, 0, 1, 1]
    ends = [[offer.ends_at for offer in deal.live_offers] for deal in deals]
    assert [[offer.ends_at for offer in one.live_offers] for one in found] == ends
    assert ends[0] != []
    assert await db.read(lambda tx: tx.overview.outlines("none")) == []


async def test_last_word_of_a_deal_is_the_last_that_counted(db: Database) -> None:
    asked = a_message("1", kind="ask", direction=Direction.IN)
    refused = a_message("2", kind="ask", refused="limit: too many")
    await db.write(each(lambda tx: tx.evidence.add, a_message("0", kind="ask"), asked, refused))
    await db.write(lambda tx: tx.evidence.add(a_message("3", kind="offer")))
    assert await db.read(lambda tx: tx.overview.last_word(PERSONA, "d1")) == asked
    assert await db.read(lambda tx: tx.overview.last_word(PERSONA, "d2")) is None


async def test_notice_is_new_until_its_deal_was_looked_at(db: Database) -> None:
    about = [Notice(ACCOUNT, NOW, f"News {n}.", deal_id=f"d{n % 2}") for n in range(4)]
    await db.write(each(lambda tx: tx.notices.add, *about, Notice(VENDOR, NOW, "Theirs.", deal_id="d0")))
    new = await db.read(lambda tx: tx.overview.unread(ACCOUNT))
    assert [notice.text for notice in new] == ["News 3.", "News 2.", "News 1.", "News 0."]
    assert [n.text for n in await db.read(lambda tx: tx.overview.unread(ACCOUNT, limit=1))] == ["News 3."]
    assert await db.write(lambda tx: tx.overview.see(ACCOUNT, ["d0", "none"])) == 2
    assert await db.write(lambda tx: tx.overview.see(ACCOUNT, ["d0"])) == 0
    new = await db.read(lambda tx: tx.overview.unread(ACCOUNT))
    assert [notice.text for notice in new] == ["News 3.", "News 1."]
    assert new == (await db.read(lambda tx: tx.notices.all(ACCOUNT, deal_id="d1")))
    assert len(await db.read(lambda tx: tx.overview.unread(VENDOR))) == 1


# --- with one vendor --------------------------------------------------------------------------------------


async def test_deals_with_one_vendor_are_listed_and_counted(db: Database) -> None:
    other = "https://other.example/actors/other"
    mine = [a_deal(state, id=f"d{n}") for n, state in enumerate((DealState.OPEN, DealState.OFFERED))]
    again = a_deal(DealState.OPEN, id="d2")
    sold = a_deal(id="s", side=Sender.VENDOR, account=ACCOUNT, own=ACCOUNT, peer=VENDOR)
    elsewhere = a_deal(id="o", peer=other)

    def write(tx: Tx) -> list[str]:
        for deal in (*mine, again, sold, elsewhere, replace(mine[0], id="h", account=VENDOR)):
            tx.deals.save(deal, None)
        return [deal.id for _, deal in tx.overview.with_vendor(ACCOUNT, VENDOR)]

    assert await db.write(write) == ["d2", "d1", "d0"]
    await db.write(lambda tx: tx.deals.save(mine[0], None))
    first = await db.read(lambda tx: tx.overview.with_vendor(ACCOUNT, VENDOR, limit=2))
    assert [deal for _, deal in first] == [mine[0], again]
    rest = await db.read(lambda tx: tx.overview.with_vendor(ACCOUNT, VENDOR, before=first[-1][0], limit=2))
    assert [deal for _, deal in rest] == [mine[1]]
    wanted = (DealState.OPEN, DealState.OFFERED, DealState.CONCLUDED)
    tally = await db.read(lambda tx: tx.overview.tally_with(ACCOUNT, VENDOR, wanted))
    assert tally == {DealState.OPEN: 2, DealState.OFFERED: 1}
    assert await db.read(lambda tx: tx.overview.tally_with(ACCOUNT, VENDOR, [DealState.OFFERED])) == {
        DealState.OFFERED: 1
    }
    assert await db.read(lambda tx: tx.overview.tally_with(ACCOUNT, other, wanted)) == {DealState.OPEN: 1}
    assert await db.read(lambda tx: tx.overview.with_vendor(ACCOUNT, "nobody")) == []
