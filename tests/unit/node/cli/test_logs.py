"""Log lines: what they may hold, and that nobody is held up or ended by a log that cannot be written."""

from __future__ import annotations

import io
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.observability.logs import FIELDS, SafeHandler, configure_logs, hold_standard_files, log_uncaught

SECRET = "Im looking for a wheelchair for Ana Gomez, Rua Verde 3"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """The root logger and the interpreter's hooks are put back as they were found."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    for handler in root.handlers:
        if isinstance(handler, SafeHandler):
            handler.close()
    root.handlers = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def handler(out: io.StringIO) -> SafeHandler:
    return configure_logs(out, level=logging.DEBUG)


def lines(handler: SafeHandler, out: io.StringIO) -> list[dict[str, Any]]:
    handler.flush()
    return [json.loads(line) for line in out.getvalue().splitlines()]


OURS = logging.getLogger("obverse")


# --- what a line holds -----------------------------------------------------------------------------------


def test_line_is_json_in_a_file(handler: SafeHandler, out: io.StringIO) -> None:
    OURS.warning("stopping: %s", "SIGTERM")
    (line,) = lines(handler, out)
    assert (line["event"], line["level"]) == ("stopping: SIGTERM", "warning")
    assert line["timestamp"].endswith("Z")


def test_line_is_for_people_on_a_terminal() -> None:
    terminal = Terminal()
    handler = configure_logs(terminal)
    OURS.info("stopping")
    handler.flush()
    assert "stopping" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


def test_fault_comes_with_its_kind_and_place_but_not_its_text(handler: SafeHandler, out: io.StringIO) -> None:
    try:
        raise KeyError(SECRET)
    except KeyError:
        OURS.exception("a command failed")
    (line,) = lines(handler, out)
    assert line["error"] == "KeyError"
    assert line["where"].startswith(f"{__name__}:")
    assert "wheelchair" not in out.getvalue()


def test_causes_are_named_outermost_first(handler: SafeHandler, out: io.StringIO) -> None:
    try:
        try:
            raise FileNotFoundError(2, SECRET, SECRET)
        except OSError as error:
            raise ValueError(SECRET) from error
    except ValueError:
        OURS.exception("failed")
    (line,) = lines(handler, out)
    assert line["error"] == "ValueError < FileNotFoundError ENOENT"
    assert "wheelchair" not in out.getvalue()


def test_error_that_hides_its_context_is_named_alone(handler: SafeHandler, out: io.StringIO) -> None:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError:
            raise ValueError from None
    except ValueError:
        OURS.exception("failed")
    assert lines(handler, out)[0]["error"] == "ValueError"


def test_stores_failure_is_named_by_its_code(handler: SafeHandler, out: io.StringIO) -> None:
    try:
        sqlite3.connect(":memory:").execute(f"SELECT '{SECRET}' FROM nowhere")
    except sqlite3.Error:
        OURS.exception("failed")
    assert lines(handler, out)[0]["error"] == "OperationalError SQLITE_ERROR"


def test_text_of_an_error_is_shown_where_it_is_known_to_be_fit(out: io.StringIO) -> None:
    handler = configure_logs(out, speaking=(ZeroDivisionError,))
    OURS.warning("%s and %s", ZeroDivisionError("by nought"), ValueError(SECRET))
    try:
        raise ZeroDivisionError("by nought")
    except ZeroDivisionError:
        OURS.exception("failed")
    first, second = lines(handler, out)
    assert first["event"] == "by nought and ValueError"
    assert second["words"] == "by nought"


def test_only_named_fields_stand_beside_the_words(handler: SafeHandler, out: io.StringIO) -> None:
    OURS.info("refused", extra={"reason": "KeyUnknown", "status": 401, "body": SECRET, "token": SECRET})
    (line,) = lines(handler, out)
    assert (line["reason"], line["status"]) == ("KeyUnknown", 401)
    assert set(line) <= {"event", "level", "timestamp", *FIELDS}


def test_values_that_are_no_words_or_numbers_are_named_by_their_type(
    handler: SafeHandler, out: io.StringIO
) -> None:
    OURS.info("got %s and %s", {"name": SECRET}, SECRET.encode())
    assert lines(handler, out)[0]["event"] == "got dict and bytes"


def test_long_words_are_cut(handler: SafeHandler, out: io.StringIO) -> None:
    OURS.info("got %s", "x" * 10_000)
    assert len(lines(handler, out)[0]["event"]) <= 200


@pytest.mark.parametrize("forged", ["a\nb", "a\r\nb", "a\x1b[31mb", "a\u202eb", "a\u2028b", "a\ud800b"])
def test_nothing_in_a_value_begins_a_line_or_steers_a_terminal(forged: str) -> None:
    terminal = Terminal()
    handler = configure_logs(terminal)
    OURS.info("from %s", forged)
    handler.flush()
    shown = terminal.getvalue()
    assert shown.count("\n") == 1
    assert forged not in shown


def test_template_that_does_not_fit_its_values_is_shown_as_it_is(
    handler: SafeHandler, out: io.StringIO
) -> None:
    for words, values in (("one %s two %s", ("x",)), ({"no": "words"}, ())):
        handler.handle(logging.LogRecord("obverse", logging.INFO, "", 0, words, values, None))
    first, second = lines(handler, out)
    assert first["event"] == "one %s two %s"
    assert second["event"] == ""


def test_of_other_libraries_only_the_leading_words_are_taken(handler: SafeHandler, out: io.StringIO) -> None:
    other = logging.getLogger("asyncio")
    other.error("Task exception was never retrieved\nfuture: <Task exception=KeyError('%s')>", SECRET)
    other.error(f"Exception in callback <handle(b'{SECRET}')>")
    other.error("%s", SECRET)
    said = lines(handler, out)
    assert [line["event"] for line in said] == [
        "Task exception was never retrieved",
        "Exception in callback",
        "",
    ]
    assert {line["logger"] for line in said} == {"asyncio"}
    assert "wheelchair" not in out.getvalue()


def test_what_nobody_caught_is_told_by_kind_and_place(handler: SafeHandler, out: io.StringIO) -> None:
    log_uncaught()

    def fail() -> None:
        raise RuntimeError(SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)

    class Unraisable:
        exc_type, exc_value, exc_traceback = RuntimeError, RuntimeError(SECRET), None
        object, err_msg = None, None

    sys.unraisablehook(Unraisable())  # type: ignore[arg-type]
    said = lines(handler, out)
    assert [line["error"] for line in said] == ["RuntimeError"] * 3
    assert "wheelchair" not in out.getvalue()


# --- what is said again and again ------------------------------------------------------------------------


def test_equal_lines_are_said_a_few_times_then_counted(handler: SafeHandler, out: io.StringIO) -> None:
    for _ in range(1000):
        OURS.info("refused a message", extra={"reason": "KeyUnknown", "status": 401})
    OURS.info("refused a message", extra={"reason": "SignatureMissing", "status": 401})
    handler.close()
    said = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(said) == 12
    assert (said[-1]["event"], said[-1]["reason"], said[-1]["count"]) == (
        "refused a message",
        "KeyUnknown",
        990,
    )


def test_after_a_minute_equal_lines_are_said_again(handler: SafeHandler, out: io.StringIO) -> None:
    for number in range(30):
        record = logging.LogRecord("obverse", logging.INFO, "", 0, "refused: %s", ("x",), None)
        record.created = 1000.0 + 5 * number
        handler.handle(record)
    said = lines(handler, out)
    assert [line.get("count") for line in said] == [*[None] * 10, 2, *[None] * 10, 2, *[None] * 6]
    assert {line["event"] for line in said} == {"refused: x"}


def test_clock_set_back_does_not_silence_anything(handler: SafeHandler, out: io.StringIO) -> None:
    for at in [1e9] * 20 + [1e9 - 86400]:
        record = logging.LogRecord("obverse", logging.INFO, "", 0, "refused", (), None)
        record.created = at
        handler.handle(record)
    assert len(lines(handler, out)) == 12


def test_kinds_of_lines_that_are_remembered_are_bounded(handler: SafeHandler) -> None:
    for number in range(2000):
        OURS.info("kind %s", f"{number}")
    assert len(handler._repeats._kinds) <= 500


def test_lines_for_those_who_look_closely_are_all_said(handler: SafeHandler, out: io.StringIO) -> None:
    for _ in range(50):
        OURS.debug("accepted a message")
    assert len(lines(handler, out)) == 50


# --- logs that cannot be written (X06) -------------------------------------------------------------------


def test_x06_full_disk_neither_raises_nor_holds_up(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        handler = configure_logs(full)
        began = time.monotonic()
        for number in range(200):
            OURS.info("line %s", f"{number}")
        handler.flush()
        assert handler.lost >= 200
        assert time.monotonic() - began < 5


def test_x06_reader_that_is_stuck_holds_nobody_up() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stuck:
        handler = SafeHandler(stuck, backlog=100)
        logging.getLogger().handlers = [handler]
        for number in range(3000):
            OURS.warning("line %s", f"{number}{'x' * 150}")
        assert handler.lost > 0
        os.set_blocking(reading, False)
        seen = b""
        while len(seen) < 3_000_000 and (part := _read(reading, handler)):
            seen += part
        OURS.warning("and on")
        handler.flush()
        seen += _read(reading, handler)
    os.close(reading)
    assert b"log lines were lost" in seen
    assert b"and on" in seen


def _read(descriptor: int, handler: SafeHandler) -> bytes:
    """What is there once the writer has had the time to go on."""
    handler.flush()
    try:
        return os.read(descriptor, 1_000_000)
    except BlockingIOError:
        return b""


def test_x06_stream_that_was_closed_ends_nobody() -> None:
    out = io.StringIO()
    handler = configure_logs(out)
    out.close()
    OURS.info("nobody hears")
    handler.flush()
    assert handler.lost == 1


def test_x06_line_that_cannot_be_made_ends_nobody(handler: SafeHandler) -> None:
    record = logging.LogRecord("obverse", logging.INFO, "", 0, "x", (), None)
    record.created = float("inf")
    handler.handle(record)
    assert handler.lost == 1


def test_x06_process_without_standard_files_keeps_their_numbers(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = (
        "import os, sys; sys.path.insert(0, sys.argv[2]);"
        "from node.observability.logs import configure_logs, hold_standard_files;"
        "os.close(0); os.close(1); os.close(2); hold_standard_files();"
        "number = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT);"
        "handler = configure_logs(None); os.write(number, str(number).encode())"
    )
    subprocess.run([sys.executable, "-c", program, str(told), str(Path.cwd())], check=True, timeout=30)
    assert int(told.read_text()) > 2


def test_x06_without_any_stream_nothing_is_written_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    handler = configure_logs()
    OURS.error("nobody hears")
    handler.flush()
    handler.close()
    handler.close()
    assert handler.lost == 0


def test_standard_files_that_are_open_stay_as_they_are() -> None:
    before = [os.fstat(number) for number in range(3)]
    hold_standard_files()
    assert [os.fstat(number).st_ino for number in range(3)] == [each.st_ino for each in before]
