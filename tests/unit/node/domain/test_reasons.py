"""The reasons that people give are not those by which a node refuses."""

from __future__ import annotations

from node.domain import reasons
from node.domain.errors import Reason


def test_no_reason_of_people_reads_as_a_refusal() -> None:
    refusals = {str(reason) for reason in Reason}
    for name in reasons.__all__:
        given = getattr(reasons, name)
        assert given, name
        assert len(set(given)) == len(given), f"{name} says something twice"
        assert not set(given) & refusals
