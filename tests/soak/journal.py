"""What a client did and heard, on disk before it goes on: the witness that no node can talk out of it.

Lines are JSON. Many that come at once share one sync; each writer waits for its own line to be on disk.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

from federation.messages import JsonObject

__all__ = ["Journal", "read_journal"]

_Line = tuple[bytes, "Future[None]"]


class Journal:
    """Appends lines to a file; `write` returns, and `note` resumes, when the line is on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.syncs = 0
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._queue: queue.SimpleQueue[_Line | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal")
        self._thread.start()

    def write(self, **line: object) -> None:
        self._put(line).result()

    async def note(self, **line: object) -> None:
        await asyncio.wrap_future(self._put(line))

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()
        os.close(self._file)

    def _put(self, line: dict[str, object]) -> Future[None]:
        done: Future[None] = Future()
        self._queue.put((json.dumps(line).encode() + b"\n", done))
        return done

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            batch = [first]
            while not self._queue.empty():
                if (more := self._queue.get()) is None:
                    self._queue.put(None)
                    break
                batch.append(more)
            self._sync(batch)

    def _sync(self, batch: list[_Line]) -> None:
        try:
            os.write(self._file, b"".join(line for line, _ in batch))
            os.fdatasync(self._file)
        except OSError as error:
            for _, done in batch:
                done.set_exception(error)
            return
        self.syncs += 1
        for _, done in batch:
            done.set_result(None)


def read_journal(path: Path) -> Iterator[JsonObject]:
    """Every line, in order."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
