"""What the domain refuses, and why.

DomainError
├── Refusal        a message that is not allowed here; `reason` travels as `obv:<reason>` (`protocol §4`)
│   └── Superfluous   an echo of something already settled: nothing changes and nobody is told
├── Early          a message whose antecedent has not arrived yet; it is parked, not refused
└── InvalidInput   what an owner typed; names the field, what is wrong, and what would be right
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["DomainError", "Early", "InvalidInput", "Reason", "Refusal", "Superfluous"]


class Reason(StrEnum):
    """Why a message is refused; the wire says `obv:` before it."""

    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    NOT_ADDRESSED = "notAddressed"
    OUT_OF_STATE = "outOfState"
    OUT_OF_STOCK = "outOfStock"
    TERMS_NOT_ACCEPTED = "termsNotAccepted"
    OVER_BUDGET = "overBudget"
    LIMIT = "limit"
    MALFORMED = "malformed"


class DomainError(Exception):
    """The root of the tree above."""


class Refusal(DomainError):
    """The message changes nothing; its sender is told `reason`, the owner reads `detail`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{detail} ({reason})")
        self.reason = reason
        self.detail = detail


class Superfluous(Refusal):
    """Crossed on the way with what settled it already: harmless, so it is recorded and not answered."""


class Early(DomainError):
    """It answers something that has not arrived; it waits for at most 72 hours."""


class InvalidInput(DomainError):
    """An owner's input cannot be used; nothing was saved."""

    def __init__(self, field: str, wrong: str, right: str) -> None:
        super().__init__(f"{field}: {wrong}. {right}")
        self.field = field
        self.wrong = wrong
        self.right = right
