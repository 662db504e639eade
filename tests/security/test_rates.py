"""In no list: how much one sender may send. Beyond its share it hears 429; nobody else pays for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from federation import signatures
from federation.errors import TooManyRequests
from federation.keys import generate_ed25519
from federation.messages import HttpMessage, JsonObject, Limits
from federation.rates import SenderRates
from node.config import Config
from tests.security.peers import Peer, a_note
from tests.security.target import Target
from tests.security.world import World

pytestmark = pytest.mark.anyio

FEW = Limits(
    actor_per_second=0.5,
    actor_burst=4,
    host_per_second=1.0,
    host_burst=6,
    domain_per_second=1.0,
    domain_burst=9,
)
_NUMBERS = count()


@pytest.fixture
async def v(world: World) -> Target:
    """V, which lets everybody send only a few messages; all peers are known to it already."""
    target = world.v
    object.__setattr__(target.open.inbox, "rates", SenderRates(FEW))
    return target


def note(sender: Peer, v: Target) -> JsonObject:
    return {**a_note(sender, v.actor("ana")), "id": f"{sender.host.base}/activities/{next(_NUMBERS)}"}


def signed(sender: Peer, v: Target, world: World) -> HttpMessage:
    return signatures.sign(v.request(note(sender, v), "ana"), sender.ed25519, now=world.clock.now)


async def statuses(world: World, v: Target, *senders: Peer) -> list[int]:
    return [(await v.ask(signed(sender, v, world))).status for sender in senders]


def records(v: Target) -> int:
    """Messages that were kept."""
    with closing(sqlite3.connect(v.config.database_path)) as store:
        return int(store.execute("SELECT count(*) FROM inbox").fetchone()[0])


async def test_an_actor_beyond_its_share_is_429_with_retry_after_and_nothing_is_changed(
    world: World, v: Target
) -> None:
    assert await statuses(world, v, *[world.m] * 4) == [202] * 4
    await v.settle()
    answered = await v.refuses(signed(world.m, v, world), 429)
    assert answered.header("retry-after") == "2"
    assert answered.header("content-type") == "application/problem+json"
    world.clock.advance(seconds=2)
    assert await statuses(world, v, world.m) == [202]


async def test_what_was_refused_is_taken_later_with_the_same_id(world: World, v: Target) -> None:
    await statuses(world, v, *[world.m] * 4)
    activity = note(world.m, v)
    for expected, wait_s in ((429, 2), (202, 0)):
        request = signatures.sign(v.request(activity, "ana"), world.m.ed25519, now=world.clock.now)
        assert (await v.ask(request)).status == expected
        world.clock.advance(seconds=wait_s)


async def test_actors_of_one_host_share_what_a_host_may(world: World, v: Target) -> None:
    actors = [world.peer("m.example", f"m{number}") for number in range(8)]
    assert await statuses(world, v, *actors) == [202] * 6 + [429] * 2


async def test_thousands_of_subdomains_share_what_a_domain_may(world: World, v: Target) -> None:
    actors = [world.peer(f"h{number}.m.example", "m") for number in range(12)]
    assert await statuses(world, v, *actors) == [202] * 9 + [429] * 3
    assert await statuses(world, v, world.t) == [202]


async def test_a_flood_by_one_leaves_another_alone(world: World, v: Target) -> None:
    await statuses(world, v, world.t)
    world.clock.advance(minutes=1)
    flood = await statuses(world, v, *[world.m] * 60)
    assert flood[4:] == [429] * 56
    assert await statuses(world, v, *[world.t] * 4) == [202] * 4


async def test_copies_of_a_request_are_answered_202_and_count_nothing(world: World, v: Target) -> None:
    request = signed(world.m, v, world)
    assert [(await v.ask(request)).status for _ in range(40)] == [202] * 40
    assert await statuses(world, v, *[world.m] * 3) == [202] * 3
    assert (await v.ask(request)).status == 202, "a copy is answered also when the share is spent"
    assert records(v) == 4


async def test_forged_messages_do_not_spend_the_share_of_whom_they_name(world: World, v: Target) -> None:
    assert await statuses(world, v, world.t) == [202]
    world.clock.advance(minutes=1)
    forger = replace(generate_ed25519("x", world.t.id), id=world.t.ed25519.id)
    for _ in range(50):
        forged = signatures.sign(v.request(note(world.t, v), "ana"), forger, now=world.clock.now)
        assert (await v.ask(forged)).status == 401
    stolen = [replace(signed(world.t, v, world), body=b"{}") for _ in range(50)]
    assert {(await v.ask(request)).status for request in stolen} == {401}
    assert await statuses(world, v, *[world.t] * 4) == [202] * 4


async def test_who_has_spent_its_share_is_refused_before_its_signature_is_verified(
    world: World, v: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    await statuses(world, v, *(world.peer("m.example", f"m{number}") for number in range(6)))
    verified: list[Any] = []
    monkeypatch.setattr("federation.signatures.verify", lambda *args, **more: verified.append(args))
    assert await statuses(world, v, world.m) == [429]
    assert verified == []


async def test_malformed_messages_of_a_proven_sender_count(world: World, v: Target) -> None:
    for _ in range(4):
        broken = signatures.sign(v.request(b"{", "ana"), world.m.ed25519, now=world.clock.now)
        assert (await v.ask(broken)).status == 400
    assert await statuses(world, v, world.m) == [429]


async def test_clock_set_back_by_days_silences_nobody_for_longer_than_an_empty_bucket(world: World) -> None:
    rates = SenderRates(FEW)
    for _ in range(4):
        rates.spend(world.m.id, world.clock.now)
    world.clock.advance(days=-2)
    with pytest.raises(TooManyRequests) as refused:
        rates.spend(world.m.id, world.clock.now)
    assert refused.value.retry_after_s == 2
    world.clock.advance(seconds=2)
    rates.spend(world.m.id, world.clock.now)


async def test_neighbours_under_a_shared_suffix_are_strangers_to_each_other(world: World, v: Target) -> None:
    flood = [world.peer(f"m{number}.duckdns.org", "m") for number in range(12)]
    assert await statuses(world, v, *flood) == [202] * 12
    assert await statuses(world, v, world.peer("ana.duckdns.org", "ana")) == [202]


async def test_shipped_shares_are_far_above_a_busy_vendors_needs(world: World) -> None:
    limits = Config(world.directory, "https://x.example").limits
    assert (limits.actor_per_second, limits.host_per_second, limits.domain_per_second) == (60, 100, 200)
    assert (limits.actor_burst, limits.host_burst, limits.domain_burst) == (1200, 2400, 4800)
    assert world.v.config.limits == limits


async def test_a_refusal_costs_less_than_what_is_taken(world: World, v: Target, tmp_path: Path) -> None:
    requests = [signed(world.m, v, world) for _ in range(60)]
    took: dict[int, list[float]] = {202: [], 429: []}
    for request in requests:
        began = perf_counter()
        status = (await v.ask(request)).status
        took[status].append(perf_counter() - began)
    assert median(took[429]) < median(took[202]), "no durable commit, at the least"
