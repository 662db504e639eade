"""Words and tables for people."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from node.cli.front import Front, _Quiet, secret
from node.cli.render import ago, money, plural, short_id, span, table, tone
from node.runtime.asking import Answer

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(), "now"),
        (timedelta(seconds=-59), "now"),
        (timedelta(seconds=-60), "1 minute ago"),
        (timedelta(minutes=-119), "2 hours ago"),
        (timedelta(hours=5), "in 5 hours"),
        (timedelta(days=3, hours=2), "in 3 days"),
    ],
)
def test_times_are_told_in_words(distance: timedelta, words: str) -> None:
    assert ago((NOW + distance).isoformat(), NOW) == words


def test_what_is_not_there_is_a_dash() -> None:
    assert (ago(None), money(None), short_id(None)) == ("-", "-", "-")


def test_small_words() -> None:
    assert (plural(1, "key"), plural(2, "key"), plural(0, "key")) == ("1 key", "2 keys", "0 keys")
    assert money({"amount": "289.00", "currency": "EUR"}) == "289.00 EUR"
    assert short_id("https://ana.example/deals/N89iUcGooMQZ") == "GooMQZ"
    assert span(timedelta(seconds=5)) == "a moment"


def test_states_have_their_colours() -> None:
    assert tone("delivered 3 hours ago").style == "green"
    assert tone("given up").style == ""
    assert tone("failed").style == "red"


def test_empty_table_teaches_the_next_step() -> None:
    out = io.StringIO()
    table(Console(file=out), ["A"], [], empty="Nothing [yet]. Make one.")
    assert out.getvalue() == "Nothing [yet]. Make one.\n"


def test_table_takes_markup_as_plain_text() -> None:
    out = io.StringIO()
    table(Console(file=out, width=60), ["A"], [("[red]x[/red]",)], empty="")
    assert "[red]x[/red]" in out.getvalue()


def test_no_colour_in_a_pipe() -> None:
    out = io.StringIO()
    table(Console(file=out, width=60), ["A"], [(tone("dead"),)], empty="")
    assert "\x1b" not in out.getvalue()


# --- the front --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("queued", "words"), [(1, "1 message stays queued"), (2, "2 messages stay queued")])
def test_messages_that_wait_are_mentioned(
    queued: int, words: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.cli.front.call", lambda *_, **__: Answer({}, queued))
    err = io.StringIO()
    front = Front(tmp_path, err=Console(file=err, width=200))
    assert front.ask("deal.ask") == {}
    assert words in err.getvalue()
    assert "obverse serve" in err.getvalue()


def test_progress_is_shown_to_who_watches(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def called(data: Any, name: str, args: Any, progress: Any) -> Answer:
        progress("making keys")
        return Answer({"done": True})

    monkeypatch.setattr("node.cli.front.call", called)
    err = io.StringIO()
    watched = Console(file=err, force_terminal=True, width=80)
    assert Front(tmp_path, err=watched).ask("x") == {"done": True}
    with _Quiet() as quiet:
        quiet.update("nobody")


def test_secret_is_asked_for_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("node.cli.front.click.prompt", lambda *_, **__: "typed")
    assert secret("Password") == "typed"
