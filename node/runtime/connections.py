"""One connection to the node: how long it may be silent, drip or stall, and what it may send.

uvicorn parses HTTP and runs the application; it has no clock for heads and bodies that come by the byte, and
no bound on a head while it arrives. This adds them, and it closes a connection whenever what follows on it
could be read in two ways. How many there may be is `node.runtime.door`'s.

    coming: nothing yet, or part of a head → reading: part of a body → answering → resting → coming …
    and from each of them → leaving: the last answer is on its way, what still comes in is thrown away
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from federation.answers import refused_head
from federation.heads import Fault

__all__ = ["STOPPING", "DoorSettings", "Keeper", "Line", "Phase"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """Bounds on connections; times in seconds, sizes in bytes.

    There are so many `connections` at once. One may be silent for `silent_s`; a head is whole within `head_s`
    of its first byte, a body within `body_s` of its head's end; an answer is given within `answer_s`, and
    taken within `write_s`. `wire_bytes` bounds a body with what its chunks add to it; `larger`
    names paths at which more comes in and may take longer, each with its own bytes and seconds. After the
    last answer what still comes is thrown away for `linger_s`, so that the answer is not lost to a reset;
    only so many `lingering` connections do so at once. A stop waits `drain_s` for requests that run.
    """

    connections: int = 2000
    header_bytes: int = 16 * 1024
    header_count: int = 128
    wire_bytes: int = 512 * 1024
    silent_s: float = 25.0
    head_s: float = 10.0
    body_s: float = 20.0
    answer_s: float = 70.0
    write_s: float = 30.0
    linger_s: float = 2.0
    linger_bytes: int = 1024 * 1024
    lingering: int = 250
    drain_s: float = 10.0
    larger: tuple[tuple[bytes, int, float], ...] = ()


# Plain strings: an enum's members are slow to get at and to hash, and this is asked several times a request.
Phase = Literal["coming", "reading", "answering", "resting", "leaving"]
_COMING: Final = "coming"
_READING: Final = "reading"
_ANSWERING: Final = "answering"
_RESTING: Final = "resting"
_LEAVING: Final = "leaving"


_BAD_REQUEST = Fault(400, "Not plain HTTP/1.1")
_BAD_TRAILER = Fault(400, "No fields after the body")
_BIG_HEAD = Fault(431, "Header fields too large")
_BIG_BODY = Fault(413, "Too large")
_SLOW = Fault(408, "Request timeout")
_FULL = Fault(503, "Temporarily unavailable", detail="too many connections just now")
_LATE = Fault(503, "Temporarily unavailable", detail="this took too long here")
STOPPING = Fault(503, "Temporarily unavailable", detail="the server stops")

_UNHEARD = logging.Logger("unheard")
_UNHEARD.disabled = True

_GRACE_S = 1.0
"""So much later than the application's own bound the door strikes: the application's answer says more."""


class _Refusal(Exception):
    """Raised inside the parser's callbacks; it comes out of the parser as its own error."""


class Keeper(Protocol):
    """Who knows all connections of the server (`node.runtime.door.Door`)."""

    @property
    def settings(self) -> DoorSettings: ...
    def move(self, line: Line, old: Phase | None, new: Phase | None) -> None: ...
    def has_room_for(self, line: Line) -> bool: ...
    def may_linger(self) -> bool: ...


class _Wire(Protocol):
    """The part of a transport that is needed here; what asyncio and uvloop give."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def is_closing(self) -> bool: ...
    def can_write_eof(self) -> bool: ...
    def write_eof(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def get_write_buffer_size(self) -> int: ...
    def get_extra_info(self, name: str, default: Any = None) -> Any: ...


class _Handle:
    """The transport as uvicorn is given it: its `close` asks the connection, which may linger first."""

    __slots__ = ("_line", "get_extra_info", "pause_reading", "resume_reading", "write")

    def __init__(self, wire: _Wire, line: Line) -> None:
        self._line = line
        self.write = wire.write
        self.pause_reading = wire.pause_reading
        self.resume_reading = wire.resume_reading
        self.get_extra_info = wire.get_extra_info

    def close(self) -> None:
        self._line.leave()

    def is_closing(self) -> bool:
        return self._line.is_leaving


class Line(HttpToolsProtocol):
    """One connection. Requests come one by one: what is sent before the last answer was given is not read."""

    def __init__(self, door: Keeper, config: uvicorn.Config, state: ServerState) -> None:
        super().__init__(config, state, {})
        self._door = door
        self._bounds = door.settings
        self._phase: Phase = _COMING
        self._known_as: Phase | None = None
        """The phase that the door knows of; those that pass within one read are not worth its while."""
        self._deadline_s = 0.0
        self._stalled_at_s: float | None = None
        self._fault: Fault | None = None
        self._deaf = False
        self.is_leaving = False
        self._head_bytes = 0
        self._body_bytes = 0
        self._most_bytes = self._bounds.wire_bytes
        self._spare_bytes = 0
        """How much came since the last byte of a body: the parser keeps what has no end yet."""
        self._left_bytes = 0

    def _enter(self, phase: Phase, for_s: float) -> None:
        self._phase = phase
        self._deadline_s = self.loop.time() + for_s

    def _tell(self) -> None:
        if self._known_as is not self._phase:
            self._door.move(self, self._known_as, self._phase)
            self._known_as = self._phase

    # --- the connection ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast("_Wire", transport)
        super().connection_made(cast("asyncio.Transport", _Handle(self._wire, self)))
        self._enter(_COMING, self._bounds.silent_s)
        self._tell()
        if not self._door.has_room_for(self):
            self.refuse(_FULL)

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.move(self, self._known_as, None)
        self.is_leaving = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf or self.is_leaving:
            self._throw_away(len(data))
            return
        try:
            if self._phase in (_RESTING, _COMING):
                data = self._feed_head(data)
            if data:
                self._feed_body(data)
        except httptools.HttpParserUpgrade:  # it was answered as any request; what follows is in no language
            self._deaf = True
        except httptools.HttpParserError:
            self._give_up_reading()
        self._tell()

    def _feed_head(self, data: bytes) -> bytes:
        """Parse what belongs to the head, within its bound; the rest comes back."""
        if not self._head_bytes:
            self._enter(_COMING, self._bounds.head_s)
        room = self._bounds.header_bytes - self._head_bytes
        piece, rest = (data, b"") if len(data) <= room else (data[:room], data[room:])
        self._head_bytes += len(piece)
        self.parser.feed_data(piece)
        if self._phase is _COMING and (rest or len(piece) == room):
            self._fault = _BIG_HEAD
            raise httptools.HttpParserError
        return rest

    def _feed_body(self, data: bytes) -> None:
        self._body_bytes += len(data)
        if self._body_bytes > self._most_bytes:
            self._fault = _BIG_BODY
            raise httptools.HttpParserError
        self._spare_bytes += len(data)
        self.parser.feed_data(data)
        if self._phase is _READING and self._spare_bytes > self._bounds.header_bytes:
            self._fault = _BAD_TRAILER
            raise httptools.HttpParserError

    def _give_up_reading(self) -> None:
        if self._deaf:  # a second request before the first was answered: the first may end
            self.cycle.keep_alive = False
        else:
            self.refuse(self._fault or _BAD_REQUEST)

    def _throw_away(self, size: int) -> None:
        self._left_bytes += size
        if self._left_bytes > self._bounds.linger_bytes:
            self.cut()

    # --- the parser's callbacks --------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._phase is not _COMING:
            self._deaf = True
            raise _Refusal
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._phase is not _COMING:  # uvicorn would add it to the head, which the signature is about
            self._fault = _BAD_TRAILER
            raise _Refusal
        name = name.lower()
        if name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if len(self.headers) > self._bounds.header_count:
            self._fault = _BIG_HEAD
            raise _Refusal
        self._body_bytes = self._spare_bytes = 0
        path = self.url.partition(b"?")[0]
        self._most_bytes, body_s = self._bounds.wire_bytes, self._bounds.body_s
        if self._bounds.larger and self.parser.get_method() == b"POST":
            fitting = (
                (size, time_s) for start, size, time_s in self._bounds.larger if path.startswith(start)
            )
            self._most_bytes, body_s = next(fitting, (self._most_bytes, body_s))
        self._enter(_READING, body_s + _GRACE_S)
        super().on_headers_complete()
        # uvicorn makes a path of whatever it is; `federation.asgi.RequestGuard` must see what was asked for.
        self.scope["raw_path"] = path

    def on_body(self, body: bytes) -> None:
        self._spare_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._phase is _READING:
            self._enter(_ANSWERING, self._bounds.answer_s)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.is_leaving:
            return
        if self._phase is _READING or self._deaf:  # answered before all of it was there
            self.leave()
            return
        self._head_bytes = 0
        self._enter(_RESTING, self._bounds.silent_s)
        self._tell()
        self.flow.resume_reading()

    # --- its end -----------------------------------------------------------------------------------------

    def look_at_the_clock(self, now_s: float) -> None:
        """End what has taken too long, in either direction."""
        if self._stalls(now_s):
            self.cut()
        elif now_s >= self._deadline_s:
            self._run_out()

    def _run_out(self) -> None:
        if self._phase is _LEAVING:
            self.cut()
        elif self._phase is _ANSWERING:
            self.refuse(_LATE)
        elif self._phase is _READING or (self._phase is _COMING and self._head_bytes):
            self.refuse(_SLOW)
        else:
            self._wire.close()

    def _stalls(self, now_s: float) -> bool:
        """Whether what was written has waited too long for its reader."""
        if not self._wire.get_write_buffer_size():
            self._stalled_at_s = None
        elif self._stalled_at_s is None:
            self._stalled_at_s = now_s
        return self._stalled_at_s is not None and now_s - self._stalled_at_s > self._bounds.write_s

    def give_way(self) -> None:
        """Make room for somebody else: with a word, where part of a request has come."""
        if self._phase is _RESTING or not self._head_bytes:
            self.cut()
        else:
            self.refuse(_FULL)

    def refuse(self, fault: Fault) -> None:
        """Answer for the application, unless it has begun to, and let go of the connection."""
        if self.is_leaving:
            return
        cycle = cast("Any", self.cycle)
        if cycle is not None and not cycle.response_complete:
            if cycle.response_started:
                self.cut()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self._wire.write(self._spoken(fault))
        self.leave()

    def _spoken(self, fault: Fault) -> bytes:
        response = refused_head(fault)
        headers = [*self.server_state.default_headers, *response.raw_headers]
        if fault.status == 503:
            headers.append((b"retry-after", b"30"))
        head = b"".join(b"%b: %b\r\n" % pair for pair in headers)
        status = f"HTTP/1.1 {fault.status} {fault.title}\r\n".encode()
        return status + head + b"\r\n" + bytes(response.body)

    def leave(self) -> None:
        """The last answer is written: close, but not before the other side has had a chance to read it."""
        if self.is_leaving:
            return
        heard_all = self._phase is _ANSWERING and not self._deaf
        self.is_leaving = True
        self._enter(_LEAVING, self._bounds.linger_s)
        self._tell()
        if heard_all or not self._wire.can_write_eof() or not self._door.may_linger():
            self._wire.close()
        else:
            self._wire.write_eof()
            self.flow.resume_reading()

    def hush(self) -> None:
        """The request that runs is about to be called off, which is no failure to be logged."""
        if self.cycle is not None:
            self.cycle.logger = _UNHEARD

    def cut(self) -> None:
        """Close at once; what was not sent yet is lost."""
        self._wire.abort()

    def shutdown(self) -> None:
        """The server stops: what runs may end, the rest is closed."""
        if self._phase in (_COMING, _RESTING):
            self._wire.close()
        elif self._phase in (_READING, _ANSWERING):
            self.cycle.keep_alive = False
