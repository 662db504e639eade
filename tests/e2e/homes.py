"""A node that can be killed: its data, the wire to it, and the process that serves it just now."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from federation.messages import JsonObject
from tests.e2e.wire import Wire

__all__ = ["Children", "Home", "Unheard"]


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
    """One node: its data, its wire, and the process that serves it just now."""

    name: str
    data: Path
    wire: Wire
    children: Children
    pid: int = 0
    kills: int = 0

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

    def stop(self) -> None:
        assert self.children.ask("kill", self.pid, signal.SIGTERM) == 0, self.log.read_text()[-3000:]

    def ask(self, command: str, **args: Any) -> JsonObject:
        """Run a command over the control socket. Raises: Unheard."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(20)
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
        deadline = time.monotonic() + 20
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
