"""What an account says of itself: changed by its owner, and told to those who follow it."""

from __future__ import annotations

from dataclasses import replace

from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.domain.errors import InvalidInput
from node.domain.terms import parse_terms
from node.public.documents import Documents
from node.sending import publish
from node.sending.attest import html_of

__all__ = ["accept_agreements", "announce_profile", "change_network", "change_profile", "let_be_found"]


def change_profile(desk: Desk, account: Account, *, display_name: str, summary: str | None) -> Account:
    """A new name and summary, published. Nothing is sent where neither is new.

    Shapes: `summary` is plain words, None to leave it as it is.
    Raises: InvalidInput for an empty name.
    """
    name = display_name.strip()
    if not name:
        raise InvalidInput("name", "it is empty", "Write how you are called.")
    current = desk.tx.accounts.get(account.id) or account
    changed = replace(current, display_name=name)
    if summary is not None:
        changed = replace(changed, summary=html_of(summary) if summary.strip() else None)
    if changed != current:
        desk.tx.accounts.save(changed)
        announce_profile(desk, changed)
    return changed


def accept_agreements(desk: Desk, account: Account, names: tuple[str, ...]) -> Account:
    """Which agreements a vendor accepts, published on its actor.

    Raises: InvalidInput for none, or for what is not in the roster.
    """
    if account.kind is not AccountKind.VENDOR:
        raise InvalidInput("accepts", "this is not a vendor's account", "A person proffers terms.")
    if not names:
        raise InvalidInput("accepts", "nobody could deal with you", "Accept at least one agreement.")
    current = desk.tx.accounts.get(account.id) or account
    changed = replace(current, terms_accepted=parse_terms(names))
    if changed != current:
        desk.tx.accounts.save(changed)
        announce_profile(desk, changed)
    return changed


def change_network(desk: Desk, account: Account, *, is_shown: bool) -> Account:
    """Whether strangers may read who follows an account and whom it follows; nobody is told of a change."""
    current = desk.tx.accounts.get(account.id) or account
    changed = replace(current, shows_network=is_shown)
    desk.tx.accounts.save(changed)
    return changed


def let_be_found(desk: Desk, account: Account, *, discoverable: bool, indexable: bool) -> Account:
    """Whether directories may list an account, and its public posts be searched; published where it is new.

    Spec: interop §3.1 (`discoverable`, `indexable`).
    """
    current = desk.tx.accounts.get(account.id) or account
    changed = replace(current, discoverable=discoverable, indexable=indexable)
    if changed != current:
        desk.tx.accounts.save(changed)
    if (changed.is_discoverable, changed.is_indexable) != (current.is_discoverable, current.is_indexable):
        announce_profile(desk, changed)
    return changed


def announce_profile(desk: Desk, account: Account) -> None:
    """Tell those who follow how an account describes itself now."""
    document = Documents(desk.setting.base_url).actor(desk.tx, account.id)
    if document is not None:
        publish.announce_actor(desk, account, document)
