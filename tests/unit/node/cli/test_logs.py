"""Log lines: JSON where a program reads them, words on a terminal."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from node.logs import configure_logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """The root logger is put back as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)


def test_line_is_json_in_a_file() -> None:
    out = io.StringIO()
    configure_logs(out)
    logging.getLogger("obverse").warning("refused %s", "a message")
    line = json.loads(out.getvalue())
    assert (line["event"], line["level"]) == ("refused a message", "warning")
    assert line["timestamp"].endswith("Z")


def test_fault_comes_with_its_place() -> None:
    out = io.StringIO()
    configure_logs(out)
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logging.getLogger("obverse").exception("a command failed")
    assert "ZeroDivisionError" in json.loads(out.getvalue())["exception"]


def test_line_is_for_people_on_a_terminal() -> None:
    out = Terminal()
    configure_logs(out)
    logging.getLogger("obverse").info("stopping")
    assert "stopping" in out.getvalue()
    assert not out.getvalue().startswith("{")
