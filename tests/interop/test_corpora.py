"""What becomes of two collections of the fediverse's posts: all are answered, people see what can be seen."""

from __future__ import annotations

from functools import partial

import anyio
import pytest

from tests.interop.corpora.running import Outcome, load_cases, run_cases
from tests.interop.table import BEGIN, END, FEDERATION, as_written, section, table_of, written


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    """Both corpora, sent to one node. Ends the test where they are not installed."""
    return anyio.run(partial(run_cases, load_cases(), tmp_path_factory.mktemp("corpora")))


def test_every_post_is_answered_and_what_cannot_be_read_is_refused_at_the_door(
    outcomes: list[Outcome],
) -> None:
    """None is answered 5xx and none is given up: `run_cases` ends where that happens."""
    assert len(outcomes) == 341
    refused = {outcome.case.name for outcome in outcomes if outcome.answer != 202}
    assert refused == {f"{how} {name}" for how in ("null", "without") for name in ("actor", "id", "type")}


def test_what_is_recommended_is_shown(outcomes: list[Outcome]) -> None:
    recommended = [outcome for outcome in outcomes if outcome.case.status == "recommended"]
    assert len(recommended) > 5
    assert [outcome.case.title for outcome in recommended if "not" in outcome.shown] == []


def test_what_is_shown_of_each_is_what_is_written_down(outcomes: list[Outcome]) -> None:
    """Where it is not, and should not be as it was: `python -m tests.interop.table`."""
    found, kept = as_written(outcomes), written()
    changed = {
        f"{group}/{case}": (kept.get(group, {}).get(case), shown)
        for group, cases in found.items()
        for case, shown in cases.items()
        if kept.get(group, {}).get(case) != shown
    }
    assert changed == {}
    assert found.keys() == kept.keys()


def test_whom_it_is_said_to_finds_each_in_a_thread_as_it_was_read(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        shown, title = outcome.shown, outcome.case.title
        assert len(outcome.heard) == ("not" not in shown), title
        for found in outcome.heard:
            read = (found.title, found.content, found.summary, found.in_reply_to, len(found.attachments))
            told = [shown.get(name, "") for name in ("title", "content", "warning", "answers")]
            assert read == (*told, len(shown.get("attachments", ()))), title


def test_the_table_for_people_says_what_is_written_down() -> None:
    text = FEDERATION.read_text("utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    assert section(text) == table_of(written())
