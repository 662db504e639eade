"""What a customer says, and when she last said it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders import NOW, a_proposal, a_wish, an_intent


def test_the_two_sides_of_a_proposal_hang_on_its_id() -> None:
    proposal = a_proposal(id="https://ana.example/proposals/1")
    assert proposal.primary_id == "https://ana.example/proposals/1#primary"
    assert proposal.reciprocal_id == "https://ana.example/proposals/1#reciprocal"


def test_an_update_is_the_last_statement() -> None:
    later = NOW + timedelta(minutes=1)
    assert a_proposal(published_at=NOW).stated_at == NOW
    assert a_proposal(published_at=NOW, updated_at=later).stated_at == later


@pytest.mark.parametrize("missing", ["prop", "op", "value"])
def test_a_wish_without_all_its_parts_is_for_people(missing: str) -> None:
    assert a_wish().is_structured
    assert not a_wish(**{missing: None}).is_structured


def test_the_budget_of_an_intent_is_hidden_unless_she_shares_it() -> None:
    assert an_intent().share_budget is False
