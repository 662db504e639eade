"""What the judging of a bundle found: what is signed, whose the keys are, and when."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from node.domain.messages import Sender
from node.wire.bindings import Summary

__all__ = ["KeySeen", "Party", "Problem", "Report", "Sale", "Seen", "Whose", "whose_key"]


class Whose(StrEnum):
    """How we know whose a key is, from best to worst."""

    PINNED = "pinned"
    """Given by the verifier."""
    KNOWN = "known"
    """The verifier's own node has met it."""
    RECORDED = "recorded"
    """Only the exporter says so: the bundle alone cannot prove it."""
    CONTRADICTED = "contradicted"
    """The verifier has pinned another key for this actor."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a bundle is not signed: `place` names the message or document."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class KeySeen:
    """A key that signed here. `source` and `fetched_at` are the exporter's word."""

    key_id: str
    multibase: str
    whose: Whose
    source: str
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Party:
    """One side of the deal and the keys that it signed with."""

    actor: str
    role: Sender
    keys: tuple[KeySeen, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """One message of the deal: `signed_at` by its signer, `received_at` by the exporter."""

    kind: str
    actor: str
    digest: str
    signed_at: datetime
    received_at: datetime
    by_server: bool = False
    """Signed by the key of its actor's server, by which it sends requests, and by nothing else."""


@dataclass(frozen=True, slots=True)
class Sale:
    """What a plain account bought: `words` are the vendor's own, which name goods and price."""

    reference: str
    words: str
    accepted_at: datetime
    cancelled_at: datetime | None
    by_server: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. `exit_code` is what `obverse verify` ends with."""

    deal_id: str
    exported_by: str
    exported_at: datetime
    problems: tuple[Problem, ...]
    parties: tuple[Party, ...]
    messages: tuple[Seen, ...]
    agreement: Summary | None
    sale: Sale | None = None

    @property
    def signed(self) -> bool:
        """Every signature, digest and binding holds."""
        return not self.problems

    @property
    def whose(self) -> Whose:
        """How sure it is whose keys these are: as sure as of the least sure one."""
        order = list(Whose)
        found = [key.whose for party in self.parties for key in party.keys]
        return max(found, key=order.index, default=Whose.RECORDED)

    @property
    def exit_code(self) -> int:
        """0 signed by keys that are pinned or known, 3 signed by keys only recorded, 1 otherwise."""
        if not self.signed or self.whose is Whose.CONTRADICTED:
            return 1
        return 3 if self.whose is Whose.RECORDED else 0


def whose_key(
    actor: str, multibase: str, pinned: Mapping[str, Collection[str]], known: Mapping[str, Collection[str]]
) -> Whose:
    """How the verifier knows that a key is its actor's, if at all."""
    if multibase in pinned.get(actor, ()):
        return Whose.PINNED
    if pinned.get(actor):
        return Whose.CONTRADICTED
    return Whose.KNOWN if multibase in known.get(actor, ()) else Whose.RECORDED
