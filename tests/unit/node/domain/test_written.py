"""Where plain words name somebody, mark a topic or lead somewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.written import Kind, Piece, handles_in, hashtags_in, pieces


def found(text: str) -> list[str]:
    return [piece.text for piece in pieces(text) if piece.kind is not Kind.WORDS]


def test_words_alone_are_one_piece() -> None:
    assert list(pieces("A quiet day.")) == [Piece(Kind.WORDS, "A quiet day.")]
    assert list(pieces("")) == []


def test_a_handle_a_topic_and_an_address_stand_between_words() -> None:
    assert list(pieces("Hi @bob@host.example: #bike at https://x.example/a.")) == [
        Piece(Kind.WORDS, "Hi "),
        Piece(Kind.MENTION, "@bob@host.example"),
        Piece(Kind.WORDS, ": "),
        Piece(Kind.HASHTAG, "bike"),
        Piece(Kind.WORDS, " at "),
        Piece(Kind.LINK, "https://x.example/a"),
        Piece(Kind.WORDS, "."),
    ]


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("@bob@host.example.", "@bob@host.example"),
        ("(@b.o-b_1@host.example:8443)", "@b.o-b_1@host.example:8443"),
        ("@bob@bücher.example!", "@bob@bücher.example"),
        ("@c@localhost", "@c@localhost"),
    ],
)
def test_a_handle_ends_where_its_host_does(text: str, handle: str) -> None:
    assert found(text) == [handle]


@pytest.mark.parametrize("text", ["bob@host.example", "@bob", "x@y@z.example", "/@bob@host.example", "@@a@b"])
def test_what_only_looks_like_a_handle_is_words(text: str) -> None:
    assert handles_in(text) == ()


@pytest.mark.parametrize(
    ("text", "topic"), [("#Größe!", "Größe"), ("(#a_1)", "a_1"), ("#2026er", "2026er"), ("a #b, c", "b")]
)
def test_a_topic_is_of_any_script(text: str, topic: str) -> None:
    assert found(text) == [topic]


@pytest.mark.parametrize("text", ["#1", "#__", "a#b", "&#39;", "##x", "#", "https://x.example/#part"])
def test_what_only_looks_like_a_topic_is_none(text: str) -> None:
    assert hashtags_in(text) == ()


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://x.example/a_(b)", "https://x.example/a_(b)"),
        ("(https://x.example/z).", "https://x.example/z"),
        ("see http://x.example?!", "http://x.example"),
        ("[https://x.example/a]", "https://x.example/a"),
        ('"https://x.example/a"', "https://x.example/a"),
    ],
)
def test_an_address_ends_where_the_sentence_goes_on(text: str, link: str) -> None:
    assert found(text) == [link]


@pytest.mark.parametrize("text", ["https://", "https://.", "javascript://x.example/a", "ahttps://x.example"])
def test_what_leads_nowhere_is_words(text: str) -> None:
    assert found(text) == []


def test_each_is_named_once_in_order_and_as_it_was_first_spelt() -> None:
    text = "@b@x.example #Two @a@x.example #one @B@X.example #TWO"
    assert handles_in(text) == ("@b@x.example", "@a@x.example")
    assert hashtags_in(text) == ("Two", "one")


@given(st.text(alphabet="a@#.:/ h1()https", max_size=60))
def test_the_pieces_are_the_whole_text(text: str) -> None:
    assert "".join("#" * (p.kind is Kind.HASHTAG) + p.text for p in pieces(text)) == text
