"""The same over real sockets on loopback: a real server, the guarded client with its session."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import uvicorn

from federation.client import Client, ClientConfig
from federation.delivery import deliver
from federation.messages import HttpMessage
from federation.ports import Outcome

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", server_header=False)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[bound]))
        while not server.started:  # noqa: ASYNC110  the server has no event to wait for
            await asyncio.sleep(0.005)
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            await task


async def test_a_delivery_over_a_real_socket_is_verified_by_its_public_address(
    network: Any, ana: Any, shop: Any
) -> None:
    """Behind a proxy the server sees another scheme and port than was signed; configuration counts."""
    seen: list[HttpMessage] = []
    sender = ana.account("ana")
    note = {
        "id": "https://ana.example/1",
        "type": "Like",
        "actor": sender.id,
        "object": "https://shop.example/x",
    }
    async with serving(shop.late.app) as port:
        config = ClientConfig(allowed=frozenset({f"127.0.0.1:{port}"}))

        class Proxied:
            """A reverse proxy: https outside, plain http on loopback inside; Host and path stay."""

            async def exchange(self, message: HttpMessage, **bounds: Any) -> HttpMessage:
                inner = message.url.replace("https://shop.example", f"http://127.0.0.1:{port}")
                seen.append(replace(message, url=inner).with_headers(("host", "shop.example")))
                return await behind.send(seen[-1])

        async with Client(config) as behind, Client(ClientConfig(), engine=Proxied()) as client:
            job = ana.job(sender, "https://shop.example/inbox", note)
            outcome = await deliver(job, replace(ana.ports, client=client))
            again = await behind.send(seen[-1])
            put = await behind.send(replace(seen[-1], method="PUT"))
            misdirected = await behind.send(seen[-1].with_headers(("host", "evil.example")))
            large = await behind.send(replace(seen[-1], body=b"x" * 300_000))
            head = await behind.send(
                HttpMessage.request("HEAD", f"http://127.0.0.1:{port}/actor", {"host": "shop.example"})
            )
    assert (outcome.outcome, outcome.status) == (Outcome.DELIVERED, 202)
    assert [entry.actor for entry in shop.pending] == [sender.id]
    assert [answer.status for answer in (again, put, misdirected, large, head)] == [202, 405, 421, 413, 200]
