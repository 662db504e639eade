"""Who lives on this node: its own actor, its accounts, their passwords and sessions."""

from __future__ import annotations

from dataclasses import replace

import anyio
from argon2 import PasswordHasher

from federation.keys import SigningKey, generate_rsa
from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.registry import Commands
from node.context import Node
from node.desk import Desk
from node.domain.accounts import SHORTEST_PASSWORD, Account, AccountKind, check_name
from node.domain.errors import InvalidInput
from node.domain.terms import ROSTER, parse_terms, short_name
from node.domain.values import format_time
from node.services.accounts import NewAccount, account_id, create_account, create_node_actor, find_account
from node.services.profile import let_be_found

__all__ = ["COMMANDS"]

COMMANDS = Commands()
_ACCOUNT = "name kind display summary terms password"


@COMMANDS.command("node.found", _ACCOUNT)
async def found(node: Node, arguments: Arguments) -> JsonObject:
    """Give a new node its own actor, and its first account where one is named, both or neither."""
    actor = node.config.node_actor
    if await node.look(lambda desk: desk.tx.keys.of(actor)):
        raise InvalidInput("data directory", "this node has its keys already", "Choose another with --data.")
    arguments.say("making keys")
    rsa = await _rsa(actor)
    new = await _read_new(node, arguments) if "name" in arguments else None

    def make(desk: Desk) -> Account | None:
        create_node_actor(desk, rsa)
        return create_account(desk, new) if new is not None else None

    account = await node.work(make)
    made = _shown(node, account) if account is not None else None
    return {"node": actor, "account": made}


@COMMANDS.command("user.add", _ACCOUNT)
async def add(node: Node, arguments: Arguments) -> JsonObject:
    """Make an account of kind person or vendor."""
    new = await _read_new(node, arguments)
    return _shown(node, await node.work(lambda desk: create_account(desk, new)))


@COMMANDS.command("user.list", reads=True)
async def list_accounts(node: Node, arguments: Arguments) -> JsonObject:
    accounts = await node.look(lambda desk: desk.tx.accounts.all())
    return {"accounts": [_shown(node, account) for account in accounts]}


@COMMANDS.command("user.terms", "accepts")
async def accept_terms(node: Node, arguments: Arguments) -> JsonObject:
    """Which agreements a vendor accepts from its customers; published on its actor."""
    terms = parse_terms(arguments.texts("accepts"))

    def change(desk: Desk) -> Account:
        account = find_account(desk, arguments.account, kind=AccountKind.VENDOR)
        changed = replace(account, terms_accepted=terms)
        desk.tx.accounts.save(changed)
        return changed

    return _shown(node, await node.work(change))


@COMMANDS.command("user.found", "listed searched")
async def be_found(node: Node, arguments: Arguments) -> JsonObject:
    """Whether directories may list an account, and its public posts be searched; what is left out stays."""
    listed = arguments.choice("listed", ("yes", "no", "as before"), "as before")
    searched = arguments.choice("searched", ("yes", "no", "as before"), "as before")

    def change(desk: Desk) -> Account:
        account = find_account(desk, arguments.account)
        return let_be_found(
            desk,
            account,
            discoverable=account.is_discoverable if listed == "as before" else listed == "yes",
            indexable=account.is_indexable if searched == "as before" else searched == "yes",
        )

    account = await node.work(change)
    return {**_shown(node, account), "listed": account.is_discoverable, "searched": account.is_indexable}


@COMMANDS.command("user.passwd", "password")
async def set_password(node: Node, arguments: Arguments) -> JsonObject:
    """Set a new password; every session of the account ends."""
    hashed = await _hash(arguments.text("password", 1000))

    def change(desk: Desk) -> tuple[str, int]:
        account = find_account(desk, arguments.account)
        desk.tx.accounts.save(replace(account, password_hash=hashed))
        return account.name, desk.tx.sessions.remove_all(account.id)

    name, ended = await node.work(change)
    return {"name": name, "sessions_ended": ended}


@COMMANDS.command("user.sessions", reads=True)
async def list_sessions(node: Node, arguments: Arguments) -> JsonObject:
    def view(desk: Desk) -> list[JsonObject]:
        account = find_account(desk, arguments.account)
        return [
            {
                "label": session.label,
                "created_at": format_time(session.created_at),
                "last_seen_at": format_time(session.last_seen_at),
            }
            for session in desk.tx.sessions.all(account.id)
        ]

    return {"sessions": await node.look(view)}


@COMMANDS.command("user.sessions.end")
async def end_sessions(node: Node, arguments: Arguments) -> JsonObject:
    """End every session of an account."""
    return {
        "ended": await node.work(
            lambda desk: desk.tx.sessions.remove_all(find_account(desk, arguments.account).id)
        )
    }


async def _read_new(node: Node, arguments: Arguments) -> NewAccount:
    name = check_name(arguments.text("name", 100))
    kind = AccountKind(arguments.choice("kind", [kind.value for kind in AccountKind], "person"))
    if await node.look(lambda desk: desk.tx.accounts.by_name(name)) is not None:
        raise InvalidInput("name", f"{name} is taken on this node", "Choose another.")
    terms = parse_terms(arguments.texts("terms"))
    if kind is AccountKind.VENDOR and not terms:
        terms = parse_terms(ROSTER)
    password = arguments.maybe_text("password", 1000)
    return NewAccount(
        name=name,
        kind=kind,
        display_name=arguments.maybe_text("display", 200) or name,
        summary=arguments.maybe_text("summary", 2000),
        terms_accepted=terms if kind is AccountKind.VENDOR else (),
        password_hash=await _hash(password) if password else None,
        rsa=await _rsa(account_id(node.config.base_url, name)),
    )


async def _rsa(actor: str) -> SigningKey:
    return await anyio.to_thread.run_sync(generate_rsa, f"{actor}#main-key", actor)


async def _hash(password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInput(
            "password",
            f"{len(password)} characters",
            f"Use at least {SHORTEST_PASSWORD}.",
        )
    return await anyio.to_thread.run_sync(PasswordHasher().hash, password)


def _shown(node: Node, account: Account) -> JsonObject:
    return {
        "name": account.name,
        "kind": account.kind.value,
        "display": account.display_name,
        "handle": f"@{account.name}@{node.config.host}",
        "actor": account.id,
        "page": f"{node.config.base_url}/@{account.name}",
        "terms_accepted": [short_name(term) for term in account.terms_accepted],
        "has_password": account.password_hash is not None,
        "created_at": format_time(account.created_at),
    }
