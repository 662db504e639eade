"""Accounts and personas: who acts from this node."""

from __future__ import annotations

from dataclasses import dataclass, replace

from federation.keys import SigningKey, ed25519_from_seed
from node.desk import Desk
from node.domain.accounts import Account, AccountKind, Persona, PersonaState, check_name
from node.domain.errors import InvalidInput
from node.domain.intents import PersonaMode
from node.domain.sayings import said
from node.domain.terms import parse_terms

__all__ = [
    "NewAccount",
    "account_id",
    "create_account",
    "create_node_actor",
    "find_account",
    "kept_actor",
    "persona_for",
    "quiet_personas",
]


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What is asked when an account is made. `rsa` is generated beforehand, since that takes a while."""

    name: str
    kind: AccountKind
    display_name: str
    rsa: SigningKey
    summary: str | None = None
    terms_accepted: tuple[str, ...] = ()
    password_hash: str | None = None


def account_id(base_url: str, name: str) -> str:
    return f"{base_url}/actors/{name}"


def create_account(desk: Desk, new: NewAccount) -> Account:
    """Make an account with its two keys. Raises: InvalidInput."""
    check_name(new.name)
    if desk.tx.accounts.by_name(new.name) is not None:
        raise InvalidInput("name", said("%(name)s is taken on this node", name=new.name), "Choose another.")
    account = Account(
        id=account_id(desk.setting.base_url, new.name),
        name=new.name,
        kind=new.kind,
        display_name=new.display_name.strip() or new.name,
        created_at=desk.signing_time,
        summary=new.summary,
        terms_accepted=parse_terms(new.terms_accepted),
        password_hash=new.password_hash,
        approves_followers=new.kind is AccountKind.PERSON,
    )
    desk.tx.accounts.save(account)
    _save_key(desk, new.rsa)
    _save_key(desk, _fresh_ed25519(desk, account.id))
    return account


def create_node_actor(desk: Desk, rsa: SigningKey) -> None:
    """The node actor's keys: it signs ordinary fetches (`protocol §1`)."""
    _save_key(desk, rsa)


def _save_key(desk: Desk, key: SigningKey) -> None:
    desk.tx.keys.save(desk.setting.keys.row(key, desk.now))


def _fresh_ed25519(desk: Desk, actor: str) -> SigningKey:
    return ed25519_from_seed(f"{actor}#ed25519-key", actor, desk.random_bytes(32))


def find_account(desk: Desk, name: str | None, *, kind: AccountKind | None = None) -> Account:
    """The account a user means; without a name the only one (of that kind). Raises: InvalidInput."""
    if name:
        found = desk.tx.accounts.by_name(name.removeprefix("@").split("@")[0])
        if found is None:
            names = ", ".join(account.name for account in desk.tx.accounts.all()) or "none yet"
            raise InvalidInput("account", f"there is no {name!r} here", f"Accounts: {names}.")
        if kind is not None and found.kind is not kind:
            raise InvalidInput("account", f"{name} is a {found.kind}", f"This is for a {kind}'s account.")
        return found
    fitting = [account for account in desk.tx.accounts.all() if kind in (None, account.kind)]
    if len(fitting) == 1:
        return fitting[0]
    what = f"{kind}'s account" if kind else "account"
    if not fitting:
        raise InvalidInput("account", f"there is no {what} here", "Make one with `obverse user add`.")
    raise InvalidInput(
        "account", f"there are several: {', '.join(a.name for a in fitting)}", "Say which with --as."
    )


def kept_actor(desk: Desk, account: Account, vendor: str, mode: PersonaMode) -> str | None:
    """The actor that is there already to speak to a vendor; None where a fresh persona is to be made."""
    if mode is PersonaMode.MYSELF:
        return account.id
    if mode is PersonaMode.PER_VENDOR:
        kept = desk.tx.personas.for_vendor(account.id, vendor)
        return kept.id if kept is not None else None
    return None


def persona_for(desk: Desk, account: Account, vendor: str, mode: PersonaMode) -> str:
    """The actor that speaks to a vendor: a fresh persona, the one kept for it, or the account itself."""
    kept = kept_actor(desk, account, vendor, mode)
    if kept is not None:
        return kept
    persona = Persona(
        id=desk.iri("p"),
        account=account.id,
        created_at=desk.signing_time,
        vendor=vendor if mode is PersonaMode.PER_VENDOR else None,
    )
    desk.tx.personas.save(persona)
    _save_key(desk, _fresh_ed25519(desk, persona.id))
    return persona.id


def quiet_personas(desk: Desk, actor: str) -> None:
    """After confirmation a persona of one deal speaks only in it."""
    persona = desk.tx.personas.get(actor)
    if persona is not None and persona.vendor is None and persona.state is PersonaState.OPEN:
        desk.tx.personas.save(replace(persona, state=PersonaState.QUIET))
