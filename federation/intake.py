"""How much of strangers' requests is held at once: requests that are judged, and the bytes of their bodies.

Nobody has proven anything yet when this is spent, so all of it is bounded: a few at once, a few more that
wait, and beyond that the answer is 503. What comes slowly gives way to what comes fast.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import anyio

from federation.errors import TemporarilyUnavailable, TooLarge

__all__ = ["Bodies", "Body", "BodyTimeout", "Patience", "Room", "Turnstile", "Wait", "read_body"]

COME_BACK_S = 30
_TOO_MUCH = "too much is coming in just now"

ReceivePart = Callable[[], Awaitable[MutableMapping[str, Any]]]
"""ASGI's `receive`, named without a framework."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Bounds on what is held at once, for everybody together. Sizes in bytes, times in seconds.

    `judged_at_once` is above what the keyring lets wait for strangers' key servers, so that those who wait
    cannot keep out senders whose keys are known. `body_bytes` holds for all bodies together, whether
    they are read, wait or are judged: 128 of the largest kind, however many connections there are.
    """

    judged_at_once: int = 512
    judged_waiting: int = 256
    judge_s: float = 30.0
    body_bytes: int = 32 * 1024 * 1024
    body_s: float = 20.0
    read_at_once: int = 64
    read_waiting: int = 512


class BodyTimeout(Exception):
    """The body did not arrive in time."""


class Patience:
    """How long each of many may take, all of them alike: one timer serves them all.

    Use: `with Wait().for_(patience):` in a task; what takes longer is called off, with TimeoutError. A timer
    for each message would cost more than finding out whose signature it bears.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waits: dict[Wait, None] = {}  # those that end first come first
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, wait: Wait) -> None:
        loop = asyncio.get_running_loop()
        wait.ends_at_s = loop.time() + self._seconds
        self._waits[wait] = None
        if self._timer is None:
            self._timer = loop.call_at(wait.ends_at_s, self._look, loop)

    def end(self, wait: Wait) -> None:
        del self._waits[wait]

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Call off what is due; look again when the next one is."""
        self._timer = None
        for wait in list(self._waits):
            if wait.ends_at_s > loop.time():
                self._timer = loop.call_at(wait.ends_at_s, self._look, loop)
                return
            wait.call_off()


class Wait:
    """What one task waits for, one thing after another; takes back its own cancelling (`Task.uncancel`)."""

    __slots__ = ("_cancelled_before", "_is_called_off", "_patience", "_task", "ends_at_s")

    def __init__(self) -> None:
        self._patience: Patience | None = None
        self._task: asyncio.Task[Any] | None = None
        self._cancelled_before = 0
        self._is_called_off = False
        self.ends_at_s = 0.0

    def for_(self, patience: Patience) -> Wait:
        """The same, about to be entered, within this patience."""
        self._patience = patience
        return self

    def __enter__(self) -> None:
        if self._task is None:
            self._task = asyncio.current_task()
        assert self._task is not None
        assert self._patience is not None
        self._cancelled_before = self._task.cancelling()
        self._is_called_off = False
        self._patience.begin(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        assert self._patience is not None
        self._patience.end(self)
        self._patience = None
        if self._is_called_off:
            is_ours = self._task.uncancel() <= self._cancelled_before
            if is_ours and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def call_off(self) -> None:
        """End it before its time; does nothing where nothing is waited for, nor a second time."""
        if self._patience is not None and self._task is not None and not self._is_called_off:
            self._is_called_off = True
            self._task.cancel()


class Turnstile:
    """Lets so many in at once; so many more wait, in order; the next is refused.

    Use: `async with turnstile:`, which raises TemporarilyUnavailable where there is no room even to wait.
    """

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self._at_once = at_once
        self._most_waiting = waiting
        self.inside = 0
        self._queue: deque[anyio.Event] = deque()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def __aenter__(self) -> None:
        if self.inside < self._at_once:
            self.inside += 1
            return
        if len(self._queue) >= self._most_waiting:
            raise TemporarilyUnavailable(_TOO_MUCH, retry_after_s=COME_BACK_S)
        turn = anyio.Event()
        self._queue.append(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():  # the place was handed over in the very moment of giving up
                self._leave()
            else:
                self._queue.remove(turn)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._queue:
            self._queue.popleft().set()  # the place goes on to the next in line
        else:
            self.inside -= 1


class Body:
    """One body: while it is read it may have to give way; from then on until `close` its bytes count."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._parts: list[bytes] = []
        self.size = 0
        self.wait = Wait()
        self.gave_way = False

    def give_way(self) -> None:
        """Let go of what has come so far, and of who waits for the rest."""
        self.gave_way = True
        self.close()
        self.wait.call_off()

    def add(self, part: bytes) -> None:
        """Take a part in. Raises: TemporarilyUnavailable where there is no room for it."""
        self._parts.append(part)
        self.size += len(part)
        self._bodies.grow(self, len(part))

    def whole(self) -> bytes:
        """All of it, once it has arrived."""
        self._bodies.settle(self)
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    def close(self) -> None:
        """It is done with; its bytes count no more. May be called twice."""
        self._bodies.drop(self)
        self._parts.clear()
        self.size = 0


class Bodies:
    """All bodies that are held at once, bounded in bytes: what has been read longest gives way first.

    An honest body arrives within a second, so that the oldest that is not whole is one that stalls.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._arriving: dict[Body, None] = {}  # oldest first
        self.held_bytes = 0

    def open(self) -> Body:
        body = Body(self)
        self._arriving[body] = None
        return body

    def grow(self, body: Body, by_bytes: int) -> None:
        """Raises: TemporarilyUnavailable where nobody but `body` itself could give way."""
        self.held_bytes += by_bytes
        while self.held_bytes > self._most_bytes:
            oldest = next(iter(self._arriving))
            if oldest is body:
                raise TemporarilyUnavailable(_TOO_MUCH, retry_after_s=COME_BACK_S)
            oldest.give_way()

    def settle(self, body: Body) -> None:
        self._arriving.pop(body, None)

    def drop(self, body: Body) -> None:
        self._arriving.pop(body, None)
        self.held_bytes -= body.size


async def read_body(
    body: Body,
    receive: ReceivePart,
    headers: Collection[tuple[bytes, bytes]],
    *,
    most_bytes: int,
    patience: Patience,
) -> bytes | None:
    """The whole body of a request, None when the sender went away.

    Raises: TooLarge (by the announced length, where there is one, before a byte is read), BodyTimeout,
            TemporarilyUnavailable when it had to give way to others.
    """
    for name, value in headers:
        if name == b"content-length" and (not value.isdigit() or int(value[:12]) > most_bytes):
            raise TooLarge(f"a message has at most {most_bytes} bytes")
    try:
        with body.wait.for_(patience):
            while True:
                part = await receive()
                if part["type"] != "http.request":
                    return None
                body.add(part.get("body", b""))
                if body.size > most_bytes:
                    raise TooLarge(f"a message has at most {most_bytes} bytes")
                if not part.get("more_body", False):
                    return body.whole()
    except TimeoutError:
        if body.gave_way:
            raise TemporarilyUnavailable(_TOO_MUCH, retry_after_s=COME_BACK_S) from None
        raise BodyTimeout from None
