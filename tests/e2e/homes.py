"""A node that can be killed: its data, and the process that serves it just now.

Shared by the kill harness (with a `Wire` to each node) and the soak (with a TCP `Line` to each).
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from federation.messages import JsonObject
from tests.e2e.wire import Wire

__all__ = ["Children", "Home", "Unheard", "WiredHome", "found"]


class Unheard(Exception):
    """The node was down, or went down before it answered: what was asked is done or not."""


class Children:
    """The nursery's end of the line (see nursery.py)."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("nursery.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""},
        )
        self._one = threading.Lock()

    def ask(self, *words: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._one:
            self._process.stdin.write(json.dumps(words) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the nursery, which ends every child."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(30)


@dataclass
class Home:
    """One node: its data, and the process that serves it just now. `patience_s` bounds one command."""

    name: str
    data: Path
    children: Children
    pid: int = 0
    kills: int = 0
    patience_s: float = 20.0

    @property
    def log(self) -> Path:
        return self.data.with_suffix(".log")

    def start(self) -> None:
        self.pid = self.children.ask("start", str(self.data), str(self.log))

    def kill(self) -> None:
        """SIGKILL; it must have run until then."""
        ended = self.children.ask("kill", self.pid, signal.SIGKILL)
        assert ended == -signal.SIGKILL, (
            f"{self.name} had ended with {ended}:\n{self.log.read_text()[-3000:]}"
        )
        self.kills += 1

    def signal(self, number: int) -> None:
        """Signal the process and let it go on: SIGSTOP, SIGCONT."""
        self.children.ask("signal", self.pid, number)

    def stop(self) -> None:
        """SIGTERM; it must end in good order."""
        assert self.children.ask("kill", self.pid, signal.SIGTERM) == 0, self.log.read_text()[-3000:]

    def ask(self, command: str, **args: Any) -> JsonObject:
        """Run a command over the control socket. Raises: Unheard."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(self.patience_s)
                line.connect(str(self.data / "obverse.sock"))
                line.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
                with line.makefile("rb") as answers:
                    for answer in answers:
                        said = json.loads(answer)
                        if "progress" not in said:
                            assert "error" not in said, f"{self.name}: {command}: {said['error']}"
                            result: JsonObject = said["result"]
                            return result
        except OSError as error:
            raise Unheard(str(error)) from None
        raise Unheard("the line went dead")

    def surely(self, command: str, **args: Any) -> JsonObject:
        """The same, asked again until it is heard; for what may be done twice."""
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                return self.ask(command, **args)
            except Unheard:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def is_up(self) -> bool:
        try:
            self.ask("user.list")
        except Unheard:
            return False
        return True


@dataclass(kw_only=True)
class WiredHome(Home):
    """A node with the wire that leads to it."""

    wire: Wire


def found(data: Path, name: str, kind: str, url: str, bound: int, hosts: Iterable[str]) -> None:
    """`obverse init`: a node at this address, bound to its own port.

    Shapes: `hosts` are the host:port pairs of its closed world, each of which is 127.0.0.1.
    """
    words = ["--data", str(data), "init", "--url", url, "--name", name]
    words += ["--kind", kind, "--bind", f"127.0.0.1:{bound}", "--cast-spread", "0"]
    for pair in hosts:
        words += ["--allow", pair, "--resolve", f"{pair.rpartition(':')[0]}=127.0.0.1"]
    done = subprocess.run(
        [sys.executable, "-m", "node", *words], capture_output=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
