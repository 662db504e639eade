"""Logs: one line an event, to stderr; for people on a terminal, as JSON elsewhere.

Never a body, a key, a token or a disclosed field, and that by construction: a line is made of the words that
stand in our source, of numbers, of a few named fields, and of the kind and place of an error, never of its
text (which may quote what it stumbled over). Of other libraries' lines only the leading words are taken.

Whoever logs is never held up, and never hears of a log that cannot be written: a thread of its own writes,
and what it cannot write is counted (`security X06`). Lines that repeat are counted too, so that a flood of
nonsense does not fill the disk.
"""

from __future__ import annotations

import errno
import logging
import os
import queue
import re
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import structlog

__all__ = ["FIELDS", "SafeHandler", "configure_logs", "hold_standard_files", "log_uncaught"]

OURS = ("obverse", "federation", "node")
FIELDS = ("claimed_host", "count", "host", "part", "reason", "seconds", "status")
"""What may stand beside the words of a line, given as `extra`; anything else is left out."""

_LONGEST = 200
_FRAMES = 8
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LEADING_WORDS = re.compile(r"[A-Za-z][A-Za-z ,.'-]*")

_BACKLOG = 10_000
_END_S = 1.0
_SAID_AT_ONCE = 10
_WINDOW_S = 60.0
_KINDS = 500


def configure_logs(
    stream: TextIO | None = None,
    *,
    level: int = logging.INFO,
    speaking: tuple[type[BaseException], ...] = (),
) -> SafeHandler:
    """Send the log records of the process to a stream (stderr); the handler that does so.

    Shapes: `speaking` are the errors whose text is known to be fit for a log.
    """
    handler = SafeHandler(sys.stderr if stream is None else stream, speaking)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    return handler


def hold_standard_files() -> None:
    """Open the standard files that are closed, so that no other file gets their numbers and their writers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one


def log_uncaught() -> None:
    """Tell of errors that nobody caught by kind and place, as of all others; the interpreter's own words
    would quote them."""
    log = logging.getLogger("obverse")
    sys.excepthook = lambda kind, error, trace: log.critical("uncaught", exc_info=(kind, error, trace))
    threading.excepthook = lambda seen: log.critical(
        "uncaught in a thread",
        exc_info=None if seen.exc_value is None else (seen.exc_type, seen.exc_value, seen.exc_traceback),
    )
    sys.unraisablehook = lambda seen: log.error(
        "raised where nobody can catch",
        exc_info=None if seen.exc_value is None else (seen.exc_type, seen.exc_value, seen.exc_traceback),
    )


# --- what a line says ------------------------------------------------------------------------------------


class _Lines(logging.Formatter):
    """Makes one line of a record, out of nothing but what is fit to be kept."""

    def __init__(self, speaking: tuple[type[BaseException], ...], *, for_people: bool) -> None:
        super().__init__()
        self._speaking = speaking
        self._render: structlog.typing.Processor = (
            structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer()
        )

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "event": self._words(record),
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if not _is_ours(record):
            line["logger"] = _clean(record.name)
        for name in FIELDS:
            if (value := getattr(record, name, None)) is not None:
                line[name] = self._value(value)
        if record.exc_info and record.exc_info[1] is not None:
            line |= self._error(record.exc_info[1], record.exc_info[2])
        rendered = self._render(None, record.levelname.lower(), line)
        return rendered if isinstance(rendered, str) else ""

    def _words(self, record: logging.LogRecord) -> str:
        template = record.msg if isinstance(record.msg, str) else ""
        if not _is_ours(record):
            found = _LEADING_WORDS.match(template)
            return _clean(found[0].strip()) if found else ""
        if isinstance(record.args, tuple) and record.args:
            try:
                return _clean(template % tuple(self._value(value) for value in record.args))
            except (TypeError, ValueError):  # a slip of ours in the template: its words will do
                return _clean(template)
        return _clean(template)

    def _value(self, value: object) -> str | int | float:
        if isinstance(value, int | float):
            return value
        if isinstance(value, str):
            return _clean(value)
        if isinstance(value, BaseException):
            return _clean(str(value)) if isinstance(value, self._speaking) else _kind(value)
        return type(value).__name__

    def _error(self, error: BaseException, trace: TracebackType | None) -> dict[str, str]:
        said = {"error": " < ".join(_kind(each) for each in _causes(error)), "where": _where(trace)}
        if isinstance(error, self._speaking):
            said["words"] = _clean(str(error))
        return said


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in OURS


def _clean(text: str) -> str:
    """Cut to one line's length, with nothing in it that could begin another line or hide what follows."""
    shown = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text[:_LONGEST])
    return shown.encode("utf-8", "replace").decode("utf-8")


def _kind(error: BaseException) -> str:
    """An error's class, and the system's or the store's own name for what happened."""
    if isinstance(error, OSError) and error.errno is not None:
        return f"{type(error).__name__} {errno.errorcode.get(error.errno, error.errno)}"
    code = getattr(error, "sqlite_errorname", "")
    return f"{type(error).__name__} {code}".rstrip()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(_FRAMES):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _where(trace: TracebackType | None) -> str:
    """The innermost frames, as module and line; neither source nor values."""
    frames: list[str] = []
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " < ".join(reversed(frames[-_FRAMES:]))


# --- what is said again and again ------------------------------------------------------------------------


class _Repeats:
    """Lets a few equal lines through in a minute, and counts the others."""

    def __init__(self) -> None:
        self._kinds: OrderedDict[tuple[Any, ...], list[float]] = OrderedDict()

    def is_heard(self, record: logging.LogRecord) -> bool:
        """Whether this record is still to be said."""
        if record.levelno < logging.INFO:
            return True
        kind = _kind_of(record)
        if kind not in self._kinds:
            self._kinds[kind] = [record.created, 0]
        self._kinds[kind][1] += 1
        return self._kinds[kind][1] <= _SAID_AT_ONCE

    def take_over(self, now_s: float, *, all_of_them: bool = False) -> list[logging.LogRecord]:
        """Forget the kinds whose minute is over; a line for each that had more to say."""
        told = []
        while self._kinds:
            kind, (began, said) = next(iter(self._kinds.items()))
            if not all_of_them and 0 <= now_s - began < _WINDOW_S and len(self._kinds) < _KINDS:
                break
            del self._kinds[kind]
            if said > _SAID_AT_ONCE:
                told.append(_more(kind, int(said) - _SAID_AT_ONCE))
        return told


def _kind_of(record: logging.LogRecord) -> tuple[Any, ...]:
    error = record.exc_info[0] if record.exc_info else None
    template = record.msg if isinstance(record.msg, str) else ""
    first = record.args[0] if isinstance(record.args, tuple) and record.args else None
    word = first if isinstance(first, str) and len(first) < _LONGEST else None
    reason = getattr(record, "reason", None)
    return record.name, record.levelno, template[:_LONGEST], word, error, reason


def _more(kind: tuple[Any, ...], count: int) -> logging.LogRecord:
    name, level, template, word, _, reason = kind
    record = logging.LogRecord(name, level, "", 0, template, (word,) if word else (), None)
    record.reason, record.count = reason, count
    return record


# --- writing ---------------------------------------------------------------------------------------------


class SafeHandler(logging.Handler):
    """Writes lines from a thread of its own; neither a full disk nor a stuck reader reaches the service.

    `lost` counts the lines that could not be written.
    """

    def __init__(
        self,
        stream: TextIO | None,
        speaking: tuple[type[BaseException], ...] = (),
        *,
        backlog: int = _BACKLOG,
    ) -> None:
        super().__init__()
        self.setFormatter(_Lines(speaking, for_people=stream is not None and stream.isatty()))
        self.lost = 0
        self._stream = stream
        self._backlog = backlog
        self._repeats = _Repeats()
        self._lines: queue.SimpleQueue[str | threading.Event | None] = queue.SimpleQueue()
        self._ended = False
        self._thread = threading.Thread(target=self._write_all, name="log-writer", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            for each in self._repeats.take_over(record.created):
                self._put(self.format(each))
            if self._repeats.is_heard(record):
                self._put(self.format(record))
        except Exception:  # whatever a line's making stumbles over must not reach whoever logs
            self.lost += 1

    def flush(self) -> None:
        """Wait until what was said so far is written, but not for long."""
        written = threading.Event()
        self._lines.put(written)
        written.wait(_END_S)

    def close(self) -> None:
        """Say what was only counted, write what waits, and end."""
        if not self._ended:
            self._ended = True
            for record in self._repeats.take_over(0, all_of_them=True):
                self._put(self.format(record))
            self._lines.put(None)
            self._thread.join(_END_S)
        super().close()

    def _put(self, line: str) -> None:
        if self._lines.qsize() >= self._backlog:
            self.lost += 1
        else:
            self._lines.put(line)

    def _write_all(self) -> None:
        told = 0
        while (line := self._lines.get()) is not None:
            if isinstance(line, threading.Event):
                line.set()
                continue
            if self.lost > told and self._write(f"{self.lost - told} log lines were lost"):
                told = self.lost
            if not self._write(line):
                self.lost += 1

    def _write(self, line: str) -> bool:
        try:
            _write_line(self._stream, line + "\n")
        except (OSError, ValueError):
            return False
        return True


def _write_line(stream: TextIO | None, line: str) -> None:
    """Past the stream's own buffer, which would keep, and try again, what a full disk refused.

    Raises: OSError, ValueError for a stream that is closed.
    """
    if stream is None:
        return
    try:
        number = stream.fileno()
    except OSError:  # of no file: a buffer in memory
        stream.write(line)
        return
    rest = line.encode()
    while rest:
        rest = rest[os.write(number, rest) :]
