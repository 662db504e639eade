"""Owners are told by mail and by push: what they chose, gathered, once, and again after a failure."""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from federation.errors import KeyRefused
from node.config import Config
from node.container import open_node
from node.context import Node
from node.domain.accounts import Account, AccountKind
from node.domain.deals import DealState
from node.notices.pushing import Outcome, load_push_key, outlet_id, push
from node.notices.telling import MOST_TRIES, tell_due, tell_owners
from node.services.reminding import remind
from node.store.memory import MemoryDatabase
from node.store.ports import Channel, Choices, Notice, Outlet, StoreRefused
from node.web.notice_words import letter_of
from tests.builders import a_deal
from tests.post_office import MailBox, PushService, Trust, a_mail_server, a_push_service

pytestmark = pytest.mark.anyio

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ANA = "https://ana.example/actors/ana"
EVERYTHING = ("offers", "messages", "deals", "ending")


@dataclass
class Stand:
    """A node with one person, a mail server and a push service on loopback, and a clock moved by hand."""

    node: Node
    box: MailBox
    service: PushService
    now: datetime = START

    def forward(self, **spans: float) -> None:
        self.now += timedelta(**spans)

    def endpoint(self, name: str = "a") -> str:
        return f"https://push.example:{self.service.port}/{name}"

    async def tell(self) -> float:
        return await tell_due(self.node, letter_of)

    async def happens(self, *kinds: str) -> None:
        for kind in kinds:
            line = Notice(
                ANA, self.now, "Norbert offers a bicycle for 12.50.", kind, values={"item": "bicycle"}
            )
            await self.node.work(lambda desk, line=line: desk.tx.notices.add(line))  # type: ignore[misc]

    async def add(self, channel: Channel, name: str = "a", **over: Any) -> Outlet:
        address = "ana@post.example" if channel is Channel.MAIL else self.endpoint(name)
        made = Outlet(
            "mail" if channel is Channel.MAIL else outlet_id(address), ANA, channel, address, self.now,
            confirmed_at=self.now,
        )  # fmt: skip
        made = replace(made, **over)
        await self.node.work(lambda desk: desk.tx.outlets.save(made))
        return made

    async def outlets(self) -> list[Outlet]:
        return await self.node.look(lambda desk: desk.tx.outlets.all(ANA))

    async def outlet(self) -> Outlet:
        (found,) = await self.outlets()
        return found


def an_account() -> Account:
    return Account(ANA, "ana", AccountKind.PERSON, "Ana", START)


@asynccontextmanager
async def a_stand(folder: Path, **settings: Any) -> AsyncIterator[Stand]:
    trust = Trust(folder, "push.example", "localhost")
    async with a_mail_server() as box, a_push_service(trust.context) as service:
        config = Config(
            folder, "https://ana.example", ca_file=trust.ca_file, names={"push.example": "127.0.0.1"},
            allowed=frozenset({f"push.example:{service.port}"}), smtp_url=f"smtp://127.0.0.1:{box.port}",
        )  # fmt: skip
        config = replace(config, **settings)
        stands: list[Stand] = []

        def clock() -> datetime:
            return stands[0].now if stands else START

        database = MemoryDatabase(clock=clock)
        async with open_node(config, clock=clock, database=database, node_key=b"k" * 32) as opened:
            stands.append(Stand(opened.node, box, service))
            await opened.node.work(lambda desk: desk.tx.accounts.save(an_account()))
            await opened.node.work(lambda desk: desk.tx.outlets.choose(Choices(ANA, EVERYTHING, EVERYTHING)))
            yield stands[0]


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with a_stand(tmp_path) as made:
        yield made


# --- mail -------------------------------------------------------------------------------------------------


async def test_burst_is_one_mail_that_says_kinds_and_no_more(stand: Stand) -> None:
    await stand.add(Channel.MAIL)
    await stand.happens("offer")
    stand.forward(seconds=30)
    await stand.happens("offer", "ask")
    assert await stand.tell() == 30.0
    assert stand.box.mails == []
    stand.forward(seconds=30)
    await stand.tell()
    (mail,) = stand.box.mails
    assert "Offers: 2" in mail
    assert "Messages: 1" in mail
    for secret in ("Norbert", "bicycle", "12.50"):
        assert secret not in mail
    stand.forward(hours=1)
    await stand.tell()
    assert len(stand.box.mails) == 1


async def test_mail_is_in_the_language_that_its_owner_reads(stand: Stand) -> None:
    await stand.add(Channel.MAIL)
    preferences = await stand.node.look(lambda desk: desk.tx.preferences.get(ANA))
    await stand.node.work(lambda desk: desk.tx.preferences.save(replace(preferences, language="de")))
    await stand.happens("ask")
    stand.forward(minutes=1)
    await stand.tell()
    assert "Nachrichten: 1" in stand.box.mails[0]


@pytest.mark.parametrize(
    "over",
    [{"confirmed_at": None}, {"stopped_at": START}, {"due_at": START + timedelta(hours=9)}],
    ids=["not confirmed", "stopped", "not due again"],
)
async def test_nothing_is_sent_where_it_must_not_be(stand: Stand, over: dict[str, Any]) -> None:
    await stand.add(Channel.MAIL, **over)
    await stand.happens("offer")
    stand.forward(hours=1)
    await stand.tell()
    assert stand.box.commands == []


async def test_what_was_not_chosen_is_passed_over_and_not_told_later(stand: Stand) -> None:
    await stand.add(Channel.MAIL)
    await stand.happens("follow")
    stand.forward(minutes=2)
    await stand.tell()
    await stand.node.work(lambda desk: desk.tx.outlets.choose(Choices(ANA, ("followers",))))
    await stand.tell()
    assert stand.box.commands == []
    assert (await stand.outlet()).told == await stand.node.look(lambda desk: desk.tx.news.newest(ANA))


async def test_what_was_read_meanwhile_is_not_told(stand: Stand) -> None:
    await stand.add(Channel.MAIL)
    await stand.happens("offer")
    stand.forward(minutes=2)
    await stand.node.work(lambda desk: desk.tx.news.see_all(ANA, 99))
    await stand.tell()
    assert stand.box.commands == []


async def test_more_than_six_mails_an_hour_wait_and_come_as_one(stand: Stand) -> None:
    await stand.add(Channel.MAIL)
    for _ in range(12):
        await stand.happens("offer")
        stand.forward(minutes=2)
        await stand.tell()
    assert len(stand.box.mails) == 6
    stand.forward(minutes=40)
    await stand.tell()
    assert len(stand.box.mails) == 7
    assert "Offers: 6" in stand.box.mails[-1]


async def test_failed_mail_is_tried_again_later_and_later_and_then_told_whole(stand: Stand) -> None:
    await stand.add(Channel.MAIL)
    await stand.happens("offer")
    stand.box.answers["MAIL"] = "451 4.3.0 not now"
    stand.forward(minutes=1)
    waits = []
    for _ in range(4):
        await stand.tell()
        outlet = await stand.outlet()
        assert outlet.due_at is not None
        waits.append((outlet.due_at - stand.now).total_seconds() / 60)
        assert (outlet.trouble, outlet.detail, outlet.told) == ("refused", "451 4.3.0 not now", 0)
        stand.now = outlet.due_at
    assert waits == [1, 2, 4, 8]
    await stand.happens("ask")
    stand.box.answers.clear()
    await stand.tell()
    assert "Offers: 1" in stand.box.mails[0]
    assert "Messages: 1" in stand.box.mails[0]
    outlet = await stand.outlet()
    assert (outlet.tries, outlet.due_at, outlet.trouble) == (0, None, "")


async def test_mail_is_given_up_after_many_tries_and_says_so(stand: Stand) -> None:
    await stand.add(Channel.MAIL, tries=MOST_TRIES - 1)
    await stand.happens("offer")
    stand.box.answers["MAIL"] = "451 4.3.0 not now"
    stand.forward(minutes=1)
    await stand.tell()
    assert (await stand.outlet()).stopped_at == stand.now


async def test_address_that_takes_no_mail_is_not_written_to_again(stand: Stand) -> None:
    await stand.add(Channel.MAIL)
    await stand.happens("offer")
    stand.box.answers["RCPT"] = "550 5.1.1 no such user"
    stand.forward(minutes=1)
    await stand.tell()
    outlet = await stand.outlet()
    assert (outlet.trouble, outlet.stopped_at) == ("address", stand.now)


async def test_address_that_was_changed_meanwhile_keeps_its_new_state(stand: Stand) -> None:
    await stand.add(Channel.MAIL)
    await stand.happens("offer")
    stand.forward(minutes=1)
    stand.box.answers["MAIL"] = "451 4.3.0 not now"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stand.tell)
        await stand.box.heard.wait()
        await stand.add(Channel.MAIL, address="new@post.example")
    assert (await stand.outlet()).trouble == ""


async def test_node_without_a_mail_server_keeps_what_waits(tmp_path: Path) -> None:
    async with a_stand(tmp_path, smtp_url=None) as stand:
        await stand.add(Channel.MAIL)
        await stand.happens("offer")
        stand.forward(hours=1)
        await stand.tell()
        assert (await stand.outlet()).told == 0


# --- push -------------------------------------------------------------------------------------------------


async def test_nudge_is_empty_and_signed_for_its_service_alone(stand: Stand) -> None:
    await stand.add(Channel.PUSH)
    await stand.happens("offer", "ask")
    stand.forward(seconds=15)
    await stand.tell()
    (nudge,) = stand.service.nudges
    assert (nudge.path, nudge.body) == ("/a", b"")
    claims = nudge.claims()
    assert claims["aud"] == f"https://push.example:{stand.service.port}"
    assert claims["sub"] == "https://ana.example"
    assert stand.now.timestamp() < claims["exp"] <= stand.now.timestamp() + 24 * 3600  # type: ignore[operator]
    assert nudge.key == (await load_push_key(stand.node)).public
    assert nudge.headers["ttl"] == "86400"
    assert (nudge.headers["urgency"], nudge.headers["topic"]) == ("normal", "obverse-news")
    assert not {"cookie", "content-encoding"} & set(nudge.headers)


async def test_key_stays_the_same_and_lies_sealed(stand: Stand) -> None:
    first = await load_push_key(stand.node)
    assert (await load_push_key(stand.node)).public == first.public
    sealed = await stand.node.look(lambda desk: desk.tx.meta.get("vapid"))
    assert sealed is not None
    number = first.private.private_numbers().private_value.to_bytes(32, "big")
    assert number not in base64.b64decode(sealed)
    with pytest.raises(KeyRefused):
        stand.node.keys.open_secret("another name", base64.b64decode(sealed))


async def test_two_who_ask_for_the_key_at_once_get_the_same(stand: Stand) -> None:
    found: list[str] = []

    async def ask() -> None:
        found.append((await load_push_key(stand.node)).public)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        tasks.start_soon(ask)
    assert found[0] == found[1]


async def test_service_that_cannot_be_reached_is_tried_again(stand: Stand) -> None:
    pushed = await push(stand.node, "https://push.example:9/x")
    assert pushed.outcome is Outcome.REFUSED  # not even asked: only port 443 is
    await stand.add(Channel.PUSH)
    stand.service.answers["/a"] = "nonsense\r\n\r\n"
    await stand.happens("offer")
    stand.forward(minutes=1)
    await stand.tell()
    outlet = await stand.outlet()
    assert (outlet.trouble, outlet.stopped_at, outlet.tries) == ("unreachable", None, 1)


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
async def test_browser_that_is_gone_is_forgotten(stand: Stand, status: str) -> None:
    await stand.add(Channel.PUSH)
    stand.service.answers["/a"] = status
    await stand.happens("offer")
    stand.forward(minutes=1)
    await stand.tell()
    assert await stand.outlets() == []


@pytest.mark.parametrize("status", ["429 Too Many\r\nretry-after: 900", "503 No\r\nretry-after: 900"])
async def test_service_that_asks_to_wait_is_left_alone_so_long(stand: Stand, status: str) -> None:
    await stand.add(Channel.PUSH)
    stand.service.answers["/a"] = status
    await stand.happens("offer")
    stand.forward(minutes=1)
    await stand.tell()
    outlet = await stand.outlet()
    assert (outlet.due_at, outlet.trouble, outlet.stopped_at) == (
        stand.now + timedelta(minutes=15), "unreachable", None,
    )  # fmt: skip
    stand.forward(minutes=14)
    await stand.tell()
    assert len(stand.service.nudges) == 1
    stand.service.answers.clear()
    stand.forward(minutes=1)
    await stand.tell()
    assert (await stand.outlet()).trouble == ""


@pytest.mark.parametrize("status", ["401 No", "403 No", "301 There\r\nlocation: https://127.0.0.1/x"])
async def test_service_that_refuses_is_not_asked_again(stand: Stand, status: str) -> None:
    await stand.add(Channel.PUSH)
    stand.service.answers["/a"] = status
    await stand.happens("offer")
    stand.forward(minutes=1)
    await stand.tell()
    outlet = await stand.outlet()
    assert (outlet.trouble, outlet.stopped_at) == ("refused", stand.now)
    assert len(stand.service.nudges) == 1


@pytest.mark.parametrize(
    "endpoint",
    ["https://127.0.0.1/x", "https://10.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/latest",
     "http://push.example/x", "https://push.example:22/x", "https://push.example/x"],
)  # fmt: skip
async def test_address_that_leads_into_the_house_is_never_opened(stand: Stand, endpoint: str) -> None:
    """The last one is a name that resolves to loopback; it is the allowed port alone that may."""
    pushed = await push(stand.node, endpoint)
    assert pushed.outcome.value == "refused", pushed
    assert stand.service.nudges == []


async def test_service_that_is_down_does_not_keep_the_others_waiting(stand: Stand) -> None:
    await stand.add(Channel.PUSH, "a")
    await stand.add(Channel.PUSH, "b")
    stand.service.answers["/a"] = "500 Oh"
    await stand.happens("offer")
    stand.forward(minutes=1)
    await stand.tell()
    stand.forward(seconds=70)
    await stand.happens("ask")
    stand.forward(seconds=20)
    await stand.tell()
    assert [nudge.path for nudge in stand.service.nudges].count("/b") == 2


async def test_nudges_are_at_least_a_minute_apart(stand: Stand) -> None:
    await stand.add(Channel.PUSH)
    for _ in range(6):
        await stand.happens("offer")
        stand.forward(seconds=20)
        await stand.tell()
    assert len(stand.service.nudges) == 2


# --- what must not keep the others, nor be said twice -----------------------------------------------------


async def test_way_out_that_makes_us_stumble_keeps_no_other(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await stand.add(Channel.PUSH)
    await stand.add(Channel.MAIL)
    await stand.happens("offer")
    stand.forward(minutes=1)

    async def stumble(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("node.notices.telling.push", stumble)
    await stand.tell()
    await stand.tell()
    assert len(stand.box.mails) == 1
    nudged = next(one for one in await stand.outlets() if one.channel is Channel.PUSH)
    assert (nudged.trouble, nudged.tries, nudged.stopped_at) == ("fault", 1, None)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_full_disk_sends_nothing_at_all(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    await stand.add(Channel.MAIL)
    await stand.happens("offer")
    stand.forward(minutes=1)

    async def refuse(*_: object) -> None:
        raise StoreRefused("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(Node, "work", refuse)
        for _ in range(3):
            with pytest.raises(StoreRefused):
                await stand.tell()
    assert stand.box.commands == []
    await stand.tell()
    assert len(stand.box.mails) == 1


async def test_disk_that_fills_while_a_mail_is_sent_has_it_sent_no_oftener_than_it_may(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.add(Channel.MAIL)
    await stand.happens("offer")
    stand.forward(minutes=1)

    def refuse(*_: object) -> None:
        raise StoreRefused("the disk is full")

    with monkeypatch.context() as full:
        full.setattr("node.notices.telling._settle", refuse)
        for _ in range(30):
            await stand.tell()
            stand.forward(minutes=1)
    assert len(stand.box.mails) == 6


# --- the loop ---------------------------------------------------------------------------------------------


async def test_loop_tells_what_waited_when_the_node_was_down(stand: Stand) -> None:
    await stand.add(Channel.PUSH)
    await stand.happens("offer")
    stand.forward(minutes=5)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tell_owners, stand.node, letter_of)
        with anyio.fail_after(20):
            await stand.service.heard.wait()
        stand.node.changes.close()  # it ends by itself when the node closes


async def test_fault_of_ours_is_logged_and_the_loop_goes_on(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failed, looked_again = anyio.Event(), anyio.Event()

    def fail_once(desk: object) -> list[object]:
        if failed.is_set():
            looked_again.set()
            return []
        failed.set()
        raise RuntimeError("a fault")

    monkeypatch.setattr("node.notices.telling.find_ending", fail_once)
    monkeypatch.setattr("node.notices.telling._SHORTEST_REST_S", 0.01)
    monkeypatch.setattr("node.notices.telling._LONGEST_REST_S", 0.01)
    monkeypatch.setattr("node.notices.telling._AFTER_A_CHANGE_S", 0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tell_owners, stand.node, letter_of)
        with anyio.fail_after(20):
            await looked_again.wait()
        stand.node.changes.close()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_store_that_refuses_ends_nothing(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = [anyio.Event(), anyio.Event()]

    async def refused(*_: object) -> float:
        next(event for event in looked if not event.is_set()).set()
        raise StoreRefused("the disk is full")

    monkeypatch.setattr("node.notices.telling.tell_due", refused)
    monkeypatch.setattr("node.notices.telling._SHORTEST_REST_S", 0.01)
    monkeypatch.setattr("node.notices.telling._LONGEST_REST_S", 0.01)
    monkeypatch.setattr("node.notices.telling._AFTER_A_CHANGE_S", 0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tell_owners, stand.node, letter_of)
        with anyio.fail_after(20):
            await looked[0].wait()
            await stand.node.db.write(lambda tx: None)
            await looked[1].wait()
        tasks.cancel_scope.cancel()


async def test_loop_reminds_of_what_ends(stand: Stand) -> None:
    deal, offer = a_deal_with_an_offer(8)
    await stand.node.work(lambda desk: desk.tx.deals.save(deal, offer.ends_at))
    stand.forward(hours=7)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tell_owners, stand.node, letter_of)
        with anyio.fail_after(20):
            await stand.node.changes.next()
        stand.node.changes.close()
    assert await stand.node.look(lambda desk: desk.tx.news.count(ANA)) == 1


# --- reminding --------------------------------------------------------------------------------------------


def a_deal_with_an_offer(hours: float) -> Any:
    deal = a_deal(DealState.OFFERED, account=ANA)
    offer = replace(deal.live_offers[0], received_at=START, ends_at=START + timedelta(hours=hours))
    return replace(deal, offers=(offer,)), offer


async def test_offer_that_ends_soon_is_told_once(stand: Stand) -> None:
    deal, offer = a_deal_with_an_offer(8)
    await stand.node.work(lambda desk: desk.tx.deals.save(deal, offer.ends_at))
    for at, told in ((5.9, 0), (6, 1), (7, 0), (8.1, 0)):
        stand.now = START + timedelta(hours=at)
        assert await stand.node.work(remind) == told, at
    (line,) = await stand.node.look(lambda desk: desk.tx.notices.all(ANA))
    assert (line.code, line.deal_id) == ("ends-soon", deal.id)


async def test_offer_of_a_month_is_told_a_day_before_its_end(stand: Stand) -> None:
    deal, offer = a_deal_with_an_offer(24 * 30)
    await stand.node.work(lambda desk: desk.tx.deals.save(deal, offer.ends_at))
    stand.now = START + timedelta(days=28, hours=23)
    assert await stand.node.work(remind) == 0
    stand.forward(hours=1)
    assert await stand.node.work(remind) == 1
