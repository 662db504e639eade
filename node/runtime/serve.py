"""`obverse serve`: HTTP, the worker, the clock and the control socket, in one process and one task group.

A stop (SIGTERM, SIGINT) closes the door and stops the worker, lets what runs end, then puts the store away:
all of it within 30 seconds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import anyio
import uvicorn
from anyio.abc import TaskGroup
from starlette.types import ASGIApp

from federation.worker import WorkerSettings
from node.app import create_app
from node.commands.registry import Commands
from node.config import Config
from node.container import OpenNode, open_node, utc_now
from node.context import Node
from node.domain.errors import InvalidInput
from node.observability.metrics import Metrics
from node.observability.monitor import open_monitor
from node.runtime.connections import DoorSettings
from node.runtime.control import serve_control
from node.runtime.door import Door
from node.runtime.notify import Notifier, notifier_of, passed_listener
from node.services.entering import make_set_up_link, needs_set_up
from node.store.ports import StoreRefused
from node.store.staging import take_over
from node.web.uploads import PLACES

__all__ = ["NodeServer", "connections_within", "serve", "server_settings"]

LOG = logging.getLogger("obverse")

BACKLOG = 2048
GRACE_S = 15.0
"""So long a stop waits for deliveries and handlers that run; what is cut off is done again."""

_OWN_FILES = 40
"""Files that the node needs whatever happens: the store, its threads, sockets of its own."""


class NodeServer(uvicorn.Server):
    """uvicorn with our door, and without its own hand on the signals, which are the whole node's."""

    def __init__(
        self, config: uvicorn.Config, door: Door, *, ready: Callable[[], None], stopping: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._door = door
        self._ready = ready
        self._stopping = stopping

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen. uvicorn's own way gives a client that never ends its TLS handshake a minute."""
        loop, bounds = asyncio.get_running_loop(), self._door.settings
        tls: dict[str, Any] = {}
        if self.config.ssl is not None:
            tls = {"ssl": self.config.ssl, "ssl_handshake_timeout": bounds.head_s}
            tls["ssl_shutdown_timeout"] = bounds.linger_s
        self.servers = [
            await loop.create_server(
                lambda: self._door.line(self.config, self.server_state), sock=sock, backlog=BACKLOG, **tls
            )
            for sock in sockets or []
        ]
        self.started = True
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        self._door.sweep(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connections, let requests that run come to their end."""
        self._stopping()
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        await self._door.drain(self.server_state)


async def serve(
    config: Config,
    commands: Commands,
    *,
    ready: Callable[[str], None],
    invite: Callable[[str], None] = lambda link: None,
    bounds: DoorSettings | None = None,
    notifier: Notifier | None = None,
) -> None:
    """Serve a node until a signal stops it.

    Shapes: `ready` is told the address once the node takes requests; `invite`, while nobody can log in yet,
            a link by which the node is set up in a browser. `bounds` are the door's, by default as
            many connections as the open files that the system allows leave room for; `notifier` speaks to
            systemd, by default where the environment says so.
    Raises: InvalidInput for an address that cannot be bound or a certificate that cannot be read;
            StoreRefused.
    """
    notifier = notifier or notifier_of(os.environ)
    door = Door(bounds or _bounds_of(config))
    with _listen(config) as listener, _listen_for_monitor(config) as monitored:
        _take_over(config)
        async with open_node(config, settings=WorkerSettings(grace_s=GRACE_S)) as opened:
            settings = server_settings(config, create_app(opened.node, opened.inbox))

            link = await _set_up_link(opened.node)

            def is_ready() -> None:
                ready(_where(listener, config))
                if link is not None:
                    invite(link)
                notifier.tell("READY=1")

            def is_stopping() -> None:
                notifier.tell("STOPPING=1")
                opened.node.changes.close()
                opened.worker.stop()  # what runs ends within the worker's own grace, then `run` returns

            server = NodeServer(settings, door, ready=is_ready, stopping=is_stopping)
            _watch_connections(opened.node.metrics, door)
            async with _monitor(opened.node, monitored), serve_control(opened.node, commands):
                await _run(server, opened, listener, notifier)


def _take_over(config: Config) -> None:
    """Let a backup that waits take the node's place, before anything is opened. Raises: StoreRefused."""
    if take_over(config.data_dir, now=utc_now()) is not None:
        LOG.warning("a backup has taken the place of what was here, which is kept beside it")


async def _run(server: NodeServer, opened: OpenNode, listener: socket.socket, notifier: Notifier) -> None:
    async def answers() -> None:
        await opened.node.db.write(lambda tx: None)

    # Heard from here on, and not only once a task has its turn: who sees that the node is ready may stop it.
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with anyio.create_task_group() as watch:
            watch.start_soon(_stop_on_signal, signals, server, watch)
            watch.start_soon(notifier.keep_alive, answers)
            async with anyio.create_task_group() as work:
                work.start_soon(opened.run)
                await server.serve(sockets=[listener])
            watch.cancel_scope.cancel()


async def _stop_on_signal(
    signals: AsyncIterator[signal.Signals], server: NodeServer, watch: TaskGroup
) -> None:
    """The first signal stops in good order, a second one at once: what is cut off is done again later."""
    async for received in signals:
        if server.should_exit:
            LOG.warning("stopping at once")
            watch.cancel_scope.cancel()
            return
        LOG.info("stopping: %s", received.name)
        server.should_exit = True


async def _set_up_link(node: Node) -> str | None:
    """A fresh link to set the node up, where nobody can log in yet; earlier ones lead nowhere any more."""
    try:
        return (await node.work(make_set_up_link)).url if await node.look(needs_set_up) else None
    except StoreRefused:  # nothing can be saved just now, which is no reason not to serve
        return None


def connections_within(open_files: int) -> int:
    """How many connections fit, of so many open files: half of what the node does not need for itself.

    The other half is for what it sends, so that strangers can never take the last file, without which the
    store could not open one.
    """
    return max(8, min(DoorSettings().connections, (open_files - _OWN_FILES) // 2))


def _bounds_of(config: Config) -> DoorSettings:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    shipped = DoorSettings(
        header_bytes=config.limits.header_bytes,
        wire_bytes=2 * config.limits.inbox_body_bytes,
        larger=tuple((place.prefix.encode(), place.body_bytes, place.body_s) for place in PLACES),
    )
    if soft == resource.RLIM_INFINITY:
        return shipped
    connections = connections_within(soft)
    return replace(shipped, connections=connections, lingering=max(2, connections // 8))


def _listen(config: Config) -> socket.socket:
    """The bound socket, before anything is opened, so that a taken port is told in one line.

    Raises: InvalidInput, also where systemd listens somewhere else than the node is to.
    """
    passed = passed_listener(os.environ)
    if passed is not None:
        host, port = passed.getsockname()[:2]
        if (host, port) == (config.bind_host, config.bind_port):
            return passed
        passed.close()
        raise InvalidInput(
            "bind",
            f"systemd listens on {host}:{port} for this node, which is to be at"
            f" {config.bind_host}:{config.bind_port}",
            "Let ListenStream= of obverse.socket say the same as config.toml.",
        )
    return _bind(config, "bind", "bind_port", config.bind_host, config.bind_port)


def _listen_for_monitor(config: Config) -> AbstractContextManager[socket.socket | None]:
    """The socket for metrics and health, where one is wanted."""
    if not config.metrics_bind:
        return nullcontext()
    host, _, port = config.metrics_bind.rpartition(":")
    return _bind(config, "metrics_bind", "metrics_bind", host.strip("[]"), int(port))


def _bind(config: Config, what: str, setting: str, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=False)
    except OSError as error:
        raise InvalidInput(
            what,
            f"{host}:{port} cannot be used: {error.strerror or error}",
            f"End what listens there, or change {setting} in {config.data_dir / 'config.toml'}.",
        ) from None


def _monitor(node: Node, listener: socket.socket | None) -> AbstractAsyncContextManager[None]:
    if listener is None:
        return nullcontext()
    return open_monitor(listener, node.metrics, node.health, node.db)


def _watch_connections(metrics: Metrics, door: Door) -> None:
    metrics.watch("obverse_connections", "Open connections by what they do", "phase", door.count)
    metrics.watch(
        "obverse_connections_refused",
        "Connections that found no room, and those that made room, since the start",
        "how",
        lambda: {"turned_away": door.turned_away, "gave_way": door.gave_way},
    )


def server_settings(config: Config, app: ASGIApp) -> uvicorn.Config:
    """uvicorn's settings. Nothing here asks who called, so that no proxy's word for it is needed or believed.

    Raises: InvalidInput for a certificate that cannot be read.
    """
    settings = uvicorn.Config(
        app,
        http="httptools",  # `node.runtime.connections` stands on it
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        ssl_certfile=config.tls_cert,
        ssl_keyfile=config.tls_key,
    )
    try:
        settings.load()
    except (OSError, ValueError) as error:
        raise InvalidInput(
            "tls_cert, tls_key", f"cannot be used: {error}", "Name a PEM certificate and its key."
        ) from None
    return settings


def _where(listener: socket.socket, config: Config) -> str:
    host, port = listener.getsockname()[:2]
    return f"{config.base_url} is served on {host}:{port}"
