"""Agreements of the MyTerms roster (IEEE 7012-2025) by their W3C DPV identifiers.

The person proffers, the vendor accepts or does not. What each agreement lets a vendor do is a table in code.
"""

from __future__ import annotations

from collections.abc import Iterable

from node.domain.errors import InvalidInput
from node.domain.sayings import said

__all__ = ["DEFAULT_PROFFER", "ROSTER", "missing_terms", "parse_terms", "short_name", "terms_iri"]

BASE = "https://w3id.org/dpv/standards/ieee/7012#"
ROSTER: dict[str, str] = {
    "PDC-INTENT": "You may use this intent to make me an offer, and for nothing else.",
    "SD-BASE": "You may use what I give you for this service only; no sharing, no profiling.",
    "SD-BASE-DP": "As SD-BASE, and I may take my data with me.",
}
DEFAULT_PROFFER = ("PDC-INTENT", "SD-BASE-DP")


def terms_iri(name: str) -> str:
    """The identifier of a roster agreement. Raises: InvalidInput for a name that is not in the roster."""
    key = name.removeprefix(BASE)
    if key not in ROSTER:
        wrong = said("'%(name)s' is not in the roster", name=name)
        raise InvalidInput("terms", wrong, said("Choose from %(choices)s.", choices=tuple(ROSTER)))
    return BASE + key


def parse_terms(names: Iterable[str]) -> tuple[str, ...]:
    """Identifiers of several agreements, in order, each once."""
    return tuple(dict.fromkeys(terms_iri(name) for name in names))


def short_name(iri: str) -> str:
    """`SD-BASE` for its identifier; anything else stays as it is."""
    return iri.removeprefix(BASE)


def missing_terms(proffered: Iterable[str], accepted: Iterable[str]) -> tuple[str, ...]:
    """Those proffered terms that a vendor does not accept."""
    known = set(accepted)
    return tuple(term for term in proffered if term not in known)
