"""A node that delivers, in a process of its own: its worker, its client, its store, and no server.

`python -m tests.benchmarks.dispatch DATA` answers JSON lines: `remember` says how hosts are signed to,
`deliver` queues messages for them and lets the worker look.
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
from node.store.ports import JobState, QueuedJob
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
        found = await self._opened.node.look(lambda desk: desk.tx.deliveries.all(limit=10_000))
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
