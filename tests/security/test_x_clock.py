"""Group X, the clock: jumps of days, forward (X11) and back (X12), end nothing and repeat nothing."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from federation.keys import SigningKey
from federation.messages import JsonObject
from federation.signatures import sign
from node.domain.accounts import AccountKind
from node.domain.deals import DealState
from node.runtime.timekeeper import keep_time
from tests.needs import need
from tests.security.commerce import a_vendor, deal_of, owner, wanted
from tests.security.conftest import NOON
from tests.security.peers import AS, Clock
from tests.security.served import Premises, Served
from tests.security.target import dump
from tests.security.world import World

TWO_DAYS = timedelta(days=2)


@dataclass
class Count:
    """Seconds that pass, whatever the clock does."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def count() -> Count:
    return Count()


@pytest.fixture
async def watched(
    tmp_path: Path, rsa_keys: tuple[SigningKey, ...], count: Count, anyio_backend: str
) -> AsyncIterator[World]:
    """The world, where V counts seconds beside its clock."""
    async with AsyncExitStack() as stack:
        made = World(Clock(NOON), {}, {}, rsa_keys, tmp_path, stack)
        made.m = made.peer("m.example", "mallory", rsa=1)
        made.t = made.peer("t.example", "tess", rsa=2)
        kinds = {"shop": AccountKind.VENDOR, "ana": AccountKind.PERSON}
        await made.node("v.example", kinds, elapsed=count)
        yield made


async def keep_time_once(world: World) -> None:
    """One round of what a node that runs does by itself."""
    with anyio.move_on_after(0.3):
        await keep_time(world.v.open.node)


@pytest.mark.anyio
async def test_x11_clock_two_days_ahead_ends_nothing_is_told_and_recovers(
    watched: World, count: Count
) -> None:
    vendor = a_vendor(watched)
    scene = await wanted(watched, vendor)
    await vendor.tell(vendor.offer(scene.cast, endTime=vendor.later(hours=24)))
    watched.clock.advance(days=2)
    await watched.settle()
    await keep_time_once(watched)
    assert (await deal_of(watched.v, "ana", scene.deal)).state is DealState.OFFERED
    told = [notice.text for notice in await watched.v.notices("ana") if notice.kind == "clock"]
    assert told == [
        (
            "The clock of this machine has jumped ahead by 2.0 days. Nothing ends by it; if it is right now:"
            " obverse clock --trust"
        )
    ]
    assert "2.0 days" in (await watched.v.command("node.health"))["clock"]["doubt"]
    # the clock comes back: time has gone on as it should, and the offer ends when it must
    watched.clock.advance(days=-2)
    await keep_time_once(watched)
    assert (await watched.v.command("node.health"))["clock"] == {"doubt": None}
    assert (await deal_of(watched.v, "ana", scene.deal)).state is DealState.OFFERED
    watched.clock.advance(days=1, seconds=1)
    count.seconds += 86401
    await keep_time_once(watched)
    assert (await deal_of(watched.v, "ana", scene.deal)).live_offers == ()


@pytest.mark.anyio
async def test_x11_variant_the_owners_word_is_enough(watched: World) -> None:
    vendor = a_vendor(watched)
    scene = await wanted(watched, vendor)
    await vendor.tell(vendor.offer(scene.cast, endTime=vendor.later(hours=24)))
    watched.clock.advance(days=2)
    done = await watched.v.command("clock.trust")
    assert done == {"now": "2026-11-23T12:00:00Z", "was": None}
    await watched.settle()
    assert (await deal_of(watched.v, "ana", scene.deal)).live_offers == ()


@pytest.mark.anyio
async def test_x12_clock_two_days_back_stops_no_timer_and_repeats_no_id(watched: World, count: Count) -> None:
    vendor = a_vendor(watched)
    scene = await wanted(watched, vendor)
    await vendor.tell(vendor.offer(scene.cast, endTime=vendor.later(minutes=30)))
    before = [job.id for job in await watched.v.jobs()]
    watched.clock.advance(days=-2)
    await owner(watched.v, "ana", "deal.ask", deal=scene.deal, text="Is it red?")
    newer = [job for job in await watched.v.jobs() if job.id not in before]
    assert newer
    assert min(job.id for job in newer) > max(before), "the order of what leaves is kept"
    assert min(job.created_at for job in newer) >= NOON, "and its time"
    count.seconds += 1801
    watched.clock.advance(seconds=1801)
    await watched.settle()
    assert (await deal_of(watched.v, "ana", scene.deal)).live_offers == (), "the timer went on"


@pytest.mark.anyio
async def test_x12_variant_replay_is_known_after_the_clock_was_there_and_back(
    watched: World, count: Count
) -> None:
    """A clock two days ahead would forget the signatures of today; back again, it would take them anew."""
    old = watched.v.request(a_follow(watched, 1), "shop")
    signed = sign(old, watched.t.ed25519, now=watched.clock.now)
    assert (await watched.v.ask(signed)).status == 202
    watched.clock.advance(days=2)
    await watched.v.settle()
    count.seconds += 90
    for number in (2, 3):  # each new record may forget what is past
        request = watched.v.request(a_follow(watched, number), "shop")
        now = watched.clock.now - TWO_DAYS + timedelta(seconds=90)
        assert (await watched.v.ask(sign(request, watched.t.ed25519, now=now))).status == 202
    watched.clock.advance(days=-2, seconds=90)
    assert len(dump(watched.v.config.database_path)["replay"]) == 3, "none is forgotten"
    await watched.v.settle()
    before = watched.v.snapshot()
    assert (await watched.v.ask(signed)).status == 202
    await watched.v.settle()
    assert watched.v.snapshot() == before


def a_follow(world: World, number: int) -> JsonObject:
    return {
        "@context": AS,
        "id": f"https://t.example/follows/{number}",
        "type": "Follow",
        "actor": world.t.id,
        "object": world.v.actor("shop"),
        "to": [world.v.actor("shop")],
    }


# --- a real process ---------------------------------------------------------------------------------------


@pytest.fixture
def faketime(tmp_path: Path) -> dict[str, str]:
    """The environment of a process whose clock is moved by writing to a file."""
    places = [os.environ.get("OBVERSE_FAKETIME", ""), *map(str, Path("/usr/lib").glob("*/faketime/*MT.so.1"))]
    found = next((place for place in places if place and Path(place).exists()), None)
    need(found, "libfaketime (Debian: apt-get install libfaketime), or its path in OBVERSE_FAKETIME")
    (tmp_path / "faketime").write_text("+0\n")
    return {
        "LD_PRELOAD": str(found),
        "FAKETIME_TIMESTAMP_FILE": str(tmp_path / "faketime"),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@pytest.mark.processes
@pytest.mark.parametrize(("days", "way"), [("+2d", "ahead"), ("-2d", "back")])
def test_x11_x12_a_process_whose_clock_jumps_takes_and_dates_messages_as_before(
    premises: Premises, faketime: dict[str, str], tmp_path: Path, days: str, way: str
) -> None:
    home = premises.moved_to(tmp_path / "v")
    moved = Path(faketime["FAKETIME_TIMESTAMP_FILE"])
    with Served.running(home, tmp_path / "node.log", environment=faketime) as node:
        assert node.post("before")[0] == 202
        moved.write_text(f"{days}\n")
        assert node.post("meanwhile")[0] == 202, "a signature of now is of now"
        health = node.command("node.health")
        assert f"has jumped {way} by 2.0 days" in health["clock"]["doubt"]
        assert abs(datetime.fromisoformat(health["now"]) - datetime.now(UTC)) < timedelta(minutes=1)
        moved.write_text("+0\n")
        assert node.post("after")[0] == 202
        assert node.command("node.health")["clock"] == {"doubt": None}
        moved.write_text(f"{days}\n")
        assert node.post("again")[0] == 202
    # killed there; the next process is told what time it is by the machine's own count
    with Served.running(home, tmp_path / "node.log", environment=faketime) as again:
        assert again.post("restarted")[0] == 202
        assert again.command("node.health")["clock"]["doubt"] is not None
        assert again.command("clock.trust")["was"] is not None
        assert again.command("node.health")["clock"] == {"doubt": None}
        assert again.post("believed")[0] == 401, "by that clock the signature is days off"
