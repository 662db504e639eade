"""A test that cannot run says why; where everything is required, it does not pass by being left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.needs import EVERYTHING, need, need_command

MISSING = "no-such-command-anywhere"


def test_command_that_is_there_is_found() -> None:
    assert Path(need_command("sh")).name == "sh"


def test_missing_command_skips_and_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EVERYTHING, raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"{MISSING} .*apt-get install that-package"):
        need_command(MISSING, package="that-package")


def test_missing_command_fails_where_everything_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EVERYTHING, "1")
    with pytest.raises(pytest.fail.Exception, match=MISSING):
        need_command(MISSING)


def test_need_that_is_met_lets_the_test_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EVERYTHING, "1")
    need(True, "nothing")
    with pytest.raises(pytest.fail.Exception, match="ptrace"):
        need(False, "ptrace")


def test_fixture_is_the_same_way_to_say_it(require: Callable[..., str]) -> None:
    assert require("sh") == need_command("sh")
