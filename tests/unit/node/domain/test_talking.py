"""What a conversation becomes when something is said, edited or taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from node.domain.notes import Note, Visibility
from node.domain.talking import (
    EARLIER_KEPT,
    EXCERPT_CHARS,
    Part,
    Peer,
    Thread,
    ThreadState,
    Utterance,
    amend,
    answered,
    heard,
    is_wider,
    strike,
)
from tests.builders import NOW, VENDOR

BEA = "https://social.example/users/bea"
LATER = NOW + timedelta(minutes=1)


def a_thread(**over: object) -> Thread:
    made = Thread(VENDOR, "t1", Peer(BEA, f"{BEA}/inbox", NOW), NOW, NOW)
    return replace(made, **over)  # type: ignore[arg-type]


def an_utterance(**over: object) -> Utterance:
    made = Utterance(
        VENDOR, "t1", "https://social.example/notes/1", BEA, False, NOW, NOW, Visibility.DIRECT, "<p>One</p>"
    )
    return replace(made, **over)  # type: ignore[arg-type]


def an_edit(**over: object) -> Note:
    made = Note(an_utterance().id, BEA, "<p>Two</p>", NOW, Visibility.DIRECT, updated_at=LATER)
    return replace(made, **over)  # type: ignore[arg-type]


def test_peer_is_shown_by_the_handle_that_was_proven_else_by_id() -> None:
    assert Peer(BEA, "", NOW).shown == BEA
    assert Peer(BEA, "", NOW, handle="@bea@social.example").shown == "@bea@social.example"


@pytest.mark.parametrize("state", list(ThreadState))
def test_whatever_they_say_opens_a_thread_and_is_unread(state: ThreadState) -> None:
    thread = heard(a_thread(state=state), an_utterance(), "One " * 100, LATER)
    assert (thread.state, thread.unread, thread.heard, thread.length) == (ThreadState.OPEN, 1, 1, 1)
    assert (thread.changed_at, len(thread.excerpt)) == (LATER, EXCERPT_CHARS)


def test_answer_of_a_person_settles_a_thread_and_one_of_the_node_does_not() -> None:
    ours = an_utterance(is_ours=True, visibility=Visibility.PUBLIC)
    thread = answered(a_thread(), ours, "Yes", LATER)
    assert (thread.state, thread.unread, thread.heard, thread.length) == (ThreadState.ANSWERED, 0, 0, 1)
    assert thread.last is Visibility.PUBLIC
    by_itself = replace(ours, part=Part.AUTOMATIC)
    assert answered(a_thread(), by_itself, "Yes", LATER).state is ThreadState.OPEN


def test_wider_is_what_more_people_can_read() -> None:
    widths = [Visibility.DIRECT, Visibility.FOLLOWERS, Visibility.UNLISTED, Visibility.PUBLIC]
    for place, one in enumerate(widths):
        assert [is_wider(one, other) for other in widths] == [place > at for at in range(4)]


def test_newer_edit_stands_and_the_earlier_words_stay() -> None:
    edited = amend(an_utterance(summary="Long"), an_edit(language="en"), "Note", LATER)
    assert edited is not None
    assert (edited.content, edited.updated_at, edited.summary) == ("<p>Two</p>", LATER, "")
    assert [(one.content, one.summary, one.until) for one in edited.earlier] == [
        ("<p>One</p>", "Long", LATER)
    ]


@pytest.mark.parametrize(
    ("said", "edit", "form"),
    [
        (an_utterance(), an_edit(updated_at=NOW - timedelta(seconds=1)), "Note"),
        (an_utterance(updated_at=LATER), an_edit(content="<p>One</p>"), "Note"),
        (an_utterance(), an_edit(updated_at=None), "Note"),
        (an_utterance(updated_at=LATER + timedelta(seconds=1)), an_edit(), "Note"),
        (an_utterance(), an_edit(), "Article"),
        (an_utterance(), an_edit(author="https://social.example/users/mallory"), "Note"),
        (an_utterance(), an_edit(id="https://social.example/notes/2"), "Note"),
        (an_utterance(deleted_at=NOW), an_edit(), "Note"),
    ],
)
def test_what_is_no_newer_edit_by_its_author_changes_nothing(said: Utterance, edit: Note, form: str) -> None:
    assert amend(said, edit, form, LATER) is None


def test_earlier_words_are_bounded_and_the_first_stay() -> None:
    said = an_utterance()
    for turn in range(1, EARLIER_KEPT + 5):
        edit = an_edit(content=f"<p>{turn}</p>", updated_at=NOW + timedelta(minutes=turn))
        said = amend(said, edit, "Note", LATER) or said
    assert len(said.earlier) == EARLIER_KEPT
    assert said.earlier[0].content == "<p>One</p>"
    assert said.earlier[-1].content == f"<p>{EARLIER_KEPT + 3}</p>"


def test_deleted_words_are_gone_and_the_fact_stays() -> None:
    said = amend(an_utterance(), an_edit(summary="Long"), "Note", LATER)
    assert said is not None
    struck = strike(replace(said, title="T", url="https://social.example/1"), LATER)
    assert (struck.content, struck.summary, struck.title, struck.url, struck.earlier) == ("", "", "", "", ())
    assert struck.deleted_at == LATER
