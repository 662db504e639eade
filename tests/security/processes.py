"""A node that runs as its operator runs it, in a process of its own, and the load that is put on it."""

from __future__ import annotations

import json
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.security.loader import Plan, Result

__all__ = ["Running", "Vendor", "free_ports", "load"]

ROOT = Path(__file__).parents[2]
START_S = 30.0


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that were free just now."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@dataclass(frozen=True)
class Vendor:
    """A vendor's node on disk: founded once, served as often as a test wants."""

    data: Path
    port: int
    peer_port: int

    @property
    def base(self) -> str:
        return f"http://shop.localhost:{self.port}"

    @property
    def actor(self) -> str:
        return f"{self.base}/actors/shop"

    @property
    def log(self) -> Path:
        return self.data.with_suffix(".log")

    @classmethod
    def found(cls, data: Path) -> Vendor:
        """`obverse init`. The senders of the load may be reached at a port of their own."""
        port, peer_port = free_ports(2)
        vendor = cls(data, port, peer_port)
        words = ["--data", str(data), "init", "--url", vendor.base, "--name", "shop", "--kind", "vendor"]
        words += ["--bind", f"127.0.0.1:{port}", "--cast-spread", "0"]
        for name, at in (("shop", port), ("peer", peer_port)):
            words += ["--allow", f"{name}.localhost:{at}", "--resolve", f"{name}.localhost=127.0.0.1"]
        done = subprocess.run(
            [sys.executable, "-m", "node", *words], capture_output=True, timeout=90, check=False, cwd=ROOT
        )
        assert done.returncode == 0, done.stderr.decode()
        return vendor

    @contextmanager
    def serving(self, *, open_files: int | None = None) -> Iterator[Running]:
        """`obverse serve`, killed at the end where it has not ended by itself."""

        def narrow() -> None:
            if open_files is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))

        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "node", "--data", str(self.data), "serve"],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                preexec_fn=narrow,
            )
        with process:
            try:
                assert process.stdout is not None
                assert b"is served on" in process.stdout.readline(), self.log.read_text()[-3000:]
                yield Running(self, process)
            finally:
                if process.poll() is None:
                    process.kill()

    # --- what it holds ----------------------------------------------------------------------------------

    def rows(self, query: str) -> list[Any]:
        store = sqlite3.connect(f"file:{self.data / 'obverse.db'}?mode=ro", uri=True, timeout=10)
        try:
            return store.execute(query).fetchall()
        finally:
            store.close()

    def stored(self) -> Counter[str]:
        """How often each message that came in is stored: as evidence of a deal, or still to be processed."""
        kept = self.rows("SELECT activity_id FROM evidence WHERE direction = 'in'")
        waiting = self.rows(
            "SELECT activity_id FROM inbox WHERE activity_id NOT IN (SELECT activity_id FROM evidence)"
        )
        return Counter(row[0] for row in (*kept, *waiting))

    def deals(self) -> int:
        return int(self.rows("SELECT count(*) FROM deal")[0][0])

    def pending(self) -> int:
        return int(self.rows("SELECT count(*) FROM inbox")[0][0])

    def settle(self, within_s: float = 20.0) -> None:
        """Wait until everything that came in is processed."""
        deadline = time.monotonic() + within_s
        while self.pending() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert self.pending() == 0


@dataclass
class Running:
    """The process that serves a vendor's node."""

    vendor: Vendor
    process: subprocess.Popen[bytes]

    def stop(self) -> float:
        """SIGTERM, which must end it with 0; how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(40) == 0, self.vendor.log.read_text()[-3000:]
        return time.monotonic() - began

    def cpu_seconds(self) -> float:
        """How much processor time it has had since it began."""
        return float(sum(psutil.Process(self.process.pid).cpu_times()[:2]))

    def cpu_share(self, over_s: float) -> float:
        """How much of one processor it uses."""
        before = self.cpu_seconds()
        time.sleep(over_s)
        return (self.cpu_seconds() - before) / over_s

    def open_files(self) -> int:
        return int(psutil.Process(self.process.pid).num_fds())

    def asks(self, request: bytes, timeout_s: float = 5.0) -> int:
        """The status that one request is answered with, 0 for none."""
        try:
            with socket.create_connection(("127.0.0.1", self.vendor.port), timeout=timeout_s) as line:
                line.sendall(request)
                head = line.recv(200)
        except OSError:
            return 0
        return int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/1.1 ") else 0

    def is_alive(self) -> bool:
        host = f"shop.localhost:{self.vendor.port}"
        return self.asks(f"GET /actor HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()) == 200


class Load:
    """A loader that has signed everything and waits."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> Result:
        """Wait for the end; what came back."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the loader failed"
        found = json.loads(line)
        found["answers"] = {name: (status, took) for name, (status, took) in found["answers"].items()}
        return Result(**found)


@contextmanager
def load(vendor: Vendor, seconds: float, **plan: Any) -> Iterator[Load]:
    """A loader for this vendor, ready to begin."""
    name = f"t{time.monotonic_ns()}s"
    made = Plan(vendor.actor, vendor.port, vendor.peer_port, name, seconds, **plan)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.security.loader", json.dumps(asdict(made))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Load(process)
        finally:
            if process.poll() is None:
                process.kill()
