"""What an owner is told: notices as they are read, the ways out of the house, what is told by which."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from node.store.ports import Channel, Choices, Database, Notice, Outlet
from tests.builders import ACCOUNT, NOW, VENDOR
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

OTHER = "https://ana.example/actors/other"


def an_outlet(outlet_id: str = "mail", **over: object) -> Outlet:
    made = Outlet(
        outlet_id, ACCOUNT, Channel.MAIL, "ana@post.example", NOW, "Ana’s post", NOW, 7, 2,
        NOW + timedelta(minutes=4), None, "unreachable", "timed out", (NOW, NOW + timedelta(minutes=1)),
        "abc", NOW + timedelta(minutes=30), 1, (NOW,),
    )  # fmt: skip
    return replace(made, **over)  # type: ignore[arg-type]


def some_news() -> list[Notice]:
    mine = [
        Notice(ACCOUNT, NOW, f"News {n}.", "offer", f"d{n}", code="offer", values={"item": f"„{n}“"})
        for n in range(4)
    ]
    return [*mine, Notice(VENDOR, NOW, "Theirs.")]


async def test_notices_are_paged_newest_first_with_their_marks(db: Database) -> None:
    await db.write(each(lambda tx: tx.notices.add, *some_news()))
    page = await db.read(lambda tx: tx.news.page(ACCOUNT, limit=3))
    assert [(one.text, new) for one, new in page] == [("News 3.", True), ("News 2.", True), ("News 1.", True)]
    assert (page[0][0].code, page[0][0].values) == ("offer", {"item": "„3“"})
    last = page[-1][0].id
    assert [one.text for one, _ in await db.read(lambda tx: tx.news.page(ACCOUNT, before=last))] == [
        "News 0."
    ]
    assert await db.write(lambda tx: tx.news.see(ACCOUNT, last))
    assert not await db.write(lambda tx: tx.news.see(ACCOUNT, last))
    page = await db.read(lambda tx: tx.news.page(ACCOUNT))
    assert [new for _, new in page] == [True, True, False, True]


async def test_notice_of_another_account_is_neither_found_nor_marked(db: Database) -> None:
    await db.write(each(lambda tx: tx.notices.add, *some_news()))
    theirs = (await db.read(lambda tx: tx.news.page(VENDOR)))[0][0].id
    assert await db.read(lambda tx: tx.news.get(ACCOUNT, theirs)) is None
    assert (await db.read(lambda tx: tx.news.get(VENDOR, theirs))) is not None
    assert not await db.write(lambda tx: tx.news.see(ACCOUNT, theirs))
    assert await db.write(lambda tx: tx.news.see_all(ACCOUNT, theirs)) == 4
    assert await db.read(lambda tx: tx.news.count(VENDOR)) == 1


async def test_new_notices_are_counted_up_to_a_bound_and_read_from_one_on(db: Database) -> None:
    assert await db.read(lambda tx: (tx.news.count(ACCOUNT), tx.news.newest(ACCOUNT))) == (0, 0)
    await db.write(each(lambda tx: tx.notices.add, *some_news()))
    ids = [one.id for one, _ in (await db.read(lambda tx: tx.news.page(ACCOUNT)))[::-1]]
    assert await db.read(lambda tx: (tx.news.count(ACCOUNT), tx.news.count(ACCOUNT, most=2))) == (4, 2)
    assert await db.read(lambda tx: tx.news.kinds(ACCOUNT, most=2)) == [
        ("offer", "offer", "d3"),
        ("offer", "offer", "d2"),
    ]
    await db.write(lambda tx: tx.notices.add(Notice(OTHER, NOW, "Bare.")))
    assert await db.read(lambda tx: tx.news.kinds(OTHER)) == [("info", "", "")]
    assert await db.read(lambda tx: tx.news.newest(ACCOUNT)) == ids[-1]
    await db.write(lambda tx: tx.news.see(ACCOUNT, ids[2]))
    assert [one.id for one in await db.read(lambda tx: tx.news.since(ACCOUNT, ids[0]))] == [ids[1], ids[3]]
    assert [one.id for one in await db.read(lambda tx: tx.news.since(ACCOUNT, 0, limit=1))] == [ids[0]]
    assert await db.write(lambda tx: tx.news.see_all(ACCOUNT, ids[2])) == 2
    assert await db.read(lambda tx: tx.news.count(ACCOUNT)) == 1


async def test_outlets_come_back_exactly_and_belong_to_one_account(db: Database) -> None:
    push = an_outlet("p1", channel=Channel.PUSH, address="https://push.example/1", tried_at=(), due_at=None)
    await db.write(each(lambda tx: tx.outlets.save, push, an_outlet(label="Old"), an_outlet()))
    await db.write(lambda tx: tx.outlets.save(an_outlet(account=VENDOR)))
    assert await db.read(lambda tx: tx.outlets.all(ACCOUNT)) == [an_outlet(), push]
    assert await db.read(lambda tx: tx.outlets.get(ACCOUNT, "p1")) == push
    assert await db.read(lambda tx: tx.outlets.get(VENDOR, "p1")) is None
    assert not await db.write(lambda tx: tx.outlets.remove(VENDOR, "p1"))
    assert await db.write(lambda tx: tx.outlets.remove(ACCOUNT, "p1"))
    assert await db.read(lambda tx: tx.outlets.all(ACCOUNT)) == [an_outlet()]


async def test_nothing_is_told_by_other_ways_until_it_was_chosen(db: Database) -> None:
    assert await db.read(lambda tx: tx.outlets.choices(ACCOUNT)) == Choices(ACCOUNT)
    chosen = Choices(ACCOUNT, ("offers", "messages"), ("offers",))
    await db.write(each(lambda tx: tx.outlets.choose, Choices(ACCOUNT, ("deals",)), chosen))
    assert await db.read(lambda tx: tx.outlets.choices(ACCOUNT)) == chosen
    assert chosen.of(Channel.MAIL) == ("offers", "messages")
    assert chosen.of(Channel.PUSH) == ("offers",)
    assert await db.read(lambda tx: tx.outlets.choices(VENDOR)) == Choices(VENDOR)
