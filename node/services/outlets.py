"""The ways by which an owner is told beside the pages: an address that was confirmed, browsers that asked."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.notices import TOPICS
from node.store.ports import Channel, Choices, Outlet

__all__ = [
    "MAIL",
    "MOST_BROWSERS",
    "TooManyOutlets",
    "add_browser",
    "ask_for_code",
    "choose_topics",
    "confirm_address",
    "remove_outlet",
    "restart_outlet",
]

MAIL = "mail"
"""The id of the one address for e-mail that an account has."""
MOST_BROWSERS = 20
_CODE_LASTS = timedelta(minutes=30)
_CODE_TRIES = 5
_CODES_AN_HOUR = 5
_CODE_DIGITS = 8


class TooManyOutlets(Exception):
    """No more just now: browsers of one account, or codes within an hour."""


def choose_topics(desk: Desk, account: Account, mail: Iterable[str], push: Iterable[str]) -> None:
    """Of what the owner is told by mail and by push: those topics that this kind of account has."""
    wanted_mail, wanted_push = set(mail), set(push)
    known = TOPICS[account.kind]
    desk.tx.outlets.choose(
        Choices(
            account.id,
            tuple(topic.value for topic in known if topic.value in wanted_mail),
            tuple(topic.value for topic in known if topic.value in wanted_push),
        )
    )


# --- e-mail -----------------------------------------------------------------------------------------------


def ask_for_code(desk: Desk, account: Account, address: str) -> str:
    """Take an address that its owner must confirm; the code that is to be mailed there, kept as a hash alone.

    Another address takes the place of the one before, to which nothing is sent from then on.
    Raises: TooManyOutlets after five codes within an hour: nobody's letter box is to be filled from here.
    """
    known = desk.tx.outlets.get(account.id, MAIL)
    asked = tuple(at for at in (known.asked_at if known else ()) if at > desk.now - timedelta(hours=1))
    if len(asked) >= _CODES_AN_HOUR:
        raise TooManyOutlets
    number = int.from_bytes(desk.random_bytes(16), "big") % 10**_CODE_DIGITS
    code = f"{number:0{_CODE_DIGITS}d}"
    is_same = known is not None and known.address == address and known.confirmed_at is not None
    made = (
        known if known is not None and is_same else Outlet(MAIL, account.id, Channel.MAIL, address, desk.now)
    )
    desk.tx.outlets.save(
        replace(
            made,
            code_hash=_hash_of(account, address, code),
            code_until=desk.now + _CODE_LASTS,
            code_tries=0,
            asked_at=(*asked, desk.now),
        )
    )
    return code


def confirm_address(desk: Desk, account: Account, code: str) -> str:
    """What is wrong with a code, "" where it confirms: "none", "late", "often" or "wrong".

    It does not raise, since a wrong try must be counted.
    """
    found = desk.tx.outlets.get(account.id, MAIL)
    if found is None or not found.code_hash or found.code_until is None:
        return "none"
    if found.code_until <= desk.now:
        return "late"
    if found.code_tries >= _CODE_TRIES:
        return "often"
    given = _hash_of(account, found.address, "".join(code.split()))
    if not hmac.compare_digest(given, found.code_hash):
        desk.tx.outlets.save(replace(found, code_tries=found.code_tries + 1))
        return "wrong"
    # What happened before is not told: it stands on the pages.
    desk.tx.outlets.save(
        replace(
            _fresh(desk, found),
            confirmed_at=desk.now,
            told=desk.tx.news.newest(account.id),
            code_hash="",
            code_until=None,
        )
    )
    return ""


def _hash_of(account: Account, address: str, code: str) -> str:
    return hashlib.sha256("\n".join((account.id, address, code)).encode()).hexdigest()


# --- browsers ---------------------------------------------------------------------------------------------


def add_browser(desk: Desk, account: Account, outlet_id: str, endpoint: str, label: str) -> None:
    """Let a browser be nudged; the same one again works again. Raises: TooManyOutlets."""
    known = desk.tx.outlets.get(account.id, outlet_id)
    others = [one for one in desk.tx.outlets.all(account.id) if one.channel is Channel.PUSH]
    if known is None and len(others) >= MOST_BROWSERS:
        raise TooManyOutlets
    made = Outlet(outlet_id, account.id, Channel.PUSH, endpoint, desk.now, label)
    desk.tx.outlets.save(replace(made, confirmed_at=desk.now, told=desk.tx.news.newest(account.id)))


# --- both -------------------------------------------------------------------------------------------------


def restart_outlet(desk: Desk, account: Account, outlet_id: str) -> bool:
    """Try again at once where nothing was sent any more; False for none of this account's."""
    found = desk.tx.outlets.get(account.id, outlet_id)
    if found is None:
        return False
    desk.tx.outlets.save(_fresh(desk, found))
    return True


def remove_outlet(desk: Desk, account: Account, outlet_id: str) -> bool:
    """Send nothing there any more; False for none of this account's."""
    return desk.tx.outlets.remove(account.id, outlet_id)


def _fresh(desk: Desk, outlet: Outlet) -> Outlet:
    return replace(outlet, tries=0, due_at=None, stopped_at=None, trouble="", detail="")
