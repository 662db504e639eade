"""Terms come from the roster, by their identifiers."""

from __future__ import annotations

import pytest

from node.domain.errors import InvalidInput
from node.domain.terms import DEFAULT_PROFFER, ROSTER, missing_terms, parse_terms, short_name, terms_iri

BASE = "https://w3id.org/dpv/standards/ieee/7012#"


@pytest.mark.parametrize("name", sorted(ROSTER))
def test_a_name_and_its_identifier_mean_the_same_agreement(name: str) -> None:
    assert terms_iri(name) == terms_iri(BASE + name) == BASE + name
    assert short_name(BASE + name) == name


def test_what_is_not_in_the_roster_is_refused_with_what_is() -> None:
    with pytest.raises(InvalidInput, match="SD-BASE") as refused:
        terms_iri("SD-EVERYTHING")
    assert refused.value.field == "terms"


def test_an_identifier_of_others_stays_as_it_is() -> None:
    assert short_name("https://other.example/terms") == "https://other.example/terms"


def test_terms_keep_their_order_and_stand_once() -> None:
    assert parse_terms(["SD-BASE", BASE + "SD-BASE", "PDC-INTENT"]) == (BASE + "SD-BASE", BASE + "PDC-INTENT")


def test_what_is_lacking_is_named() -> None:
    proffered = parse_terms(DEFAULT_PROFFER)
    assert missing_terms(proffered, proffered) == ()
    assert missing_terms(proffered, proffered[:1]) == proffered[1:]
    assert missing_terms((), ()) == ()
