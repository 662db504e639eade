"""The way through the set-up: its steps, who stands at which, what is brought back and kept safe."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tomllib import TOMLDecodeError, loads

import anyio
from anyio.to_thread import run_sync

from node.context import Node
from node.domain.accounts import Account, AccountKind
from node.services.practice import NAME, cast_practice, practice_customer
from node.services.setting_up import Draft, load_draft, make_account_key
from node.store.backup import read_backup
from node.store.staging import drop_staged, is_staged
from node.web.visits import GoTo, Visit
from node.workflows.lookups import find_contact
from node.workflows.reaching import Look, Seen, look_around
from node.workflows.safekeeping import back_up, bring_back

__all__ = [
    "PERSON",
    "VENDOR",
    "CheckedBackup",
    "Look",
    "Progress",
    "Seen",
    "await_restart",
    "check_backup",
    "draft_at",
    "forget_backup",
    "is_code",
    "is_staged",
    "look_around",
    "new_code",
    "next_step",
    "practise",
    "progress_at",
    "sealed_kit",
]

PERSON = ("start", "domain", "key", "name", "terms", "recovery")
VENDOR = ("start", "name", "domain", "key", "terms", "goods", "hours", "practice", "recovery")
_AFTER_MOVING_IN = frozenset({"terms", "goods", "hours", "practice", "recovery"})

# Crockford's: no letter that may be taken for another, or for a number.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS, _GROUP = 6, 5
_CODE = re.compile(rf"(?:[{_LETTERS}]{{{_GROUP}}}-){{{_GROUPS - 1}}}[{_LETTERS}]{{{_GROUP}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where one stands: step `number` of `of`; `back` is the step before, "" at the first."""

    number: int
    of: int
    back: str = ""


def steps_of(kind: AccountKind) -> tuple[str, ...]:
    return VENDOR if kind is AccountKind.VENDOR else PERSON


def progress_at(draft: Draft, step: str) -> Progress:
    """Where this step stands; there is no way back behind the making of the account."""
    steps = steps_of(draft.kind)
    at = steps.index(step)
    before = steps[at - 1]
    can_go_back = at > 1 and (step not in _AFTER_MOVING_IN or before in _AFTER_MOVING_IN)
    return Progress(at + 1, len(steps), f"/setup/{before}" if can_go_back else "")


def next_step(draft: Draft, step: str) -> str:
    """The page that comes after this step."""
    steps = steps_of(draft.kind)
    at = steps.index(step) + 1
    return f"/setup/{steps[at]}" if at < len(steps) else "/my"


async def draft_at(visit: Visit, step: str) -> Draft:
    """What was typed so far, for whoever may be at this step. Raises: GoTo."""
    draft = await visit.look(load_draft)
    session = visit.session
    if draft is None or session is None or session.account != draft.account:
        raise GoTo("/my" if session is not None and session.account else "/setup")
    if step not in steps_of(draft.kind):
        raise GoTo(next_step(draft, "start"))
    await_restart(visit.node)
    has_moved_in = bool(draft.account)
    if has_moved_in and step not in _AFTER_MOVING_IN:
        raise GoTo("/setup/terms")
    if not has_moved_in and step in _AFTER_MOVING_IN:
        raise GoTo(next_step(draft, "start"))
    return draft


# --- a trial ----------------------------------------------------------------------------------------------


async def practise(visit: Visit, shop: Account) -> None:
    """Have a trial customer on this node ask the shop for something. Raises: InvalidInput."""
    node, _ = visit.node, visit.words
    rsa = await run_sync(make_account_key, node.config.base_url, NAME)
    customer = await visit.act(lambda desk: practice_customer(desk, rsa, _("Trial customer")))
    contact = await find_contact(node, customer, f"@{shop.name}@{node.config.host}", fresh=True)
    words = _("A trial: answer it as you would answer a customer")
    await visit.act(lambda desk: cast_practice(desk, customer, shop, contact, words=words))


# --- bringing back ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckedBackup:
    """A backup that opens and is whole: when it was made, of which node, and how large its database is.

    `waits` says that it takes this node's place at the next start.
    """

    made_at: datetime
    base_url: str
    database_bytes: int
    name: str
    waits: bool = False


async def check_backup(node: Node, path: Path, passphrase: str, name: str) -> CheckedBackup:
    """Read a backup to its end; one of this address then waits for the next start. Raises: StoreRefused."""
    backup = await run_sync(read_backup, path, passphrase)
    try:
        base_url = str(loads(backup.settings.decode()).get("base_url", ""))
    except (TOMLDecodeError, UnicodeDecodeError):
        base_url = ""
    is_ours = base_url == node.config.base_url
    if is_ours:
        await bring_back(node, path, passphrase)
    return CheckedBackup(backup.made_at, base_url, backup.database_bytes, name, is_ours)


def await_restart(node: Node) -> None:
    """Nobody goes on setting up what the next start puts aside. Raises: GoTo."""
    if is_staged(node.config.data_dir):
        raise GoTo("/setup/restore")


async def forget_backup(node: Node) -> None:
    """Let nothing take the node's place at its next start. Raises: StoreRefused."""
    await run_sync(drop_staged, node.config.data_dir)


# --- keeping safe -----------------------------------------------------------------------------------------


def new_code(randomness: bytes) -> str:
    """A recovery code of 150 random bits, as it is printed: six groups of five."""
    number = int.from_bytes(randomness[:19], "big")
    letters = [_LETTERS[(number >> (5 * place)) & 31] for place in range(_GROUPS * _GROUP)]
    groups = ["".join(letters[at : at + _GROUP]) for at in range(0, len(letters), _GROUP)]
    return "-".join(groups)


def is_code(text: str) -> bool:
    return bool(_CODE.fullmatch(text))


async def sealed_kit(node: Node, code: str, name: str) -> AsyncIterator[bytes]:
    """A backup of the node sealed by a recovery code, piece by piece; nothing of it stays here.

    Raises: StoreRefused, before the first piece.
    """
    path = node.config.data_dir / f".kit-{node.seed().hex()[:16]}"
    try:
        await back_up(node, path, code, kept_at=name)
    except BaseException:
        await _forget(path)
        raise
    return _pieces(path)


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    try:
        async with await anyio.open_file(path, "rb") as file:
            while piece := await file.read(256 * 1024):
                yield piece
    finally:
        await _forget(path)


async def _forget(path: Path) -> None:
    with anyio.CancelScope(shield=True):
        await anyio.Path(path).unlink(missing_ok=True)
