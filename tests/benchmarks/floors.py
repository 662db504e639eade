"""The floors, each in a process of its own, on the core that what is measured runs on.

`python -m tests.benchmarks.floors post` serves a trivial Starlette POST as `obverse serve` would; with
`pieces DIR` it answers how many microseconds one signature, one canonical form, or one row at group commit
takes.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from federation.jcs import canonicalize
from federation.keys import generate_ed25519, generate_rsa
from federation.strictjson import parse_json_object
from federation.worker import WorkerSettings
from tests.benchmarks.machine import answer_lines, end_with_parent, free_port, raise_file_limit

__all__ = ["GROUP"]

GROUP = 64
"""Rows in one commit: as many as there are connections in the load, the largest group that can form."""


AT_ONCE = WorkerSettings().delivered_at_once


class _Trivial:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        await Response(status_code=202)(scope, receive, send)


def serve_post() -> None:
    """Serve until the signal; say the port first."""
    port = free_port()
    app = Starlette(routes=[Route("/{rest:path}", _Trivial())])
    settings = uvicorn.Config(
        app,
        port=port,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    end_with_parent()
    print(port, flush=True)
    uvicorn.Server(settings).run()


# --- pieces ------------------------------------------------------------------------------------------------


class _Pieces:
    def __init__(self, directory: Path) -> None:
        rsa, ed25519 = generate_rsa("r", "o"), generate_ed25519("e", "o")
        data = os.urandom(300)
        rsa_signature, ed25519_signature = rsa.sign(data), ed25519.sign(data)
        rsa_public, ed25519_public = rsa.public, ed25519.public
        message = parse_json_object(
            (Path(__file__).parents[1] / "golden" / "messages" / "01-intent.json").read_bytes()
        )
        self._work: dict[str, Callable[[], object]] = {
            "rsa_verify": lambda: rsa_public.verify(data, rsa_signature),
            "rsa_sign": lambda: rsa.sign(data),
            "ed25519_verify": lambda: ed25519_public.verify(data, ed25519_signature),
            "jcs": lambda: canonicalize(message),
        }
        self._table = _Table(directory / "floor.db")

    def measure(self, names: list[str], seconds: float) -> dict[str, float]:
        """Microseconds for one of each."""
        return {
            name: self._table.row_us(seconds) if name == "row" else _call_us(self._work[name], seconds)
            for name in names
        }

    def connect(self, port: int, names: list[str], ca_file: str) -> float:
        """Seconds for one bare TLS connection to each of these hosts, as many at once as deliveries are."""
        return uvloop.run(_connect_all(port, names, ca_file))


async def _connect_all(port: int, names: list[str], ca_file: str) -> float:
    context = ssl.create_default_context(cafile=ca_file)
    loop, waiting = asyncio.get_running_loop(), iter(names)
    transports = []

    async def connect() -> None:
        for name in waiting:
            transport, _ = await loop.create_connection(
                asyncio.Protocol, "127.0.0.1", port, ssl=context, server_hostname=name
            )
            transports.append(transport)

    began = time.perf_counter()
    await asyncio.gather(*(connect() for _ in range(AT_ONCE)))
    seconds = time.perf_counter() - began
    for transport in transports:
        transport.close()
    return seconds


def _call_us(work: Callable[[], object], seconds: float) -> float:
    calls, end = 0, time.perf_counter() + seconds
    began = time.perf_counter()
    while time.perf_counter() < end:
        for _ in range(20):
            work()
        calls += 20
    return (time.perf_counter() - began) / calls * 1e6


class _Table:
    """A realistic row: a message of 1.5 kB with its columns, one index by a hash and one by time."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 20000"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute(
            "CREATE TABLE message (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, actor TEXT NOT NULL,"
            " activity TEXT NOT NULL, body BLOB NOT NULL, at INTEGER NOT NULL) STRICT"
        )
        self._db.execute("CREATE INDEX message_at ON message (at)")
        self._count = 0

    def row_us(self, seconds: float) -> float:
        rows, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            self._db.execute("BEGIN IMMEDIATE")
            for _ in range(GROUP):
                self._insert()
            self._db.execute("COMMIT")
            rows += GROUP
        return (time.perf_counter() - began) / rows * 1e6

    def _insert(self) -> None:
        self._count += 1
        number = self._count
        self._db.execute(
            "INSERT INTO message (hash, actor, activity, body, at) VALUES (?, ?, ?, ?, ?)",
            (
                os.urandom(16),
                f"https://peer{number % 50}.example/actors/someone",
                f"https://peer{number % 50}.example/activities/{number:032d}",
                _BODY,
                time.time_ns() // 1000,
            ),
        )


_BODY = os.urandom(750).hex().encode()


if __name__ == "__main__":
    if sys.argv[1] == "post":
        serve_post()
    else:
        raise_file_limit()
        pieces = _Pieces(Path(sys.argv[2]))
        answer_lines({"measure": pieces.measure, "connect": pieces.connect})
