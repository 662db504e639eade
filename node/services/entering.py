"""One-time ways in, which whoever runs the server makes: to set the node up, and to log in again."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.store.ports import Ticket

__all__ = [
    "LOG_IN",
    "SET_UP",
    "TOKEN_BYTES",
    "Link",
    "hash_token",
    "is_token",
    "make_log_in_link",
    "make_set_up_link",
    "needs_set_up",
    "new_token",
    "peek_ticket",
    "take_ticket",
]

LOG_IN, SET_UP = "log-in", "set-up"
"""Purposes of tickets."""

LOG_IN_LASTS = timedelta(minutes=15)
SET_UP_LASTS = timedelta(days=1)

TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Link:
    """A page's whole address, with a token in it that opens it once, until a time."""

    url: str
    until: datetime


def new_token(randomness: bytes) -> str:
    """A token of 32 random bytes."""
    return base64.urlsafe_b64encode(randomness).rstrip(b"=").decode()


def is_token(text: str) -> bool:
    """Whether this may be a token; what cannot be one is not looked for."""
    return bool(_TOKEN.fullmatch(text))


def hash_token(token: str) -> str:
    """What is kept of a token: it has 256 random bits, so that a plain hash hides it."""
    return hashlib.sha256(token.encode()).hexdigest()


def needs_set_up(desk: Desk) -> bool:
    """Whether nobody can log in here yet."""
    return not any(
        account.password_hash is not None or desk.tx.passkeys.all(account.id)
        for account in desk.tx.accounts.all()
    )


def make_set_up_link(desk: Desk) -> Link:
    """A link to set this node up; of all that were made the newest alone holds.

    Raises: InvalidInput where somebody can log in already: from then on they decide.
    """
    if not needs_set_up(desk):
        raise InvalidInput("node", "it is set up already", "To get in again: obverse login-link")
    desk.tx.tickets.clear(SET_UP)
    token, until = _make(desk, SET_UP, "", SET_UP_LASTS)
    return Link(f"{desk.setting.base_url}/setup?token={token}", until)


def make_log_in_link(desk: Desk, account: Account) -> Link:
    """A link that logs in as this account, once, within a quarter of an hour."""
    token, until = _make(desk, LOG_IN, account.id, LOG_IN_LASTS)
    return Link(f"{desk.setting.base_url}/login/link?token={token}", until)


def _make(desk: Desk, purpose: str, account: str, lasts: timedelta) -> tuple[str, datetime]:
    token, until = new_token(desk.random_bytes(TOKEN_BYTES)), desk.now + lasts
    desk.tx.tickets.save(Ticket(hash_token(token), purpose, account, desk.now, until))
    return token, until


def peek_ticket(desk: Desk, token: str, purpose: str) -> Ticket | None:
    """What a token opens; it goes on opening it."""
    return desk.tx.tickets.get(hash_token(token), purpose, desk.now) if is_token(token) else None


def take_ticket(desk: Desk, token: str, purpose: str) -> Ticket | None:
    """The same, and it opens nothing any more."""
    return desk.tx.tickets.take(hash_token(token), purpose, desk.now) if is_token(token) else None
