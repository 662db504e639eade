"""What the domain's closed sets are called: every member has words, and no word has lost its member."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import pytest

from node.domain import values
from node.domain.accounts import AccountKind
from node.domain.deals import DealState, OfferState
from node.domain.errors import Reason
from node.domain.feedback import MOODS, Standing
from node.domain.intents import IntentState, Weight
from node.domain.messages import Stage
from node.domain.offers import Meets, PartKind
from node.domain.reasons import CANCEL_REASONS
from node.domain.terms import ROSTER, terms_iri
from node.domain.values import Quantity
from node.store.ports import JobState
from node.web import names
from node.web.i18n import locale_for
from node.web.names import named, per_unit, term_words

EN, DE = locale_for("en"), locale_for("de")


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (names.ACCOUNT_KINDS, AccountKind),
        (names.DEAL_STATES, DealState),
        (names.DELIVERY_STATES, JobState),
        (names.INTENT_STATES, IntentState),
        (names.MEETS, Meets),
        (names.MOODS, MOODS),
        (names.OFFER_STATES, OfferState),
        (names.PART_KINDS, PartKind),
        (names.PER_UNIT, values.UNITS),
        (names.REASONS, CANCEL_REASONS),
        (names.REFUSALS, Reason),
        (names.STAGES, Stage),
        (names.STANDINGS, Standing),
        (names.TERMS, ROSTER),
        (names.UNITS, values.UNITS),
        (names.WEIGHTS, Weight),
    ],
)
def test_every_member_of_a_set_has_words(table: Mapping[str, str], members: Iterable[str]) -> None:
    assert set(table) == {str(member) for member in members}


def test_terms_are_said_in_the_words_of_the_roster() -> None:
    assert names.TERMS == ROSTER
    assert term_words(terms_iri("SD-BASE"), EN) == ROSTER["SD-BASE"]
    assert term_words("https://elsewhere.example/terms", EN) == ""


def test_code_of_a_stranger_is_shown_as_it_is() -> None:
    assert named(names.MOODS, "angry", EN) == "angry"
    assert named(names.MOODS, "smug", EN) == "smug"


def test_price_says_for_how_much_it_is() -> None:
    assert per_unit(Quantity(Decimal(1), "one"), EN) == "each"
    assert per_unit(Quantity(Decimal(1), "litre"), DE) == "je Liter"
    assert per_unit(Quantity(Decimal(100), "gram"), EN) == "for 100 grams"
