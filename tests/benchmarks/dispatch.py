"""A node that delivers, in a process of its own: its worker, its client, its store, and no server.

`python -m tests.benchmarks.dispatch DATA` answers JSON lines: `remember` says how hosts are signed to,
`deliver` queues messages for them and lets the worker look, `post` says something to those who `follow`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio

from federation.ports import HostState, SignatureSpec
from node.config import load_config
from node.container import OpenNode, open_node, utc_now
from node.desk import Desk
from node.domain.notes import Visibility
from node.services.posting import Saying, say
from node.store.ports import Follower, FollowState, JobState, QueuedJob
from tests.benchmarks.limits import unhurried
from tests.benchmarks.machine import profiled, raise_file_limit

__all__: list[str] = []

BODY = Path(__file__).parents[1] / "golden" / "messages" / "30-standing-offer-post.json"


class _Dispatcher:
    """Queues what it is told to, and waits until the worker has done with it."""

    def __init__(self, opened: OpenNode) -> None:
        self._opened = opened
        self._count = 0
        config = opened.node.config
        self._actor = f"{config.base_url}/actors/shop"
        self._body = BODY.read_bytes()

    async def remember(self, origins: list[str]) -> int:
        """These hosts are known to verify RFC 9421 by Ed25519."""
        hosts = self._opened.node.db.host_memory
        for origin in origins:
            state = HostState(origin, SignatureSpec.RFC9421, ed25519=True, learned_at=datetime.now(UTC))
            await hosts.save(state)
        return len(origins)

    async def deliver(self, origins: list[str], each: int) -> dict[str, float]:
        """When it began, and the seconds of its own time that this process had used until then."""
        await self._opened.node.db.write(lambda tx: self._queue(tx, origins, each))
        self._opened.worker.nudge()
        return {"began_at": time.time(), "cpu_s": time.process_time()}

    async def used(self) -> float:
        """Seconds of its own time that this process has used."""
        return time.process_time()

    async def follow(self, inboxes: list[list[str]]) -> int:
        """These, and nobody else, follow: (inbox, shared inbox) of each."""
        now = utc_now()

        def replace_all(tx: Any) -> None:
            tx.connection.execute("DELETE FROM follower")
            for number, (inbox, shared) in enumerate(inboxes):
                actor = f"{inbox}#{number}"
                tx.followers.save(
                    Follower(self._actor, actor, inbox, shared, f"{actor}/f", FollowState.ACCEPTED, now)
                )

        await self._opened.node.db.write(replace_all)
        return len(inboxes)

    async def post(self) -> dict[str, float]:
        """When it was said, and how long that took; the number of its fan-out."""
        began_at, self._count = time.time(), self._count + 1
        text = f"We have milk again, number {self._count}."

        def speak(desk: Desk) -> None:
            account = desk.tx.accounts.get(self._actor)
            assert account is not None
            say(desk, account, Saying(text=text, visibility=Visibility.PUBLIC))

        node = self._opened.node
        await node.work(speak)
        took_s = time.time() - began_at
        number = await node.look(lambda desk: desk.tx.fan_outs.of_account(self._actor)[0].id)
        return {"began_at": began_at, "took_s": took_s, "number": number}

    async def forget(self) -> int:
        """Nothing that waits is sent any more."""

        def drop(tx: Any) -> int:
            tx.connection.execute("DELETE FROM lane")
            done = tx.connection.execute(
                "UPDATE delivery SET state = 'dropped', head = 0 WHERE state = 'queued'"
            )
            return int(done.rowcount)

        return await self._opened.node.db.write(drop)

    async def write_beside(self) -> dict[str, list[float]]:
        """How many seconds small writes took while a post spreads, and as many while it only leaves."""
        spreading: list[float] = []
        node = self._opened.node
        while await node.look(lambda desk: desk.tx.fan_outs.next() is not None):
            spreading.append(await self._write_s())
        return {"spreading": spreading, "leaving": [await self._write_s() for _ in spreading]}

    async def _write_s(self) -> float:
        began = time.perf_counter()
        await self._opened.node.db.write(lambda tx: tx.meta.set("bench", "x"))
        took = time.perf_counter() - began
        await anyio.sleep(0.002)
        return took

    def _queue(self, tx: Any, origins: list[str], each: int) -> None:
        now = utc_now()
        for _ in range(each):
            self._count += 1
            for origin in origins:
                job = QueuedJob(
                    activity_id=f"{self._actor}/activities/{self._count:022d}",
                    recipient="",
                    inbox=f"{origin}/inbox",
                    actor=self._actor,
                    key_id=f"{self._actor}#main-key",
                    fast_key_id=f"{self._actor}#ed25519-key",
                    body=self._body,
                    ordering_key=f"{self._count} {origin}/inbox",
                    created_at=now,
                    give_up_at=now + timedelta(days=7),
                )
                tx.deliveries.enqueue(job)

    async def failures(self) -> list[str]:
        """Why anything was not delivered at once."""
        found = await self._opened.node.look(lambda desk: desk.tx.traffic.singly(limit=10_000))
        return [job.detail for job in found if job.state is not JobState.DELIVERED or job.attempts != 1][:3]


async def serve(data: Path) -> None:
    """Answer until the input ends."""
    config = load_config(data)
    config = replace(config, limits=unhurried(config.limits))
    async with open_node(config) as opened, anyio.create_task_group() as tasks:
        tasks.start_soon(opened.run)
        dispatcher = _Dispatcher(opened)
        answers: dict[str, Callable[..., Awaitable[Any]]] = {
            "remember": dispatcher.remember,
            "deliver": dispatcher.deliver,
            "used": dispatcher.used,
            "failures": dispatcher.failures,
            "follow": dispatcher.follow,
            "post": dispatcher.post,
            "forget": dispatcher.forget,
            "write_beside": dispatcher.write_beside,
        }
        print(1, flush=True)
        while line := await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
            question = json.loads(line)
            print(json.dumps(await answers[question.pop("do")](**question)), flush=True)
        opened.worker.stop()
        tasks.cancel_scope.cancel()


def main() -> None:
    """Run it, under a profile where one is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--profile", type=Path)
    options = parser.parse_args()
    raise_file_limit()
    profiled(lambda: anyio.run(serve, options.data, backend_options={"use_uvloop": True}), options.profile)


if __name__ == "__main__":
    main()
