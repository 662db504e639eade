"""What has changed, as it happens: a stream of nudges, upon which a page asks for its own part anew.

No content travels here, so that a stream that is left open shows nothing that its page would not.
Spec: WHATWG HTML §9.2 (server-sent events).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from node.context import Node
from node.desk import Desk

__all__ = ["EventStream", "Streams", "mark_of"]

LASTS_S = 50.0
"""Then the browser comes again by itself: below the time that the door gives an answer."""
_BEAT_S = 15.0
_CALM_S = 0.25
"""A flood of changes is one."""
_RETRY_MS = 1500
_OVERALL = 200
_OF_ONE = 8


def mark_of(value: Any) -> str:
    """What is remembered of a watched value, to be compared later."""
    return hashlib.blake2b(repr(value).encode(), digest_size=9).hexdigest()


class Streams:
    """How many streams are open, over all and of one session: each holds a connection."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def has_room(self, session: str) -> bool:
        return self._open.total() < _OVERALL and self._open[session] < _OF_ONE

    @contextmanager
    def one(self, session: str) -> Iterator[None]:
        self._open[session] += 1
        try:
            yield
        finally:
            self._open[session] -= 1
            if not self._open[session]:
                del self._open[session]


class EventStream(Response):
    """`event: changed` whenever `watch` gives another value than at the mark `since`; bounded in time.

    It ends as soon as `is_open` says so at a look: whoever is logged out is not told on (`security U05`).
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        node: Node,
        watch: Callable[[Desk], Any],
        streams: Streams,
        session: str,
        *,
        since: str,
        is_open: Callable[[Desk], bool],
    ) -> None:
        super().__init__(status_code=200)
        del self.headers["content-length"]
        self.headers["x-accel-buffering"] = "no"
        self._node = node
        self._watch = watch
        self._streams = streams
        self._session = session
        self._since = since
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._streams.one(self._session):
            async with anyio.create_task_group() as tasks:

                async def gone() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    tasks.cancel_scope.cancel()

                tasks.start_soon(gone)
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                with anyio.move_on_after(LASTS_S):
                    await self._tell(send)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                tasks.cancel_scope.cancel()

    async def _tell(self, send: Send) -> None:
        mark = await self._look()
        if mark is None:
            return
        name = "changed" if self._since not in ("", mark) else "hello"
        await _write(send, f"retry: {_RETRY_MS}\n{_event(name, mark)}")
        while True:
            goes_on = True
            with anyio.move_on_after(_BEAT_S) as beat:
                goes_on = await self._node.changes.next()
                await anyio.sleep(_CALM_S)
            if not goes_on:
                return
            seen = await self._look()
            if seen is None:
                return
            if seen != mark:
                mark = seen
                await _write(send, _event("changed", mark))
            elif beat.cancelled_caught:
                await _write(send, ":\n\n")

    async def _look(self) -> str | None:
        """The mark of what there is now; None once the session is over."""

        def view(desk: Desk) -> str | None:
            return mark_of(self._watch(desk)) if self._is_open(desk) else None

        return await self._node.look(view)


def _event(name: str, mark: str) -> str:
    return f"event: {name}\nid: {mark}\ndata: {mark}\n\n"


async def _write(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
