"""Assembles a node: the only place where parts are chosen and joined."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import anyio

from federation.authentication import InboxDependencies
from federation.client import Client, ClientConfig, Engine
from federation.delivery import DeliveryPorts, deliver
from federation.inbox import Receipt, receive_local
from federation.keyring import Keyring
from federation.keys import SigningKey
from federation.listeners import Inbound
from federation.messages import HttpMessage
from federation.ports import Clock, DeliveryJob, DeliveryOutcome, Outcome
from federation.rates import SenderRates
from federation.worker import Worker, WorkerSettings
from node.clocks import SteadyClock, boot_seconds, this_boot
from node.config import Config, software_version
from node.context import BlockList, Node
from node.desk import Setting
from node.handlers import build_listeners, take
from node.handlers.recipients import Recipients
from node.notices.telling import tell_owners
from node.observability.health import Health
from node.observability.metrics import Metrics
from node.observability.reporting import CountingFetcher, Reports, watch_loop
from node.runtime.importing import import_on, run_imports
from node.runtime.timekeeper import keep_time, resume_clock, save_mark
from node.sending.spreading import spread_on, spread_posts
from node.services.clockwork import run_due
from node.services.following import is_known
from node.services.hearing import has_written
from node.services.undelivered import give_up
from node.signing import OwnKeys, load_node_key
from node.store.ports import Database, StoreRefused
from node.store.sqlite import open_sqlite
from node.web.notice_words import letter_of
from node.wire.binding_words import may_bind
from node.wire.messages import is_deal_message
from node.workflows.lookups import local_key

__all__ = ["OpenNode", "open_node", "utc_now"]

LOG = logging.getLogger("obverse")


def utc_now() -> datetime:
    """What the machine's clock says."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class OpenNode:
    """An open node with its worker and what its inbox needs; `run` works until it is cancelled or stopped."""

    node: Node
    worker: Worker
    inbox: InboxDependencies

    async def run(self) -> None:
        """Process, deliver and keep the clock, side by side."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_time, self.node)
            tasks.start_soon(run_imports, self.node)
            tasks.start_soon(spread_posts, self.node)
            tasks.start_soon(tell_owners, self.node, letter_of)
            tasks.start_soon(watch_loop, self.node.metrics)
            self.node.health.is_working = True
            try:
                await self.worker.run()
            finally:
                self.node.health.is_working = False
            tasks.cancel_scope.cancel()
        with suppress(StoreRefused):  # the next start then goes on from an earlier mark
            await save_mark(self.node)

    async def run_until_idle(self) -> None:
        """Do everything that is due at the clock's present time. For tests and one-shot commands."""
        while True:
            await self.worker.run_until_idle()
            worked = await import_on(self.node)
            worked |= await spread_on(self.node)
            if await self.node.work(run_due) == 0 and not worked:
                return


class _Wake:
    """Joins the node, which is frozen, to a worker that is made after it."""

    def __init__(self) -> None:
        self.nudge: Callable[[], None] = lambda: None

    def __call__(self) -> None:
        self.nudge()


@asynccontextmanager
async def open_node(
    config: Config,
    *,
    clock: Clock = utc_now,
    elapsed: Callable[[], float] | None = None,
    seed: Callable[[], bytes] = lambda: os.urandom(32),
    engine: Engine | None = None,
    database: Database | None = None,
    node_key: bytes | None = None,
    jitter: Callable[[], float] = random.random,
    settings: WorkerSettings | None = None,
) -> AsyncIterator[OpenNode]:
    """Open a node from its configuration.

    Shapes: `engine` replaces the network, `database` and `node_key` the files, for tests that hold two nodes
            in one process. `elapsed` counts seconds beside `clock`, which is not believed where the two
            disagree (`clocks`); without it only the machine's own clock is watched.
    Raises: StoreRefused, in words for the owner.
    """
    if elapsed is None and clock is utc_now:
        elapsed = boot_seconds
    steady = SteadyClock(clock, elapsed, boot=this_boot())
    metrics = Metrics(software_version())
    reports = Reports(metrics)
    async with AsyncExitStack() as stack:
        keys = OwnKeys(node_key if node_key is not None else load_node_key(config.node_key_path))
        if database is None:
            database = await open_sqlite(config.database_path, clock=steady, watch=metrics.committed)
            stack.push_async_callback(database.aclose)
        await resume_clock(steady, database)
        keys.attach(database)
        wake, blocks = _Wake(), BlockList()
        blocks.replace(await database.read(lambda tx: tx.blocks.all()))
        client = await stack.enter_async_context(Client(_client_config(config), engine=engine))
        signer = await _node_signer(config, keys, database)
        fetcher = CountingFetcher(metrics, client, signer, database.host_memory, steady, config.limits)
        keyring = Keyring(database.public_keys, fetcher, steady, config.limits, blocks)
        node = Node(
            config=config,
            clock=steady,
            seed=seed,
            db=database,
            keys=keys,
            setting=Setting(config.base_url, config.policy, keys, config.cast_spread_s),
            client=client,
            fetcher=fetcher,
            keyring=keyring,
            blocks=blocks,
            wake=wake,
            metrics=metrics,
            health=Health(database, steady, lambda: steady.doubt is not None),
        )
        stack.push_async_callback(node.examinations.aclose)
        inbox = _inbox_dependencies(node, reports)
        worker = _worker(node, inbox, jitter, settings, reports)
        wake.nudge = worker.nudge
        yield OpenNode(node, worker, replace(inbox, accepted=worker.nudge))


def _client_config(config: Config) -> ClientConfig:
    return ClientConfig(
        allowed=config.allowed,
        names=dict(config.names),
        user_agent=f"obverse/{software_version()} (+{config.base_url}/)",
        limits=config.limits,
        ca_file=config.ca_file,
    )


async def _node_signer(config: Config, keys: OwnKeys, database: Database) -> Callable[[], SigningKey | None]:
    """The node actor's key, which signs ordinary fetches. Raises: StoreRefused under a wrong node key."""
    rows = await database.read(lambda tx: tx.keys.of(config.node_actor))
    if not rows:
        return lambda: None
    if not keys.opens(rows[-1]):
        raise StoreRefused(
            f"{config.node_key_path} does not open the keys in {config.database_path}. "
            "Both must come from the same backup: obverse restore."
        )
    key = keys.unsealed(rows[-1])
    return lambda: key


def _inbox_dependencies(node: Node, reports: Reports) -> InboxDependencies:
    def judged(message: HttpMessage, receipt: Receipt) -> None:
        node.arrivals.came(message)
        reports.judged(message, receipt)

    async def knows_actor(actor: str) -> bool:
        return await node.look(lambda desk: is_known(desk, actor) or has_written(desk, actor))

    return InboxDependencies(
        limits=node.config.limits,
        keyring=node.keyring,
        keys=node.db.public_keys,
        fetcher=node.fetcher,
        hosts=node.db.host_memory,
        log=node.db.inbox_log,
        clock=node.clock,
        own_origins=frozenset({node.config.base_url}),
        is_blocked=node.blocks,
        requires_proof=is_deal_message,
        keeps_signature=may_bind,
        known_recipient=Recipients(node),
        local_key=lambda key_id: local_key(node, key_id),
        knows_actor=knows_actor,
        rates=SenderRates(node.config.limits),
        judged=judged,
    )


def _worker(
    node: Node,
    inbox: InboxDependencies,
    jitter: Callable[[], float],
    settings: WorkerSettings | None,
    reports: Reports,
) -> Worker:
    listeners = build_listeners()
    ports = DeliveryPorts(
        client=node.client,
        signing_keys=node.keys,
        hosts=node.db.host_memory,
        clock=node.clock,
        limits=node.config.limits,
        random=jitter,
    )

    async def dispatch(inbound: Inbound) -> None:
        await take(node, listeners, inbound)

    async def send(job: DeliveryJob) -> DeliveryOutcome:
        outcome = await deliver(job, ports=ports)
        if outcome.outcome in (Outcome.DEAD, Outcome.EXPIRED):
            await node.work(lambda desk: give_up(desk, job.id, outcome.detail, gone=outcome.gone))
        return outcome

    async def deliver_home(job: DeliveryJob) -> Receipt:
        recipient = job.inbox.removesuffix("/inbox")
        if recipient == node.config.base_url:
            recipient = ""
        return await receive_local(job.body, actor=job.actor, recipient=recipient, deps=inbox)

    return Worker(
        log=node.db.inbox_log,
        queue=node.db.delivery_queue,
        dispatch=dispatch,
        deliver=reports.delivering(send),
        deliver_local=deliver_home,
        own_origins=frozenset({node.config.base_url}),
        clock=node.clock,
        limits=node.config.limits,
        random=jitter,
        report=reports.failed,
        is_of_the_store=lambda error: isinstance(error, StoreRefused),
        settings=settings,
    )
