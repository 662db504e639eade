"""The machine as the benchmarks use it: two cores kept apart, and processes that end when they are left.

What is measured runs on one core, what loads it on the other, the same for every floor. A child speaks JSON
lines on its standard streams and ends when its input does, so that none outlives the benchmark.
"""

from __future__ import annotations

import cProfile
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.benchmarks.sampling import Samples

__all__ = [
    "ROOT",
    "Child",
    "answer_lines",
    "cores",
    "end_with_parent",
    "free_port",
    "profiled",
    "raise_file_limit",
    "running",
    "wait_until",
]

ROOT = Path(__file__).resolve().parents[2]
STOP_S = 40.0


def cores() -> tuple[int, int]:
    """(the core of what is measured, the core of what loads it); the same one twice where there is one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def raise_file_limit() -> None:
    """As many open files as an unprivileged process may have: each host is a connection."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """One process of the benchmark's own. `core` None leaves it to the system where it runs."""

    def __init__(self, arguments: Sequence[str], *, core: int | None, log: Path) -> None:
        self.log = log
        self._out = log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._out,
            cwd=ROOT,
            start_new_session=True,
            preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def read(self) -> Any:
        """The next line that it says. Raises: RuntimeError with its last words where it has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            words = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise RuntimeError(f"a process of the benchmark has ended ({self.process.wait(5)}): {words}")
        return json.loads(line)

    def ask(self, **question: Any) -> Any:
        """One question, one answer."""
        self.tell(**question)
        return self.read()

    def tell(self, **question: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Close its input, at which it ends; kill it where it does not."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self._out.close()


@contextmanager
def running(*arguments: str, core: int | None, log: Path) -> Iterator[Child]:
    """A child while the context lasts."""
    child = Child(arguments, core=core, log=log)
    try:
        yield child
    finally:
        child.end()


def end_with_parent() -> None:
    """Ask this process to stop when whoever started it is gone."""

    def watch() -> None:
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def answer_lines(answers: dict[str, Callable[..., Any]]) -> None:
    """The child's side: each line names a function (`do`) and its arguments; until the input ends."""
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(answers[question.pop("do")](**question)), flush=True)


def wait_until(is_so: Callable[[], bool], *, seconds: float, what: str, step_s: float = 0.005) -> None:
    """Look again and again. Raises: RuntimeError when it takes too long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(step_s)


# --- where the time goes -----------------------------------------------------------------------------------


def profiled(run: Callable[[], object], path: Path | None) -> None:
    """Run; where `path` says so, write samples of this thread and profiles of those that are started."""
    if path is None:
        run()
        return
    _profile_threads(path)
    samples = Samples()
    samples.start()
    try:
        run()
    finally:
        samples.save(path.with_name(f"{path.name}.samples"))


def _profile_threads(path: Path) -> None:
    inner = threading.Thread.run

    def run(self: threading.Thread) -> None:
        profile = cProfile.Profile(
            time.thread_time
        )  # its own time: what waits or is crowded out costs nothing
        try:
            profile.runcall(inner, self)
        finally:
            profile.dump_stats(path.with_name(f"{path.name}.{self.name}"))

    threading.Thread.run = run  # type: ignore[method-assign]
