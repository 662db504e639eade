"""A process that delivers what a store has queued until it is killed: `python -m tests.security.posting`."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from federation.client import Client, ClientConfig
from federation.delivery import DeliveryPorts, deliver
from federation.keys import generate_ed25519
from federation.memory import MemorySigningKeys
from federation.messages import Limits
from federation.ports import DeliveryJob, InboundEntry
from federation.worker import Worker, WorkerSettings
from node.store.ports import QueuedJob
from node.store.sqlite import open_sqlite

__all__ = ["a_worker", "queue"]

ACTOR = "https://v.example/actors/shop"


class _NoInbox:
    async def claim(self, limit: int, now: datetime, *, busy: Collection[str] = ()) -> list[InboundEntry]:
        return []


def queue(number: int, inbox: str, now: datetime, *, ordering_key: str = "") -> QueuedJob:
    """One delivery, told from the others by its number."""
    return QueuedJob(
        activity_id=f"{ACTOR}/{number}",
        recipient="",
        inbox=inbox,
        actor=ACTOR,
        key_id=f"{ACTOR}#key",
        body=json.dumps({"id": f"{ACTOR}/{number}", "type": "Create", "actor": ACTOR}).encode(),
        ordering_key=ordering_key,
        created_at=now,
        give_up_at=now + timedelta(days=7),
    )


def a_worker(
    database: Any, client: Client, clock: Any, *, limits: Limits | None = None, **settings: Any
) -> Worker:
    """A node's outgoing half: its worker, its deliveries, and nothing that comes in."""
    keys = MemorySigningKeys()
    keys.add(generate_ed25519(f"{ACTOR}#key", ACTOR))
    ports = DeliveryPorts(
        client=client,
        signing_keys=keys,
        hosts=database.host_memory,
        clock=clock,
        limits=limits or Limits(),
        random=random.random,
    )

    async def nothing(_: Any) -> Any:
        raise AssertionError("nothing comes in here")

    async def send(job: DeliveryJob) -> Any:
        return await deliver(job, ports)

    return Worker(
        log=_NoInbox(),  # type: ignore[arg-type]
        queue=database.delivery_queue,
        dispatch=nothing,
        deliver=send,
        deliver_local=nothing,
        own_origins=frozenset(),
        clock=clock,
        settings=WorkerSettings(**settings),
    )


async def _main(path: str, pairs: str) -> None:
    def clock() -> datetime:
        return datetime.now(UTC)

    database = await open_sqlite(Path(path), clock=clock)
    async with Client(ClientConfig(allowed=frozenset(pairs.split(",")))) as client:
        await a_worker(database, client, clock).run()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
