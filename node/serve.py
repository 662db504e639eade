"""`obverse serve`: HTTP, the worker, the clock and the control socket, in one process and one task group.

A stop (SIGTERM, SIGINT) closes the door first, lets what runs end, then puts the store away.
"""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
import uvicorn
from anyio.abc import TaskGroup
from starlette.types import ASGIApp

from node.app import create_app
from node.commands.registry import Commands
from node.config import Config
from node.container import OpenNode, open_node
from node.control import serve_control
from node.domain.errors import InvalidInput

__all__ = ["serve"]

LOG = logging.getLogger("obverse")

DRAIN_S = 10
BACKLOG = 2048
CONNECTIONS = 2000
KEEP_ALIVE_S = 15


class _Server(uvicorn.Server):
    """uvicorn without its own hand on the signals, which are the whole node's."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


async def serve(config: Config, commands: Commands, *, ready: Callable[[str], None]) -> None:
    """Serve a node until a signal stops it.

    Shapes: `ready` is told the address once the node takes requests.
    Raises: InvalidInput for an address that cannot be bound or a certificate that cannot be read;
            StoreRefused.
    """
    with _listen(config) as listener:
        async with open_node(config) as opened:
            settings = _settings(config, create_app(opened.node, opened.inbox))
            server = _Server(settings, lambda: ready(_where(listener, config)))
            async with serve_control(opened.node, commands):
                await _run(server, opened, listener)


async def _run(server: _Server, opened: OpenNode, listener: socket.socket) -> None:
    async with anyio.create_task_group() as watch:
        watch.start_soon(_stop_on_signal, server, watch)
        async with anyio.create_task_group() as work:
            work.start_soon(opened.run)
            await server.serve(sockets=[listener])
            opened.worker.stop()  # what runs ends within the worker's own grace, then `run` returns
        watch.cancel_scope.cancel()


async def _stop_on_signal(server: _Server, watch: TaskGroup) -> None:
    """The first signal stops in good order, a second one at once: what is cut off is done again later."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for received in signals:
            if server.should_exit:
                LOG.warning("stopping at once")
                watch.cancel_scope.cancel()
                return
            LOG.info("stopping: %s", received.name)
            server.should_exit = True


def _listen(config: Config) -> socket.socket:
    """The bound socket, before anything is opened, so that a taken port is told in one line."""
    family = socket.AF_INET6 if ":" in config.bind_host else socket.AF_INET
    try:
        return socket.create_server(
            (config.bind_host, config.bind_port), family=family, backlog=BACKLOG, reuse_port=False
        )
    except OSError as error:
        raise InvalidInput(
            "bind",
            f"{config.bind_host}:{config.bind_port} cannot be used: {error.strerror or error}",
            f"End what listens there, or change bind_port in {config.data_dir / 'config.toml'}.",
        ) from None


def _settings(config: Config, app: ASGIApp) -> uvicorn.Config:
    """uvicorn's settings; its headers are believed as they come, since nothing here asks who called.

    Raises: InvalidInput for a certificate that cannot be read.
    """
    settings = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
        h11_max_incomplete_event_size=config.limits.header_bytes,
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
