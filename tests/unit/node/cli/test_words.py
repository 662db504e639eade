"""What people type and read: wishes, aspects, pairs, states, spans of time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from node.cli.render import span
from node.cli.words import item_words, pairs, parse_aspect, parse_wish, state_words
from node.domain.errors import InvalidInput


def test_wish_in_words_alone() -> None:
    assert parse_wish("red", "nice") == {"wish": "red", "weight": "nice"}


def test_wish_with_a_structured_half() -> None:
    assert parse_wish("for a child of 115 cm [bodyHeight fits 115 centimetre]", "must") == {
        "wish": "for a child of 115 cm",
        "weight": "must",
        "property": "bodyHeight",
        "op": "fits",
        "value": "115",
        "unit": "centimetre",
    }


def test_words_to_be_equal_may_have_blanks() -> None:
    wish = parse_wish("[colour is signal red]", "nice")
    assert (wish["wish"], wish["value"], wish["unit"]) == ("colour is signal red", "signal red", None)


@pytest.mark.parametrize("text", ["tall [bodyHeight]", "tall [bodyHeight above 3]", "tall [a is b", "[] x"])
def test_broken_brackets_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as found:
        parse_wish(text, "must")
    assert found.value.field == "must"


@pytest.mark.parametrize(
    ("typed", "name", "text", "mood"),
    [
        ('after-sales="at my door":delighted', "after-sales", "at my door", "delighted"),
        ("app=slow: very", "app", "slow: very", None),
        ("app:annoyed", "app", None, "annoyed"),
        ("app", "app", None, None),
    ],
)
def test_aspect_as_typed(typed: str, name: str, text: str | None, mood: str | None) -> None:
    assert parse_aspect(typed) == {"name": name, "text": text, "mood": mood}


def test_pairs_keep_what_stands_after_the_first_sign() -> None:
    assert pairs(('name="Ana = Perez"', "notes=x"), "disclose", "") == {"name": "Ana = Perez", "notes": "x"}


@pytest.mark.parametrize("text", ["name", "=value", ""])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="Write FIELD=VALUE"):
        pairs((text,), "disclose", "Write FIELD=VALUE.")


@pytest.mark.parametrize(
    ("side", "state", "words"),
    [
        ("customer", "open", "waiting for an answer"),
        ("vendor", "open", "open: waits for your offer"),
        ("customer", "accepting", "accepted, waiting for the shop's node"),
        ("vendor", "declined", "declined (reason: price)"),
        ("customer", "refused", "refused by the other node (outOfStock)"),
        ("customer", "expired", "expired"),
    ],
)
def test_states_are_told_from_ones_own_side(side: str, state: str, words: str) -> None:
    deal = {
        "side": side,
        "state": state,
        "refused": "outOfStock",
        "presumed": False,
        "decline_reason": "price",
    }
    assert state_words(deal) == words


def test_presumed_confirmation_is_called_so() -> None:
    deal = {
        "side": "customer",
        "state": "confirmed",
        "refused": None,
        "presumed": True,
        "decline_reason": None,
    }
    assert "presumed" in state_words(deal)


def test_item_is_told_with_quantity_and_condition() -> None:
    assert item_words({"quantity": "1", "item": {"name": "Tea", "condition": None}}) == "Tea"
    assert item_words({"quantity": "2 kilogram", "item": {"name": "Tea", "condition": "new"}}) == (
        "2 kilogram × Tea (new)"
    )
    assert item_words({"quantity": "1", "item": None}) == "as asked for"


def test_span_is_rounded_to_its_largest_unit() -> None:
    assert span(timedelta(days=2, hours=23, minutes=59)) == "3 days"
    assert span(timedelta(hours=1, minutes=10)) == "1 hour"
    assert span(timedelta(seconds=20)) == "a moment"
