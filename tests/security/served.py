"""V as a real process: `obverse serve` on loopback, on a store in a directory of the test's choice.

A stranger whose key the node knows already posts to it, so that nothing has to be fetched.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio

from federation import signatures
from federation.keys import SigningKey, generate_ed25519
from federation.messages import HttpMessage, JsonObject
from federation.ports import InboundEntry, KnownKey
from node.store.sqlite import open_sqlite
from node.store.sqlite.inbox import SeenHash
from tests.security.peers import ACTIVITY, AS

__all__ = ["PYTHON", "Premises", "Served", "found_premises", "post_of"]

PYTHON = (sys.executable, "-m", "node")
STRANGER = "https://t.example/actors/tess"
STARTS_WITHIN_S = 60.0


@dataclass(frozen=True)
class Premises:
    """A node that was founded and lies ready to be served: its data, its address, and tess's key."""

    data: Path
    base: str
    key: SigningKey = field(repr=False)

    @property
    def database(self) -> Path:
        return self.data / "obverse.db"

    def moved_to(self, directory: Path) -> Premises:
        """The same node in another directory, as a copy."""
        shutil.copytree(self.data, directory, dirs_exist_ok=True)
        return Premises(directory, self.base, self.key)

    def opened(self) -> sqlite3.Connection:
        """A reader of its own. Use it with `closing`."""
        return sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)

    def holds(self, activity_ids: Sequence[str]) -> list[str]:
        """Those of the shop's messages by tess that this node remembers to have seen."""
        with closing(self.opened()) as store:
            seen = SeenHash.of_store(store)
            keys = {seen.message(self._entry(name)): name for name in activity_ids}
            return [
                name
                for key, name in keys.items()
                if store.execute("SELECT 1 FROM seen WHERE key = ?", (key,)).fetchone()
            ]

    def _entry(self, activity_id: str) -> InboundEntry:
        return InboundEntry(f"{self.base}/actors/shop", STRANGER, activity_id, b"", "", datetime.now(UTC))


def found_premises(data: Path, port: int) -> Premises:
    """`obverse init` for a vendor's node, then let it know tess."""
    base = f"http://v.localhost:{port}"
    words = ["--data", str(data), "init", "--url", base, "--name", "shop", "--kind", "vendor"]
    words += ["--bind", f"127.0.0.1:{port}", "--allow", f"v.localhost:{port}", "--cast-spread", "0"]
    words += ["--resolve", "v.localhost=127.0.0.1"]
    done = subprocess.run([*PYTHON, *words], capture_output=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr.decode()
    premises = Premises(data, base, generate_ed25519(f"{STRANGER}#ed25519-key", STRANGER))
    anyio.run(_acquaint, premises)
    return premises


async def _acquaint(premises: Premises) -> None:
    store = await open_sqlite(premises.database, clock=lambda: datetime.now(UTC))
    try:
        known = KnownKey(premises.key.public, STRANGER, b"{}", datetime.now(UTC))
        await store.public_keys.save(known)
    finally:
        await store.aclose()


def post_of(premises: Premises, number: int | str, *, at: datetime | None = None) -> HttpMessage:
    """A signed message of tess to the shop, which has no effect but that it is kept."""
    body = {
        "@context": AS,
        "id": f"https://t.example/activities/{number}",
        "type": "Like",
        "actor": STRANGER,
        "object": f"{premises.base}/posts/1",
        "to": [f"{premises.base}/actors/shop"],
    }
    request = HttpMessage.request(
        "POST",
        f"{premises.base}/actors/shop/inbox",
        {"content-type": ACTIVITY},
        json.dumps(body).encode(),
    )
    return signatures.sign(request, premises.key, now=at or datetime.now(UTC))


@dataclass
class Served:
    """The process that serves V; `log` is what it has printed."""

    premises: Premises
    process: subprocess.Popen[bytes]
    log: Path
    journal: list[tuple[str, int]] = field(default_factory=list)
    """Each message that was posted, with the status of its answer; 0 for none."""

    @classmethod
    @contextmanager
    def running(
        cls,
        premises: Premises,
        log: Path,
        *,
        before: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        ready: bool = True,
    ) -> Iterator[Served]:
        """Serve until the context ends. Shapes: `before` are the words of a tracer, say, that starts it."""
        command = [*before, *PYTHON, "--data", str(premises.data), "serve"]
        with log.open("ab") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        served = cls(premises, process, log)
        try:
            if ready:
                served.wait_until_ready()
            yield served
        finally:
            served.kill()

    def wait_until_ready(self) -> None:
        """Until it answers."""
        end = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < end:
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.said}"
            with suppress(OSError):
                if self.get("/actor")[0] == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"it did not start:\n{self.said}")

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    # --- speaking to it -------------------------------------------------------------------------------

    def _ask(self, request: HttpMessage) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(request.url)
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=30)
        try:
            headers = {"host": parts.netloc, **dict(request.headers)}
            connection.request(request.method, parts.path, request.body or None, headers)
            answer = connection.getresponse()
            return (
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                answer.read(),
            )
        finally:
            connection.close()

    def get(self, path: str, accept: str = ACTIVITY) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        return self._ask(HttpMessage.request("GET", self.premises.base + path, {"accept": accept}, b""))

    def post(self, number: int | str, *, at: datetime | None = None) -> tuple[int, dict[str, str]]:
        """Post a message of tess; what was answered goes into the journal."""
        name = f"https://t.example/activities/{number}"
        try:
            status, headers, _ = self._ask(post_of(self.premises, number, at=at))
        except OSError:
            status, headers = 0, {}
        self.journal.append((name, status))
        return status, headers

    def command(self, name: str, **arguments: Any) -> JsonObject:
        """What its owner asks of it over the control socket: the result, or {"error": …}."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(30)
            line.connect(str(self.premises.data / "obverse.sock"))
            line.sendall(json.dumps({"command": name, "args": arguments}).encode() + b"\n")
            with line.makefile("rb") as answers:
                for answer in answers:
                    said: JsonObject = json.loads(answer)
                    if "progress" not in said:
                        result: JsonObject = said.get("result", said)
                        return result
        raise AssertionError("no answer")

    @property
    def acknowledged(self) -> list[str]:
        return [name for name, status in self.journal if 200 <= status < 300]

    # --- its end --------------------------------------------------------------------------------------

    def stop(self) -> int:
        """SIGTERM to all of it; how it ended."""
        self._signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        """SIGKILL to all of it."""
        self._signal(signal.SIGKILL)
        self.process.wait(30)

    def _signal(self, number: int) -> None:
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
