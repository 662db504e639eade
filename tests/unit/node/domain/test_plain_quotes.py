"""What `accept REFERENCE` is, and what it does to a quote; nothing else does anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.plain_quotes import (
    CANCEL_WITHIN,
    QUOTE_TABLE,
    Act,
    PlainQuote,
    QuoteState,
    Unchanged,
    Word,
    act,
    make_reference,
    read_reference,
    read_word,
)
from node.domain.plain_words import (
    LANGUAGES,
    cancelled_words,
    confirmation_words,
    kind_words,
    quote_words,
)
from node.domain.values import Money, Quantity
from tests.builders import NOW

CUSTOMER = "https://social.example/users/bea"
ACCEPT = Word(Act.ACCEPT, "7K3M-9QXT")


def a_quote(**over: object) -> PlainQuote:
    made = PlainQuote(
        "https://shop.example/actors/shop", "7K3M-9QXT", "https://shop.example/sales/1", "secret", "t1",
        CUSTOMER, "Norrland Kid 340", Quantity(Decimal(1), "one"), Money(27350, "EUR"), "Delivered free.",
        NOW, NOW + timedelta(days=3),
    )  # fmt: skip
    return replace(made, **over)  # type: ignore[arg-type]


# --- references and words ---------------------------------------------------------------------------------


@given(st.binary(min_size=5, max_size=5))
def test_reference_holds_forty_bits_and_reads_back(random: bytes) -> None:
    reference = make_reference(random)
    letters = reference.replace("-", "")
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    assert int.from_bytes(random) == sum(alphabet.index(c) << 5 * n for n, c in enumerate(letters[::-1]))
    for typed in (
        reference,
        reference.lower(),
        letters,
        f" {letters.lower()} ",
        reference.replace("-", "\u2011"),
    ):
        assert read_reference(typed) == reference


@pytest.mark.parametrize("typed", ["", "7K3M", "7K3M-9QXTT", "7K3M-9QXU", "7K3M 9QXT 1", "ßK3M-9QXT"])
def test_what_is_no_reference_is_none(typed: str) -> None:
    assert read_reference(typed) is None


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    assert read_reference("oil0-iloO") == "0110-1100"


@pytest.mark.parametrize(
    "text",
    [
        "accept 7K3M-9QXT",
        "Accept 7k3m9qxt",
        "@shop@shop.example accept 7K3M-9QXT",
        "@shop\n\n  ACCEPT\t7K3M\u20119QXT \n",
        "accept 7K3M-9QXT @shop @other@far.example",
    ],
)
def test_word_is_read_once_mentions_and_white_space_are_gone(text: str) -> None:
    assert read_word(text, {"@shop", "@shop@shop.example", "@other@far.example"}) == ACCEPT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "accept",
        "7K3M-9QXT",
        "I accept 7K3M-9QXT",
        "accept 7K3M-9QXT please",
        "accept 7K3M-9QXT.",
        "do not accept 7K3M-9QXT",
        "accept accept 7K3M-9QXT",
        "accept 7K3M-9QXU",
        "accepted 7K3M-9QXT",
        "„accept 7K3M-9QXT“",
        "RE: https://social.example/notes/1 accept 7K3M-9QXT",
        "accept 7K3M-9QXT" + " @shop" * 200,
        "accept 7K3M-9QXT @200EUR",
        "@i @do @not accept 7K3M-9QXT",
        "@shopkeeper accept 7K3M-9QXT",
    ],
)
def test_anything_else_is_a_message(text: str) -> None:
    assert read_word(text, {"@shop"}) is None


def test_cancel_is_a_word_too() -> None:
    assert read_word("cancel 7K3M-9QXT") == Word(Act.CANCEL, "7K3M-9QXT")


# --- the table --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "what"), list(product(QuoteState, Act)))
def test_every_pair_that_is_not_in_the_table_changes_nothing(state: QuoteState, what: Act) -> None:
    quote = a_quote(state=state, concluded_at=NOW)
    done = act(quote, what, NOW + timedelta(minutes=1), by=CUSTOMER)
    target = QUOTE_TABLE.get((state, what))
    if target is None:
        assert isinstance(done, Unchanged)
    else:
        assert isinstance(done, PlainQuote)
        assert done.state is target


@pytest.mark.parametrize(
    ("state", "what", "why"),
    [
        (QuoteState.CONCLUDED, Act.ACCEPT, Unchanged.REPEATED),
        (QuoteState.CANCELLED, Act.ACCEPT, Unchanged.CANCELLED),
        (QuoteState.WITHDRAWN, Act.ACCEPT, Unchanged.WITHDRAWN),
        (QuoteState.EXPIRED, Act.ACCEPT, Unchanged.LATE),
        (QuoteState.CANCELLED, Act.CANCEL, Unchanged.CANCELLED),
        (QuoteState.OPEN, Act.CANCEL, Unchanged.NOTHING_TO_CANCEL),
        (QuoteState.EXPIRED, Act.CANCEL, Unchanged.NOTHING_TO_CANCEL),
        (QuoteState.CONCLUDED, Act.WITHDRAW, Unchanged.SETTLED),
        (QuoteState.CONCLUDED, Act.END, Unchanged.SETTLED),
    ],
)
def test_what_changes_nothing_says_why(state: QuoteState, what: Act, why: Unchanged) -> None:
    assert act(a_quote(state=state, concluded_at=NOW), what, NOW, by=CUSTOMER) is why


@pytest.mark.parametrize("what", [Act.ACCEPT, Act.CANCEL])
@pytest.mark.parametrize("by", ["", "https://other.example/users/bea", "https://social.example/users/beat"])
def test_reference_belongs_to_one_account(what: Act, by: str) -> None:
    assert act(a_quote(), what, NOW, by=by) is Unchanged.FOREIGN


def test_quote_is_accepted_before_its_end_and_not_at_it() -> None:
    ends = a_quote().ends_at
    done = act(a_quote(), Act.ACCEPT, ends - timedelta(microseconds=1), by=CUSTOMER)
    assert isinstance(done, PlainQuote)
    assert done.concluded_at == ends - timedelta(microseconds=1)
    assert act(a_quote(), Act.ACCEPT, ends, by=CUSTOMER) is Unchanged.LATE


def test_sale_is_cancelled_within_the_hour_and_not_after_it() -> None:
    sold = act(a_quote(), Act.ACCEPT, NOW, by=CUSTOMER)
    assert isinstance(sold, PlainQuote)
    assert sold.cancel_until == NOW + CANCEL_WITHIN
    last = NOW + CANCEL_WITHIN - timedelta(microseconds=1)
    done = act(sold, Act.CANCEL, last, by=CUSTOMER)
    assert isinstance(done, PlainQuote)
    assert (done.state, done.ended_at) == (QuoteState.CANCELLED, last)
    assert act(sold, Act.CANCEL, NOW + CANCEL_WITHIN, by=CUSTOMER) is Unchanged.TOO_LATE_TO_CANCEL
    assert act(replace(sold, concluded_at=None), Act.CANCEL, NOW, by=CUSTOMER) is Unchanged.TOO_LATE_TO_CANCEL
    assert a_quote().cancel_until is None


def test_firm_quote_is_not_taken_back() -> None:
    assert act(a_quote(firm=True), Act.WITHDRAW, NOW) is Unchanged.FIRM
    assert isinstance(act(a_quote(), Act.WITHDRAW, NOW), PlainQuote)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(Act),
        st.integers(0, 80).map(lambda hours: NOW + timedelta(hours=hours)),
        st.sampled_from([CUSTOMER, "https://other.example/users/bea"]),
    ),
    max_size=30,
)


@given(_STEPS, st.booleans())
def test_no_order_of_messages_concludes_twice_or_after_the_end(
    steps: list[tuple[Act, object, str]], firm: bool
) -> None:
    quote, concluded = a_quote(firm=firm), 0
    for what, at, by in steps:
        done = act(quote, what, at, by=by)  # type: ignore[arg-type]
        if isinstance(done, Unchanged):
            continue
        if done.state is QuoteState.CONCLUDED:
            concluded += 1
            assert done.concluded_at is not None
            assert done.concluded_at < quote.ends_at
            assert by == CUSTOMER
        quote = done
    assert concluded <= 1
    assert quote.state is not QuoteState.CANCELLED or concluded == 1


# --- the node's own words ---------------------------------------------------------------------------------


@pytest.mark.parametrize("language", [*LANGUAGES, "fr"])
def test_words_say_all_that_binds_and_what_to_write(language: str) -> None:
    quote = a_quote(language=language, concluded_at=NOW)
    words = quote_words(quote, "https://shop.example/quotes/secret")
    for part in ("Norrland Kid 340", "273.50 EUR", "Delivered free.", "accept 7K3M-9QXT", "/quotes/secret"):
        assert part in words
    confirmed = confirmation_words(quote, NOW + CANCEL_WITHIN)
    for part in ("Norrland Kid 340", "273.50 EUR", "Delivered free.", "cancel 7K3M-9QXT"):
        assert part in confirmed
    assert "7K3M-9QXT" in cancelled_words(quote)


@pytest.mark.parametrize("language", [*LANGUAGES, ""])
@pytest.mark.parametrize("why", [why for why in Unchanged if why not in (Unchanged.FIRM, Unchanged.SETTLED)])
def test_nothing_that_the_node_says_by_itself_is_a_word_on_a_quote(why: Unchanged, language: str) -> None:
    words = kind_words(why, Act.ACCEPT, "7K3M-9QXT", language)
    assert words
    assert read_word(words) is None
    assert read_word(quote_words(a_quote(language=language), "https://shop.example/quotes/secret")) is None


def test_quote_without_terms_has_no_empty_line_for_them() -> None:
    words = quote_words(a_quote(terms=""), "https://shop.example/quotes/secret")
    assert "\n\n\n" not in words
    assert words.splitlines()[1].startswith("This holds until")
