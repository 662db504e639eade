"""Keeps node processes for the kill harness: forked from one that has imported the program, so that a start
after a kill costs a tenth. Each child runs `obverse serve` in its own process and dies by a real SIGKILL.

Spoken to in lines of JSON on stdin, answered one line each:
    ["start", DATA, LOG] → pid      ["start stopped", DATA, LOG] → pid, which waits for SIGCONT to begin
    ["kill", PID, SIGNAL] → how it ended, negative for a signal
    ["ended", PID] → the same, null while it runs      ["signal", PID, SIGNAL] → null; for SIGSTOP and SIGCONT
When stdin ends, every child is killed: none outlives whoever started this.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module

from node.cli import run

__all__ = ["Nursery"]

PRELOADED = (
    "node.commands",
    "node.runtime.serve",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.httptools_impl",
)
"""What `obverse serve` loads late."""


class Nursery:
    def __init__(self) -> None:
        self._alive: set[int] = set()
        self._ended: dict[int, int] = {}

    def start(self, data: str, log: str, *, stopped: bool = False) -> int:
        pid = os.fork()
        if pid == 0:
            if stopped:
                os.kill(os.getpid(), signal.SIGSTOP)
            os._exit(_serve(data, log))
        self._alive.add(pid)
        return pid

    def start_stopped(self, data: str, log: str) -> int:
        """For whoever wants to look on from its first instruction; it does stand still on return."""
        pid = self.start(data, log, stopped=True)
        os.waitpid(pid, os.WUNTRACED)
        return pid

    def kill(self, pid: int, number: int) -> int:
        """End a child and wait for its end; one that has ended before is told by how it did."""
        if (ended := self.ended(pid)) is None:
            os.kill(pid, number)
            ended = self._reap(pid, 0)
        assert ended is not None
        return ended

    def signal(self, pid: int, number: int) -> None:
        """Signal a child that goes on; one that has ended is left alone."""
        if self.ended(pid) is None:
            os.kill(pid, number)

    def ended(self, pid: int) -> int | None:
        return self._ended[pid] if pid in self._ended else self._reap(pid, os.WNOHANG)

    def _reap(self, pid: int, options: int) -> int | None:
        found, status = os.waitpid(pid, options)
        if found == 0:
            return None
        self._alive.discard(pid)
        self._ended[pid] = os.waitstatus_to_exitcode(status)
        return self._ended[pid]

    def close(self) -> None:
        for pid in list(self._alive):
            with suppress(ProcessLookupError, ChildProcessError):
                self.kill(pid, signal.SIGKILL)


def _serve(data: str, log: str) -> int:
    """What the child is: `obverse serve`, with its output in a file."""
    os.setsid()
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, out), (2, out)):
        os.dup2(source, target)
    return run(["--data", data, "serve"])


def main() -> None:
    for name in PRELOADED:
        import_module(name)
    nursery = Nursery()
    asks: dict[str, Callable[..., int | None]] = {
        "start": nursery.start,
        "start stopped": nursery.start_stopped,
        "kill": nursery.kill,
        "ended": nursery.ended,
        "signal": nursery.signal,
    }
    try:
        for line in sys.stdin:
            name, *arguments = json.loads(line)
            print(json.dumps(asks[name](*arguments)), flush=True)
    finally:
        nursery.close()


if __name__ == "__main__":
    main()
