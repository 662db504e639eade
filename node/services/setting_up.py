"""Setting a node up in a browser: what was typed so far, and the account that comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from federation.keys import SigningKey, generate_rsa
from node.desk import Desk
from node.domain.accounts import Account, AccountKind, check_name
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.domain.terms import ROSTER, parse_terms
from node.services.accounts import NewAccount, account_id, create_account
from node.services.entering import SET_UP, needs_set_up
from node.store.ports import Passkey

__all__ = [
    "Draft",
    "Identity",
    "check_identity",
    "end_set_up",
    "load_draft",
    "make_account_key",
    "move_in",
    "save_draft",
    "settle_terms",
]

_ROW = "set-up"


@dataclass(frozen=True, slots=True)
class Identity:
    """What strangers see: the handle's first half, the name, a line about it."""

    name: str
    display_name: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known so far. `account` is set once it was made; `hours` are what a shop says of them.

    `suggested` is of an account that is there already, and counts once its owner has seen it.
    """

    kind: AccountKind
    account: str = ""
    suggested: Identity | None = None
    identity: Identity | None = None
    password_hash: str | None = None
    passkey: Passkey | None = None
    is_domain_seen: bool = False
    hours: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether the account can be made of it."""
        return self.identity is not None and (self.password_hash is not None or self.passkey is not None)


def load_draft(desk: Desk) -> Draft | None:
    """The set-up that is going on, None where there is none."""
    text = desk.tx.meta.get(_ROW)
    return msgspec.json.decode(text, type=Draft) if text else None


def save_draft(desk: Desk, draft: Draft) -> None:
    desk.tx.meta.set(_ROW, msgspec.json.encode(draft).decode())


def end_set_up(desk: Desk) -> None:
    """It is done: what was typed is forgotten."""
    desk.tx.meta.set(_ROW, "")


def check_identity(desk: Desk, identity: Identity) -> Identity:
    """Raises: InvalidInput for a handle that cannot be one, or that somebody has who can log in."""
    check_name(identity.name)
    there = desk.tx.accounts.by_name(identity.name)
    if there is not None and (there.password_hash is not None or desk.tx.passkeys.all(there.id)):
        wrong = said("%(name)s is taken on this node", name=identity.name)
        raise InvalidInput("name", wrong, "Choose another.")
    return identity


def make_account_key(base_url: str, name: str) -> SigningKey:
    """The RSA key of a new account. It takes a while: make it before the transaction, apart from the loop."""
    actor = account_id(base_url, name)
    return generate_rsa(f"{actor}#main-key", actor)


def move_in(desk: Desk, draft: Draft, rsa: SigningKey) -> Account:
    """Make the account, or furnish the one that the command line made, so that its owner can log in.

    From now on no set-up link opens anything.
    Raises: InvalidInput where somebody else was quicker.
    """
    if draft.identity is None or not draft.is_whole:
        raise InvalidInput("set-up", "something is missing", "Go back to the first step.")
    if not needs_set_up(desk):
        raise InvalidInput(
            "set-up", "somebody has set this node up already", "Log in, or: obverse login-link"
        )
    identity = check_identity(desk, draft.identity)
    there = desk.tx.accounts.by_name(identity.name)
    if there is not None and there.kind is not draft.kind:
        raise InvalidInput(
            "name",
            said("%(name)s is a %(kind)s here", name=identity.name, kind=there.kind),
            "Choose another name.",
        )
    if there is None:
        terms = parse_terms(ROSTER) if draft.kind is AccountKind.VENDOR else ()
        there = create_account(
            desk,
            NewAccount(identity.name, draft.kind, identity.display_name, rsa, terms_accepted=terms),
        )
    account = replace(
        there,
        display_name=identity.display_name,
        summary=identity.summary or there.summary,
        password_hash=draft.password_hash,
    )
    desk.tx.accounts.save(account)
    if draft.passkey is not None:
        desk.tx.passkeys.save(replace(draft.passkey, account=account.id))
    save_draft(desk, replace(draft, account=account.id, password_hash=None, passkey=None))
    desk.tx.tickets.clear(SET_UP)
    desk.tx.sessions.remove_all("")
    return account


def settle_terms(desk: Desk, account: Account, names: tuple[str, ...]) -> None:
    """Which agreements a vendor accepts, published on its actor; or a person proffers unless she says else.

    Raises: InvalidInput for what is not in the roster.
    """
    terms = parse_terms(names)
    if account.kind is AccountKind.VENDOR:
        current = desk.tx.accounts.get(account.id) or account
        desk.tx.accounts.save(replace(current, terms_accepted=terms))
    else:
        kept = desk.tx.preferences.get(account.id)
        desk.tx.preferences.save(replace(kept, terms=terms))
