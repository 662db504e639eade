"""An intent before it is cast: what its owner has said so far, one part after the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from node.domain.intents import PersonaMode, Place, Wish
from node.domain.values import Money, Quantity

__all__ = ["Draft", "Part", "Template"]


class Template(StrEnum):
    """What kind of thing is wanted; it decides what is asked, and whether money changes hands."""

    PRODUCT = "product"
    SERVICE = "service"
    REPAIR = "repair"
    SWITCH = "switch"
    DONATION = "donation"

    @property
    def is_gift(self) -> bool:
        return self is Template.DONATION

    @property
    def is_work(self) -> bool:
        """Whether somebody is to do something, rather than to hand something over."""
        return self in (Template.SERVICE, Template.REPAIR, Template.SWITCH)


class Part(StrEnum):
    """The parts of a draft, in the order in which they are asked."""

    WHAT = "what"
    WISHES = "wishes"
    LIMITS = "limits"
    VENDORS = "vendors"
    TERMS = "terms"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was said so far; parts that nobody answered yet hold their defaults and are not in `answered`.

    Shapes: `vendors` are actor ids of contacts; `as_message` those of contacts without a node, of whom its
            owner has said that they get it as a message from her account; `category` is a Wikidata item's
            address.
    """

    id: str
    account: str
    template: Template
    created_at: datetime
    changed_at: datetime
    answered: tuple[Part, ...] = ()
    name: str = ""
    content: str = ""
    category: str = ""
    quantity: Quantity | None = None
    wishes: tuple[Wish, ...] = ()
    currency: str | None = None
    budget: Money | None = None
    share_budget: bool = False
    due_at: datetime | None = None
    place: Place | None = None
    vendors: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    persona_mode: PersonaMode | None = None
    ends_at: datetime | None = None
    as_message: tuple[str, ...] = ()

    @property
    def next_part(self) -> Part | None:
        """The first part that was not answered yet; None once all were."""
        return next((part for part in Part if part not in self.answered), None)
