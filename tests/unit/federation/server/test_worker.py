"""The worker over the in-memory ports, with the real inbox, delivery and routes of two parties."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from federation import worker as worker_module
from federation.activity import parse_activity
from federation.delivery import deliver
from federation.inbox import Receipt, Reception
from federation.listeners import Inbound
from federation.ports import DeliveryJob, DeliveryOutcome, HostState, InboundEntry, Outcome
from federation.strictjson import dump_json
from federation.worker import Worker, WorkerSettings

pytestmark = pytest.mark.anyio
SHOP = "https://shop.example"


def an_entry(actor: str = "https://shop.example/a", name: str = "1", **change: Any) -> InboundEntry:
    body = dump_json({"id": f"https://shop.example/{name}", "type": "Like", "actor": actor, "object": name})
    entry = InboundEntry("", actor, f"https://shop.example/{name}", body, f"zQm{name}", change.pop("at"))
    return replace(entry, **change)


@pytest.fixture
def record(ana: Any) -> Callable[..., Awaitable[None]]:
    async def run(actor: str, name: str) -> None:
        await ana.log.record(an_entry(actor, name, at=ana.clock()))

    return run


async def until(done: Callable[[], bool], meanwhile: Callable[[], None] = lambda: None) -> None:
    while not done():
        meanwhile()
        await anyio.sleep(0.002)


# --- processing ------------------------------------------------------------------------------------------


async def test_a_message_goes_from_one_party_to_the_others_handler(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = ana.account("ana")
    await ana.queue.enqueue(ana.job(sender, f"{SHOP}/inbox", a_note(sender)))
    await ana.worker().run_until_idle()
    await shop.worker().run_until_idle()
    assert [inbound.activity.id for inbound in shop.handled] == ["https://ana.example/activities/1"]
    assert shop.handled[0].entry.actor == sender.id
    assert (ana.queue.jobs, shop.pending) == ({}, [])
    assert len(shop.log.finished) == 1


async def test_messages_of_one_actor_are_processed_in_order_and_one_at_a_time(ana: Any, record: Any) -> None:
    running: list[str] = []
    most: dict[str, int] = {"one": 0, "all": 0}

    async def slow(inbound: Inbound) -> None:
        running.append(inbound.entry.actor)
        most["one"] = max(most["one"], running.count(inbound.entry.actor))
        most["all"] = max(most["all"], len(running))
        await anyio.sleep(0.001)
        running.remove(inbound.entry.actor)

    ana.handler = slow
    for n in range(6):
        await record("https://shop.example/a", f"a{n}")
        await record("https://shop.example/b", f"b{n}")
    await ana.worker().run_until_idle()
    handled = [inbound.activity.object_id for inbound in ana.handled]
    assert [name for name in handled if name[0] == "a"] == [f"a{n}" for n in range(6)]
    assert [name for name in handled if name[0] == "b"] == [f"b{n}" for n in range(6)]
    assert most == {"one": 1, "all": 2}


async def test_x13_poison_is_tried_again_then_buried_and_holds_nobody_up(ana: Any, record: Any) -> None:
    async def fail(inbound: Inbound) -> None:
        if inbound.activity.object_id == "poison":
            raise ValueError("cannot digest this")

    ana.handler = fail
    await record("https://shop.example/a", "poison")
    await record("https://shop.example/a", "good")
    worker = ana.worker()
    tries = []
    for _ in range(4):
        await worker.run_until_idle()
        tries.append([entry.attempts for entry in ana.pending])
        ana.clock.forward(hours=1)
    assert tries == [[1], [2], [], []]
    assert [inbound.activity.object_id for inbound in ana.handled] == ["good"]
    (buried,) = ana.log.buried
    assert buried.error == "ValueError: cannot digest this"
    assert [what for what, _ in ana.failures] == ["process"] * 3


async def test_bytes_that_no_longer_parse_are_buried_like_poison(ana: Any) -> None:
    await ana.log.record(replace(an_entry(at=ana.clock()), body=b"{"))
    worker = ana.worker(settings=WorkerSettings(tries=1))
    await worker.run_until_idle()
    assert len(ana.log.buried) == 1


async def test_a_body_that_was_parsed_a_moment_ago_is_not_parsed_again(ana: Any) -> None:
    entry = an_entry(at=ana.clock())
    activity = parse_activity(entry.body)
    await ana.log.record(replace(entry, body=b"{", activity=activity))
    await ana.worker().run_until_idle()
    (handled,) = ana.handled
    assert handled.activity is activity


# --- delivering ------------------------------------------------------------------------------------------


async def test_jobs_of_one_deal_leave_in_order(ana: Any, shop: Any, a_note: Any) -> None:
    sender = ana.account("ana")
    for n in range(5):
        await ana.queue.enqueue(ana.job(sender, f"{SHOP}/inbox", a_note(sender, str(n)), ordering_key="deal"))
    await ana.worker().run_until_idle()
    assert [entry.activity_id[-1] for entry in shop.pending] == list("01234")


async def test_a_failed_job_holds_back_the_rest_of_its_deal_alone(ana: Any, shop: Any, a_note: Any) -> None:
    sender = ana.account("ana")
    for key, url in (
        ("deal", "https://third.example/inbox"),
        ("deal", f"{SHOP}/inbox"),
        ("", f"{SHOP}/inbox"),
    ):
        await ana.queue.enqueue(ana.job(sender, url, a_note(sender, key or "free"), ordering_key=key))
    await ana.worker().run_until_idle()
    assert [entry.activity_id for entry in shop.pending] == ["https://ana.example/activities/free"]
    assert len(ana.queue.jobs) == 2


async def test_one_host_gets_two_at_a_time_and_all_hosts_so_many(ana: Any) -> None:
    sender = ana.account("ana")
    running: list[str] = []
    most: dict[str, int] = {"host": 0, "all": 0}

    async def slowly(job: DeliveryJob) -> DeliveryOutcome:
        running.append(job.inbox)
        most["host"] = max(most["host"], running.count(job.inbox))
        most["all"] = max(most["all"], len(running))
        await anyio.sleep(0.001)
        running.remove(job.inbox)
        return DeliveryOutcome(Outcome.DELIVERED, "")

    for n in range(120):
        await ana.queue.enqueue(ana.job(sender, f"https://h{n % 40}.example/inbox", {}))
    await ana.worker(deliver=slowly, settings=WorkerSettings(delivered_at_once=50)).run_until_idle()
    assert len(ana.queue.delivered) == 120
    assert most == {"host": 2, "all": 50}


def test_as_shipped_hundreds_of_hosts_are_served_at_once_and_slow_ones_apart() -> None:
    shipped = WorkerSettings()
    assert (shipped.delivered_at_once, shipped.slow_at_once, shipped.slow_after_s) == (200, 300, 2.0)
    assert (shipped.per_host, shipped.in_hand) == (2, 1000)


async def test_actors_of_one_node_deal_without_a_socket(network: Any, ana: Any, a_deal: Any) -> None:
    buyer, seller = ana.persona("P"), ana.account("seller")
    await ana.queue.enqueue(ana.job(buyer, seller.inbox, a_deal(buyer, seller.id)))
    await ana.worker().run_until_idle()
    assert [inbound.entry.recipient for inbound in ana.handled] == [seller.id]
    assert network.seen == []


async def test_hosts_that_were_asked_about_are_remembered_to_a_bound(
    ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "_LANES_REMEMBERED", 2)

    async def fine(_: DeliveryJob) -> DeliveryOutcome:
        return DeliveryOutcome(Outcome.DELIVERED, "")

    for n in range(5):
        await ana.queue.enqueue(ana.job(ana.account("ana"), f"https://h{n}.example/inbox", {}))
    worker = ana.worker(deliver=fine)
    await worker.run_until_idle()
    assert len(ana.queue.delivered) == 5
    assert len(worker._homes) <= 2


async def test_a_local_refusal_is_final_and_passing_trouble_is_not(ana: Any, an_unproven_deal: Any) -> None:
    buyer, seller = ana.persona("P"), ana.account("seller")
    await ana.queue.enqueue(ana.job(buyer, seller.inbox, an_unproven_deal(buyer, seller.id)))
    await ana.worker().run_until_idle()
    (dead,) = ana.queue.dead.values()
    assert dead.outcome.status == 401

    async def busy(_: DeliveryJob) -> Receipt:
        return Receipt(503, Reception.REFUSED)

    ana.queue.dead.clear()
    await ana.queue.enqueue(ana.job(buyer, seller.inbox, {}))
    await ana.worker(deliver_local=busy).run_until_idle()
    ((job, due),) = ana.queue.jobs.values()
    assert job.attempts == 1
    assert due > ana.clock()


async def test_a_local_message_past_its_end_is_dead(ana: Any) -> None:
    buyer, seller = ana.persona("P"), ana.account("seller")
    await ana.queue.enqueue(ana.job(buyer, seller.inbox, {}, give_up_at=ana.clock()))
    await ana.worker().run_until_idle()
    assert len(ana.queue.dead) == 1
    assert ana.log.finished == []


async def test_a_fault_of_ours_does_not_lose_the_message_but_its_end_does(ana: Any) -> None:
    sender = ana.account("ana")

    async def broken(_: DeliveryJob) -> DeliveryOutcome:
        raise RuntimeError("bug")

    worker = ana.worker(deliver=broken)
    await ana.queue.enqueue(ana.job(sender, f"{SHOP}/inbox", {}))
    await worker.run_until_idle()
    assert [what for what, _ in ana.failures] == ["deliver"]
    assert len(ana.queue.jobs) == 1
    ana.queue.jobs.clear()
    await ana.queue.enqueue(
        ana.job(sender, f"{SHOP}/inbox", {}, give_up_at=ana.clock() + timedelta(seconds=1))
    )
    await worker.run_until_idle()
    assert len(ana.queue.dead) == 1


async def test_what_is_taken_back_is_not_sent_and_stops_nothing_behind_it(
    ana: Any, shop: Any, a_note: Any
) -> None:
    sender = ana.account("ana")
    for n in range(2):
        await ana.queue.enqueue(ana.job(sender, f"{SHOP}/inbox", a_note(sender, str(n)), ordering_key="post"))
    ana.queue.taken_back.add(1)
    await ana.worker().run_until_idle()
    assert [entry.activity_id for entry in shop.pending] == ["https://ana.example/activities/1"]
    (taken_back,) = ana.queue.dead.values()
    assert (taken_back.outcome.outcome, taken_back.outcome.attempted) == (Outcome.TAKEN_BACK, False)


async def test_an_inbox_that_is_no_address_ends_in_the_dead_letters(ana: Any) -> None:
    await ana.queue.enqueue(ana.job(ana.account("ana"), "nonsense", {}))
    await ana.worker().run_until_idle()
    (dead,) = ana.queue.dead.values()
    assert "no usable address" in dead.outcome.detail


async def test_x20_a_dead_peer_is_tried_for_seven_days_then_shown_and_can_be_sent_again(
    ana: Any, shop: Any, a_note: Any
) -> None:
    sender = ana.account("ana")
    job = await ana.queue.enqueue(ana.job(sender, "https://gone.example/inbox", a_note(sender)))
    worker = ana.worker()
    tries = 0
    while ana.queue.jobs:
        await worker.run_until_idle()
        tries += 1
        due = await ana.queue.next_due(ana.clock())
        if due is not None:
            assert due > ana.clock()
            ana.clock.now = due
    assert 10 <= tries <= 60
    assert ana.clock() <= job.give_up_at
    assert job.id in ana.queue.dead
    await ana.queue.resend(job.id, ana.clock())
    moved = replace(ana.queue.jobs[job.id][0], inbox=f"{SHOP}/inbox", lane=SHOP)
    ana.queue.jobs[job.id] = (moved, ana.clock())
    await worker.run_until_idle()
    assert len(shop.pending) == 1


async def test_x08_a_silent_host_holds_up_no_other(ana: Any, shop: Any, a_note: Any) -> None:
    sender = ana.account("ana")
    silent = anyio.Event()

    async def hang(job: DeliveryJob) -> DeliveryOutcome:
        if "silent" in job.inbox:
            await silent.wait()
            return DeliveryOutcome(Outcome.DELIVERED, "")
        return await deliver(job, ana.ports)

    for n in range(20):
        await ana.queue.enqueue(ana.job(sender, "https://silent.example/inbox", {"n": n}))
    for n in range(5):
        await ana.queue.enqueue(ana.job(sender, f"{SHOP}/inbox", a_note(sender, str(n))))
    settings = WorkerSettings(in_hand=2, per_host=2, delivered_at_once=1, slow_after_s=0.01)
    worker = ana.worker(deliver=hang, settings=settings)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run)
        with anyio.fail_after(5):
            await until(lambda: len(shop.pending) == 5 and len(ana.queue.delivered) == 5)
        assert len(ana.queue.jobs) == 20, "for later, not lost"
        silent.set()
        with anyio.fail_after(5):
            await until(lambda: not ana.queue.jobs)
        worker.stop()


async def test_one_hosts_backlog_leaves_the_others_their_share(ana: Any) -> None:
    sender = ana.account("ana")
    order: list[str] = []

    async def fine(job: DeliveryJob) -> DeliveryOutcome:
        order.append(job.inbox)
        await anyio.lowlevel.checkpoint()
        return DeliveryOutcome(Outcome.DELIVERED, "")

    for _ in range(300):
        await ana.queue.enqueue(ana.job(sender, "https://flood.example/inbox", {}))
    for n in range(20):
        await ana.queue.enqueue(ana.job(sender, f"https://h{n}.example/inbox", {}))
    await ana.worker(deliver=fine, settings=WorkerSettings(in_hand=50)).run_until_idle()
    assert len(order) == 320
    last = max(place for place, inbox in enumerate(order) if "flood" not in inbox)
    assert last < 60


async def test_after_a_failure_the_rest_for_that_host_is_not_tried_at_once(ana: Any) -> None:
    sender = ana.account("ana")
    tried: list[int] = []

    async def fail(job: DeliveryJob) -> DeliveryOutcome:
        tried.append(job.id)
        later = ana.clock() + timedelta(minutes=1)
        return DeliveryOutcome(Outcome.RETRY, "no answer", retry_at=later, hold_until=later)

    for n in range(9):
        await ana.queue.enqueue(ana.job(sender, f"{SHOP}/inbox", {"n": n}))
    await ana.worker(deliver=fail).run_until_idle()
    assert len(tried) <= 2


# --- the loop --------------------------------------------------------------------------------------------


async def running(worker: Worker, done: Callable[[], bool]) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run)
        with anyio.fail_after(5):
            await until(done)
        worker.stop()


async def test_a_nudge_wakes_the_sleeping_worker(ana: Any, record: Any) -> None:
    worker = ana.worker()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run)
        await anyio.sleep(0.02)
        await record("https://shop.example/a", "1")
        worker.nudge()
        with anyio.fail_after(2):
            await until(lambda: bool(ana.handled))
        worker.stop()


async def test_what_falls_due_later_is_done_without_a_nudge(ana: Any) -> None:
    sender = ana.account("ana")
    started = anyio.current_time()

    def ticking() -> Any:
        return ana.clock.now + timedelta(seconds=anyio.current_time() - started)

    async def fine(_: DeliveryJob) -> DeliveryOutcome:
        return DeliveryOutcome(Outcome.DELIVERED, "")

    job = ana.job(sender, f"{SHOP}/inbox", {})
    await ana.queue.enqueue(job, due_at=ana.clock() + timedelta(seconds=0.05))
    await running(ana.worker(deliver=fine, clock=ticking), lambda: bool(ana.queue.delivered))
    assert anyio.current_time() - started >= 0.05


async def test_x05_while_the_disk_is_full_no_message_uses_up_its_tries(
    ana: Any, record: Any, a_note: Any
) -> None:
    """The handler and the delivery fail for want of room: neither is the message's fault."""
    sender = ana.account("ana")
    room, failures = anyio.Event(), 0

    async def write() -> None:
        nonlocal failures
        failures += 1
        if failures > 20:
            room.set()
        if not room.is_set():
            raise OSError("no room")

    async def handle(inbound: Inbound) -> None:
        await write()

    async def deliver_then_write(job: DeliveryJob) -> DeliveryOutcome:
        await write()
        return DeliveryOutcome(Outcome.DELIVERED, "taken", 202)

    ana.handler = handle
    await record("https://shop.example/a", "one")
    await ana.queue.enqueue(ana.job(sender, f"{SHOP}/inbox", a_note(sender)))
    worker = ana.worker(deliver=deliver_then_write, is_of_the_store=lambda error: isinstance(error, OSError))
    with anyio.fail_after(10):
        await worker.run_until_idle()
    assert [inbound.entry.attempts for inbound in ana.handled] == [0]
    assert (ana.queue.jobs, ana.pending, ana.log.buried) == ({}, [], [])
    assert {what for what, _ in ana.failures} == {"process", "deliver"}


async def test_x05_a_store_that_fails_is_reported_and_the_work_goes_on_when_it_recovers(
    ana: Any, record: Any
) -> None:
    await record("https://shop.example/a", "1")
    claim, next_due, finish = ana.log.claim, ana.queue.next_due, ana.log.finish
    broken = {"claim": 2, "next_due": 2, "finish": 1}

    def breaking(name: str, call: Any) -> Any:
        async def run(*args: Any, **named: Any) -> Any:
            if broken[name]:
                broken[name] -= 1
                raise OSError("no space left on device")
            return await call(*args, **named)

        return run

    ana.log.claim = breaking("claim", claim)
    ana.queue.next_due = breaking("next_due", next_due)
    ana.log.finish = breaking("finish", finish)
    await running(ana.worker(), lambda: bool(ana.log.finished))
    assert broken == {"claim": 0, "next_due": 0, "finish": 0}
    assert [what for what, _ in ana.failures].count("store") == 1
    assert len(ana.handled) == 2, "done again, since its end was not written down"


async def test_x05_what_was_sent_is_not_sent_again_while_its_end_cannot_be_written(ana: Any) -> None:
    sent: list[int] = []
    failures = 0
    settle_all = ana.queue.settle_all

    async def fine(job: DeliveryJob) -> DeliveryOutcome:
        sent.append(job.id)
        return DeliveryOutcome(Outcome.DELIVERED, "")

    async def full(ends: Any, now: Any) -> None:
        nonlocal failures
        failures += 1
        if failures <= 3:
            raise OSError("no space left on device")
        await settle_all(ends, now)

    ana.queue.settle_all = full
    sender = ana.account("ana")
    for n in range(30):
        await ana.queue.enqueue(ana.job(sender, f"https://h{n}.example/inbox", {}))
    settings = WorkerSettings(pause_s=0.001, in_hand=20)
    await ana.worker(deliver=fine, settings=settings).run_until_idle()
    assert sorted(sent) == sorted({job.id for job in ana.queue.delivered})
    assert [what for what, _ in ana.failures] == ["store"] * 3


async def test_x24_a_stop_finishes_what_runs_and_leaves_the_rest_where_it_was(ana: Any, record: Any) -> None:
    began = anyio.Event()

    async def slow(_: Inbound) -> None:
        began.set()
        await anyio.sleep(0.01)

    ana.handler = slow
    for n in range(3):
        await record("https://shop.example/a", str(n))
    worker = ana.worker()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run)
        await began.wait()
        worker.stop()
    assert len(ana.log.finished) == 1
    assert len(ana.pending) == 2


async def test_a_stop_waits_no_longer_than_its_grace(ana: Any, record: Any) -> None:
    began = anyio.Event()

    async def forever(_: Inbound) -> None:
        began.set()
        await anyio.sleep_forever()

    ana.handler = forever
    await record("https://shop.example/a", "1")
    worker = ana.worker()
    with anyio.fail_after(2):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(worker.run)
            await began.wait()
            worker.stop()
    assert len(ana.pending) == 1, "it will be done by the next run"


async def test_a_cancelled_worker_loses_nothing(ana: Any, record: Any) -> None:
    began = anyio.Event()

    async def forever(_: Inbound) -> None:
        began.set()
        await anyio.sleep_forever()

    ana.handler = forever
    await record("https://shop.example/a", "1")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ana.worker().run)
        await began.wait()
        tasks.cancel_scope.cancel()
    assert len(ana.pending) == 1


async def test_a_full_inbox_is_taken_in_batches(ana: Any, record: Any) -> None:
    for n in range(25):
        await record(f"https://shop.example/{n}", str(n))
    most = 0
    claim = ana.log.claim

    async def watched(limit: int, now: Any, **busy: Any) -> Any:
        nonlocal most
        most = max(most, limit)
        return await claim(limit, now, **busy)

    ana.log.claim = watched
    await ana.worker(settings=WorkerSettings(in_hand=8, batch=4)).run_until_idle()
    assert len(ana.handled) == 25
    assert most <= 4


async def test_what_is_in_hand_is_not_claimed_again(ana: Any, record: Any) -> None:
    claimed: list[int] = []
    claim = ana.log.claim

    async def watched(limit: int, now: Any, **busy: Any) -> Any:
        entries = await claim(limit, now, **busy)
        claimed.extend(entry.id for entry in entries)
        await anyio.lowlevel.checkpoint()
        return entries

    async def handle(_: Inbound) -> None:
        worker.nudge()
        await anyio.sleep(0.001)

    ana.log.claim, ana.handler = watched, handle
    for n in range(30):
        await record(f"https://shop.example/{n % 3}", str(n))
    worker = ana.worker(settings=WorkerSettings(batch=6))
    await worker.run_until_idle()
    assert len(ana.handled) == 30
    assert sorted(claimed) == sorted(set(claimed))


async def test_a_host_with_an_open_circuit_is_left_alone_until_it_closes(
    ana: Any, shop: Any, a_note: Any
) -> None:
    sender = ana.account("ana")
    until = ana.clock() + timedelta(minutes=5)
    await ana.hosts.save(HostState(SHOP, failures=7, open_until=until))
    for n in range(3):
        await ana.queue.enqueue(ana.job(sender, f"{SHOP}/inbox", a_note(sender, str(n))))
    worker = ana.worker()
    await worker.run_until_idle()
    assert shop.pending == []
    assert ana.queue.holds == {SHOP: until}
    assert await ana.queue.next_due(ana.clock()) == until
    assert all(job.attempts == 0 for job, _ in ana.queue.jobs.values())
    ana.clock.forward(minutes=5)
    await worker.run_until_idle()
    assert len(shop.pending) == 3, "one finds out that it answers, the others follow at once"


async def test_the_usual_report_keeps_quiet(ana: Any, record: Any) -> None:
    async def fail(_: Inbound) -> None:
        raise ValueError

    worker = Worker(
        log=ana.log,
        queue=ana.queue,
        dispatch=fail,
        deliver=lambda job: deliver(job, ana.ports),
        deliver_local=lambda job: None,  # type: ignore[arg-type,return-value]
        own_origins=frozenset(),
        clock=ana.clock,
    )
    await record("https://shop.example/a", "1")
    await worker.run_until_idle()
    assert [entry.attempts for entry in ana.pending] == [1]


async def test_a_nudge_during_a_look_is_not_slept_over(ana: Any, record: Any) -> None:
    worker = ana.worker()
    next_due = ana.queue.next_due
    looks = 0

    async def meanwhile(now: Any) -> Any:
        nonlocal looks
        looks += 1
        due = await next_due(now)
        if looks == 1:
            await record("https://shop.example/a", "1")
            worker.nudge()
        return due

    ana.queue.next_due = meanwhile
    started = anyio.current_time()
    await running(worker, lambda: bool(ana.handled))
    assert anyio.current_time() - started < 5


async def test_many_endings_make_few_looks_at_the_store(ana: Any) -> None:
    sender = ana.account("ana")
    looks = 0
    claim = ana.queue.claim

    async def counted(limit: int, now: Any, **busy: Any) -> Any:
        nonlocal looks
        looks += 1
        return await claim(limit, now, **busy)

    async def fine(_: DeliveryJob) -> DeliveryOutcome:
        await anyio.lowlevel.checkpoint()
        return DeliveryOutcome(Outcome.DELIVERED, "")

    ana.queue.claim = counted
    for n in range(400):
        await ana.queue.enqueue(ana.job(sender, f"https://h{n}.example/inbox", {}))
    await ana.worker(deliver=fine, settings=WorkerSettings(in_hand=200)).run_until_idle()
    assert len(ana.queue.delivered) == 400
    assert looks < 100
