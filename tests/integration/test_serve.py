"""`serve` as it runs: HTTP and the control socket side by side, and an orderly end."""

from __future__ import annotations

import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import anyio.streams.tls
import psutil
import pytest
import trustme

from node.commands import build_commands
from node.config import Config
from node.domain.errors import InvalidInput
from node.runtime.asking import is_running
from node.runtime.control import call
from node.runtime.founding import found_node
from node.runtime.serve import serve

pytestmark = pytest.mark.anyio

COMMANDS = build_commands()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
async def config(tmp_path: Path, anyio_backend: str) -> Config:
    """A founded node with a person's account, for plain HTTP on loopback."""
    port = free_port()
    made = Config(
        data_dir=tmp_path / "ana",
        base_url=f"http://ana.localhost:{port}",
        bind_port=port,
        allowed=frozenset({f"ana.localhost:{port}"}),
        names={"ana.localhost": "127.0.0.1"},
    )
    await found_node(made, COMMANDS, {"name": "ana"}, progress=lambda text: None)
    return made


@dataclass
class Run:
    """One `serve`: what it said when it was ready, and whether it has ended."""

    ready: anyio.Event
    ended: anyio.Event
    said: str = ""


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Run]:
    """`serve` in a task of its own; leaving the block sends the signal and waits for the end."""
    run = Run(anyio.Event(), anyio.Event())

    def is_ready(said: str) -> None:
        run.said = said
        run.ready.set()

    async def work() -> None:
        await serve(config, COMMANDS, ready=is_ready)
        run.ended.set()

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            await run.ready.wait()
            yield run
            if not run.ended.is_set():
                os.kill(os.getpid(), signal.SIGTERM)
            await run.ended.wait()


async def asked(config: Config, path: str, tls: ssl.SSLContext | None = None) -> str:
    stream: Any = await anyio.connect_tcp("127.0.0.1", config.bind_port)
    if tls is not None:
        stream = await anyio.streams.tls.TLSStream.wrap(
            stream, hostname="ana.localhost", ssl_context=tls, standard_compatible=False
        )
    async with stream:
        host = config.host
        await stream.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        with anyio.move_on_after(5):
            try:
                while True:
                    answer += await stream.receive()
            except anyio.EndOfStream:
                pass
        return answer.decode()


async def test_node_serves_and_is_asked_and_ends_in_order(config: Config) -> None:
    async with running(config) as run:
        assert run.said == f"{config.base_url} is served on 127.0.0.1:{config.bind_port}"
        answer = await asked(config, "/actors/ana")
        assert answer.startswith("HTTP/1.1 200")
        assert "server:" not in answer.lower()
        found = await anyio.to_thread.run_sync(lambda: call(config.data_dir, COMMANDS, "user.list", {}))
        assert [account["name"] for account in found.result["accounts"]] == ["ana"]
    assert run.ended.is_set()
    assert not is_running(config)
    assert not config.socket_path.exists()


async def test_running_node_reaches_itself(config: Config) -> None:
    async with running(config):
        found = await anyio.to_thread.run_sync(lambda: call(config.data_dir, COMMANDS, "node.reach", {}))
        assert found.result == {"asked": 4, "problems": []}, "its name, itself, its account, its inbox"


async def test_node_that_is_not_reached_says_so(config: Config) -> None:
    elsewhere = replace(config, bind_port=free_port())
    async with running(elsewhere):
        found = await anyio.to_thread.run_sync(lambda: call(config.data_dir, COMMANDS, "node.reach", {}))
        troubled = [problem["what"] for problem in found.result["problems"]]
        assert troubled == [f"{config.base_url}/actor"], "where nobody answers, nothing else is asked"


async def test_second_signal_ends_at_once(config: Config) -> None:
    async with running(config) as run:
        stream = await anyio.connect_tcp("127.0.0.1", config.bind_port)
        await stream.send(
            b"POST /inbox HTTP/1.1\r\nHost: " + config.host.encode() + b"\r\nContent-Length: 9\r\n\r\n"
        )
        await anyio.sleep(0.1)
        os.kill(os.getpid(), signal.SIGTERM)
        await anyio.sleep(0.3)
        assert not run.ended.is_set(), "it waits for the request that runs"
        os.kill(os.getpid(), signal.SIGINT)
        with anyio.fail_after(5):
            await run.ended.wait()
        await stream.aclose()


async def test_taken_port_is_told_in_one_line(config: Config) -> None:
    with (
        socket.create_server(("127.0.0.1", config.bind_port)),
        pytest.raises(InvalidInput, match="bind_port"),
    ):
        await serve(config, COMMANDS, ready=lambda text: None)


async def ask_monitor(port: int, path: str) -> tuple[int, str]:
    """Status and body of what is told to whoever watches."""
    async with await anyio.connect_tcp("127.0.0.1", port) as line:
        await line.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        answered = b"".join([part async for part in line])
    head, _, body = answered.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


async def test_watched_node_tells_its_numbers_and_its_health_on_a_port_of_their_own(config: Config) -> None:
    port = free_port()
    watched = replace(config, metrics_bind=f"127.0.0.1:{port}")
    async with running(watched):
        for path, status in (("/livez", 200), ("/readyz", 200), ("/metrics", 404)):
            assert (await asked(config, path)).startswith(f"HTTP/1.1 {status}")
        assert await ask_monitor(port, "/readyz") == (200, '{"store": "ok", "worker": "ok", "clock": "ok"}')
        status, told = await ask_monitor(port, "/metrics")
    assert status == 200
    for line in (
        'obverse_http_answers_total{kind="read",status="200"} 2.0',
        'obverse_http_answers_total{kind="read",status="404"} 1.0',
        'obverse_queue_length{queue="inbox_pending"} 0.0',
        'obverse_connections{phase="answering"}',
        'obverse_store_commits_total{outcome="committed"}',
    ):
        assert line in told, told
    with pytest.raises(OSError, match="connect"):
        await ask_monitor(port, "/livez")


async def test_unwatched_node_listens_nowhere_else(config: Config) -> None:
    before = listening()
    async with running(config):
        assert listening() - before == {config.bind_port}


async def test_taken_port_for_metrics_is_told_in_one_line(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bound = replace(config, metrics_bind=f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(InvalidInput) as refused:
            await serve(bound, COMMANDS, ready=lambda said: None)
    assert refused.value.field == "metrics_bind"


def listening() -> set[int]:
    """The TCP ports on which this process listens."""
    found = psutil.Process().net_connections(kind="tcp")
    return {connection.laddr.port for connection in found if connection.status == psutil.CONN_LISTEN}


async def test_certificate_that_cannot_be_read_is_told(config: Config) -> None:
    odd = replace(
        config, tls_cert=str(config.data_dir / "none.pem"), tls_key=str(config.data_dir / "none.key")
    )
    with pytest.raises(InvalidInput, match="tls_cert"):
        await serve(odd, COMMANDS, ready=lambda text: None)


async def test_node_serves_tls_itself_with_a_certificate(config: Config, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("ana.localhost")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    safe = replace(config, tls_cert=str(tmp_path / "cert.pem"), tls_key=str(tmp_path / "key.pem"))
    async with running(safe):
        assert (await asked(safe, "/actors/ana", context)).startswith("HTTP/1.1 200")


# --- founding -----------------------------------------------------------------------------------------------


async def test_directory_with_a_node_is_left_as_it_is(config: Config) -> None:
    before = {path: path.read_bytes() for path in config.data_dir.iterdir()}
    with pytest.raises(InvalidInput, match="is there already"):
        await found_node(config, COMMANDS, {"name": "other"}, progress=lambda text: None)
    assert {path: path.read_bytes() for path in config.data_dir.iterdir()} == before


async def test_node_whose_account_is_refused_is_not_half_made(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path / "new", base_url="https://ana.example")
    with pytest.raises(Exception, match="cannot be a handle"):
        await found_node(config, COMMANDS, {"name": "A B"}, progress=lambda text: None)
    assert sorted(path.name for path in config.data_dir.iterdir()) == []


async def test_node_is_founded_once(config: Config) -> None:
    with pytest.raises(Exception, match="has its keys already"):
        await anyio.to_thread.run_sync(lambda: call(config.data_dir, COMMANDS, "node.found", {}))
