"""What accounts without a node are told of an intent, and offers that are taken from messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from node.domain.cast_words import (
    LANGUAGES,
    MOST_WORDS,
    cast_note,
    cast_words,
    language_for,
    withdrawal_words,
)
from node.domain.errors import InvalidInput
from node.domain.intents import Place, Weight
from node.domain.offers import Meets
from node.domain.plain_casts import (
    CAST_TABLE,
    CastAct,
    CastState,
    HandDraft,
    HandOffer,
    PlainCast,
    record,
    step,
    take,
)
from node.domain.talking import Peer
from node.domain.values import parse_quantity
from tests.builders import ACCOUNT, NOW, a_wish, an_intent, money, one

SHOP = Peer("https://social.example/users/shop", "https://social.example/inbox", NOW, "@shop@social.example")
LATER = NOW + timedelta(days=1)


def a_plain_cast(**over: Any) -> PlainCast:
    made = PlainCast(
        ACCOUNT, an_intent().id, "c1", "secret", SHOP, "A bicycle", "I am looking for a bicycle.", "en",
        NOW, LATER, thread="t1",
    )  # fmt: skip
    return replace(made, **over)


def a_hand_draft(**over: Any) -> HandDraft:
    values: dict[str, Any] = {
        "goods": " Norrland Kid 340 ",
        "quantity": one(),
        "price": money("260.00"),
        "meets": {a_wish().id: Meets.YES},
    }
    return HandDraft(**{**values, **over})


def recorded(draft: HandDraft | None = None, **intent: Any) -> HandOffer:
    of = an_intent(**intent)
    return record(a_plain_cast(), of, draft or a_hand_draft(), offer_id="h1", source="note", now=NOW)


# --- the table --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "act"), list(product(CastState, CastAct)))
def test_every_pair_that_is_not_in_the_table_changes_nothing(state: CastState, act: CastAct) -> None:
    done = step(a_plain_cast(state=state), act)
    target = CAST_TABLE.get((state, act))
    assert (done.state if done is not None else None) is target


def test_what_is_over_stays_over() -> None:
    over = (CastState.WITHDRAWN, CastState.ENDED)
    assert not [pair for pair in CAST_TABLE if pair[0] in over]
    assert [a_plain_cast(state=state).is_open for state in CastState] == [True, True, False, False]


def test_clock_looks_at_what_waits_when_it_leaves_or_ends_and_at_what_left_when_it_ends() -> None:
    late = a_plain_cast(leaves_at=LATER, ends_at=NOW)
    assert [a_plain_cast().wake_at, late.wake_at] == [NOW, NOW]
    assert a_plain_cast(state=CastState.SENT).wake_at == LATER
    assert a_plain_cast(state=CastState.WITHDRAWN).wake_at is None


# --- the words --------------------------------------------------------------------------------------------


def test_words_say_all_that_was_said_and_nothing_that_she_keeps_to_herself() -> None:
    intent = an_intent(
        quantity=parse_quantity("2.5", "kilogram"),
        budget=money("300.00"),
        due_at=NOW + timedelta(days=7),
        place=Place(name="Glasgow", latitude=55.9, longitude=-4.3, radius=10, units="km"),
        content="Two lines\nof hers",
        wishes=(a_wish(text="Red", weight=Weight.NICE), a_wish(id="w2", text="Light", weight=Weight.MUST)),
    )
    words = cast_words(intent, "en")
    for part in (
        intent.name, "2.5 kilogram", "Offers in EUR", "2026-11-28", "Glasgow, 10 km", "– Red",
        "Light (a must)", "Two lines\nof hers", "PDC-INTENT", intent.terms[0], "until 2026-11-24 12:00 UTC",
    ):  # fmt: skip
        assert part in words, part
    assert "300" not in words
    assert "55.9" not in words
    assert "Up to 300.00 EUR" in cast_words(replace(intent, share_budget=True), "en")


def test_what_was_not_said_leaves_no_line() -> None:
    bare = an_intent(wishes=(), terms=(), currency=None)
    for language in LANGUAGES:
        words = cast_words(bare, language)
        assert len(words.split("\n\n")) == 2
        assert words.count("\n") == 3
    assert "a gift" in cast_words(bare, "en")
    assert "Geschenk" in cast_words(bare, "de")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Place(name="Glasgow"), "Where: Glasgow\n"),
        (Place(name="Glasgow", radius=3, units="miles"), "Where: Glasgow\n"),
        (Place(latitude=55.9, longitude=-4.3), ""),
    ],
)
def test_place_is_said_by_its_name_as_roughly_as_she_says_it(place: Place, said: str) -> None:
    words = cast_words(an_intent(place=place), "en")
    assert said in words
    assert ("Where" in words) is bool(said)


def test_message_ends_with_the_link_to_the_same_and_with_no_reference_to_accept() -> None:
    words = cast_words(an_intent(), "en")
    note = cast_note(words, "https://ana.example/asked/secret", "en")
    assert note.startswith(words)
    assert note.endswith("The same, to look at: https://ana.example/asked/secret")


def test_what_is_too_long_for_a_message_goes_on_behind_its_link() -> None:
    link = "https://ana.example/asked/secret"
    long = cast_note("a" * (MOST_WORDS + 1), link, "de")
    assert len(long) < MOST_WORDS + 100
    assert long.endswith(f"…\n\nHier steht noch mehr davon: {link}")
    assert "…" not in cast_note("a" * MOST_WORDS, link, "de")


def test_language_is_hers_where_it_is_spoken() -> None:
    assert [language_for(tag) for tag in ("de-AT", "de", "fr", "")] == ["de", "de", "en", "en"]
    assert "A bicycle" in withdrawal_words("A bicycle", "de")


# --- an offer from a message ------------------------------------------------------------------------------


def test_recorded_offer_says_whose_message_it_is_from_and_each_wish_that_she_has() -> None:
    wishes = (a_wish(), a_wish(id="w2"))
    offer = recorded(a_hand_draft(ends_at=LATER, delivery=" Friday ", note=" Used. "), wishes=wishes)
    assert (offer.goods, offer.delivery, offer.note) == ("Norrland Kid 340", "Friday", "Used.")
    assert (offer.vendor, offer.thread, offer.source, offer.cast) == (SHOP, "t1", "note", "c1")
    assert [(one.wish, one.meets) for one in offer.answers] == [
        (a_wish().id, Meets.YES),
        ("w2", Meets.UNKNOWN),
    ]


def test_recorded_offer_is_open_until_its_end_or_until_it_is_taken() -> None:
    offer = recorded(a_hand_draft(ends_at=LATER))
    assert offer.is_open(NOW)
    assert not offer.is_open(LATER)
    assert recorded().is_open(LATER)
    taken = take(offer, NOW)
    assert not taken.is_open(NOW)
    with pytest.raises(InvalidInput, match="taken already"):
        take(taken, NOW)


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"goods": "  "}, "goods"),
        ({"goods": "x" * 501}, "goods"),
        ({"delivery": "x" * 501}, "delivery"),
        ({"note": "x" * 2001}, "note"),
        ({"price": None}, "price"),
        ({"price": money("260.00", "USD")}, "price"),
        ({"price": replace(money("1.00"), amount_minor=-1)}, "price"),
        ({"ends_at": NOW}, "until"),
        ({"meets": {"w9": Meets.YES}}, "meets"),
    ],
)
def test_what_cannot_stand_beside_other_offers_is_not_recorded(over: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        recorded(a_hand_draft(**over))
    assert refused.value.field == field


def test_gift_is_recorded_without_a_price_and_never_with_one() -> None:
    assert recorded(a_hand_draft(price=None), currency=None).price is None
    with pytest.raises(InvalidInput, match="no money"):
        recorded(a_hand_draft(), currency=None)
