"""A node is started anew behind the door that systemd keeps for it: whoever comes meanwhile waits."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.e2e.homes import found

pytestmark = [pytest.mark.slow, pytest.mark.processes]

ROOT = Path(__file__).parents[2]
# As systemd does it: the socket is descriptor 3, and the process that it is for is named.
STARTING = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.executable, [sys.executable, "-m", "node", "--data", sys.argv[2], "serve"])
"""
PATIENCE_S = 60.0


@pytest.fixture
def door(ports: Callable[[int], list[int]]) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", ports(1)[0]), backlog=64) as listener:
        yield listener


@contextmanager
def served(data: Path, door: socket.socket) -> Iterator[subprocess.Popen[bytes]]:
    with data.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", STARTING, str(door.fileno()), str(data)],
            pass_fds=[door.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def ask(line: socket.socket, host: str) -> None:
    head = f"GET /actor HTTP/1.1\r\nHost: {host}\r\nAccept: application/activity+json\r\n"
    line.sendall(f"{head}Connection: close\r\n\r\n".encode())


def answer(line: socket.socket) -> bytes:
    line.settimeout(PATIENCE_S)
    return line.recv(65536)


def test_whoever_comes_while_the_node_is_started_anew_is_answered_by_the_next_one(
    tmp_path: Path, door: socket.socket
) -> None:
    port = door.getsockname()[1]
    host, data = f"ana.localhost:{port}", tmp_path / "ana"
    found(data, "ana", "person", f"http://{host}", port, [host])
    for _ in range(2):
        with closing(socket.create_connection(("127.0.0.1", port))) as early:
            ask(early, host)
            with served(data, door) as process:
                assert answer(early).startswith(b"HTTP/1.1 200"), data.with_suffix(".log").read_text()
            assert process.returncode == 0
    log = data.with_suffix(".log").read_text()
    assert f"is served on 127.0.0.1:{port}" in log


def test_door_that_is_kept_elsewhere_is_told_in_one_line(
    tmp_path: Path, door: socket.socket, ports: Callable[[int], list[int]]
) -> None:
    data, (other,) = tmp_path / "ana", ports(1)
    found(data, "ana", "person", f"http://ana.localhost:{other}", other, [f"ana.localhost:{other}"])
    with served(data, door) as process:
        assert process.wait(PATIENCE_S) == 2
    log = " ".join(data.with_suffix(".log").read_text().split())
    assert f"systemd listens on 127.0.0.1:{door.getsockname()[1]} for this node" in log
    assert "obverse.socket" in log
