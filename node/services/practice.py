"""A trial customer on a shop's own node: it asks for something, so that the shop can practise on it."""

from __future__ import annotations

from dataclasses import dataclass

from federation.keys import SigningKey
from node.desk import Desk
from node.domain.accounts import Account, AccountKind, Contact
from node.domain.intents import Intent
from node.domain.terms import DEFAULT_PROFFER, parse_terms
from node.domain.values import parse_quantity
from node.services.accounts import NewAccount, create_account
from node.services.intents import Wanted, cast_intent

__all__ = ["NAME", "PracticeState", "cast_practice", "practice_customer", "practice_of"]

NAME = "practice"
"""The trial customer's handle; nobody can log in as it."""

_PRODUCT = "https://www.wikidata.org/wiki/Q2424752"
_CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class PracticeState:
    """What the trial customer has asked for last."""

    wanted: str


def practice_of(desk: Desk, shop: Account) -> PracticeState | None:
    """What the trial customer has asked this shop for, None for nothing yet."""
    customer = desk.tx.accounts.by_name(NAME)
    if customer is None or customer.id == shop.id:
        return None
    intents = desk.tx.intents.all(customer.id, limit=1)
    return PracticeState(intents[0].name) if intents else None


def practice_customer(desk: Desk, rsa: SigningKey, display_name: str) -> Account:
    """The trial customer's account, made where there is none. Raises: InvalidInput."""
    there = desk.tx.accounts.by_name(NAME)
    if there is not None and there.kind is AccountKind.PERSON:
        return there
    return create_account(desk, NewAccount(NAME, AccountKind.PERSON, display_name, rsa))


def cast_practice(desk: Desk, customer: Account, shop: Account, contact: Contact, *, words: str) -> Intent:
    """Ask the shop for the first thing on its shelves, or for a product in `words` where there is none.

    On terms that it accepts, so that this cannot fail for want of them. Raises: InvalidInput.
    """
    item = next(iter(desk.tx.catalogue.all(shop.id, limit=1)), None)
    accepted = set(contact.terms_accepted)
    terms = tuple(term for term in parse_terms(DEFAULT_PROFFER) if term in accepted)
    wanted = Wanted(
        name=item.name if item is not None else words,
        category=item.category if item is not None else _PRODUCT,
        quantity=parse_quantity("1", item.unit if item is not None else "one"),
        currency=item.price.currency if item is not None else _CURRENCY,
        terms=terms or contact.terms_accepted[:1],
    )
    return cast_intent(desk, customer, wanted, (contact,))
