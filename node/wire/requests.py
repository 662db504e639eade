"""What somebody wants, said to everybody: a Note that carries the proposal's properties inline.

The whole fediverse reads an ordinary post; whoever reads proposals finds one in it (FEP-0837, request mode).
"""

from __future__ import annotations

from federation.messages import JsonObject, JsonValue
from node.domain.intents import Proposal
from node.wire.proposals import build_proposal

__all__ = ["build_request", "is_request"]

_OF_THE_PROPOSAL = (
    "purpose",
    "endTime",
    "hasEnd",
    "unitBased",
    "location",
    "publishes",
    "reciprocal",
    "budget",
    "wishes",
    "terms",
)
"""What of a proposal a Note can carry: its own id, words and audience it has already, and no `name`."""


def build_request(proposal: Proposal) -> JsonObject:
    """The members that a Note carries beside its words.

    Shapes: `proposal.id` is the Note's; a hidden budget is not in it.
    Spec:   FEP-0837; `protocol §4` "Public postings"; interop §4.2.
    """
    built = build_proposal(proposal)
    return {name: built[name] for name in _OF_THE_PROPOSAL if name in built}


def is_request(note: JsonValue) -> bool:
    """Whether a Note says what its author wants, by the properties of a proposal."""
    return (
        isinstance(note, dict)
        and note.get("purpose") == "request"
        and isinstance(note.get("publishes"), dict)
    )
