"""Whom one account does not hear, and lists of domains that nobody here hears."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.registry import Commands
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.values import format_time
from node.services.accounts import find_account
from node.services.shunning import Shunnable, block, mute, unblock, unmute
from node.store.following import Shun
from node.workflows.blocklists import BlockLine, apply_blocklist, compare_blocklist, write_blocklist
from node.workflows.whom import find_shunnable

__all__ = ["COMMANDS"]

COMMANDS = Commands()
MOST_BYTES = 4_000_000


async def _whom(node: Node, arguments: Arguments) -> tuple[Account, Shunnable]:
    account = await node.look(lambda desk: find_account(desk, arguments.account))
    return account, await find_shunnable(node, account, arguments.text("who", 2000))


@COMMANDS.command("shun.list", reads=True)
async def list_shunned(node: Node, arguments: Arguments) -> JsonObject:
    """Whom an account has muted or blocked."""

    def view(desk: Desk) -> list[Shun]:
        return desk.tx.shunned.all(find_account(desk, arguments.account).id)

    return {"shunned": [_shown(one) for one in await node.look(view)]}


@COMMANDS.command("shun.mute", "who")
async def mute_somebody(node: Node, arguments: Arguments) -> JsonObject:
    """Leave what they say out of lists and notices; they are not told."""
    account, whom = await _whom(node, arguments)
    return _shown(await node.work(lambda desk: mute(desk, account, whom)))


@COMMANDS.command("shun.unmute", "who")
async def unmute_somebody(node: Node, arguments: Arguments) -> JsonObject:
    account, whom = await _whom(node, arguments)
    await node.work(lambda desk: unmute(desk, account, whom.actor))
    return {"actor": whom.actor, "handle": whom.handle}


@COMMANDS.command("shun.block", "who")
async def block_somebody(node: Node, arguments: Arguments) -> JsonObject:
    """Refuse everything from them for this account; nobody of the two follows the other any more."""
    account, whom = await _whom(node, arguments)
    return _shown(await node.work(lambda desk: block(desk, account, whom)))


@COMMANDS.command("shun.unblock", "who")
async def unblock_somebody(node: Node, arguments: Arguments) -> JsonObject:
    account, whom = await _whom(node, arguments)
    await node.work(lambda desk: unblock(desk, account, whom.actor))
    return {"actor": whom.actor, "handle": whom.handle}


def _shown(one: Shun) -> JsonObject:
    return {
        "actor": one.actor,
        "handle": one.handle,
        "muted": one.is_muted,
        "blocked": one.is_blocked,
        "at": format_time(one.at),
    }


# --- domains ----------------------------------------------------------------------------------------------


@COMMANDS.command("block.import", "csv apply")
async def import_blocks(node: Node, arguments: Arguments) -> JsonObject:
    """Compare a list with what is blocked; with `apply` take over what is new in it."""
    text = arguments.text("csv", MOST_BYTES)
    if arguments.flag("apply"):
        return _judged(await apply_blocklist(node, text), is_done=True)
    return _judged(await compare_blocklist(node, text), is_done=False)


def _judged(lines: Iterable[BlockLine], *, is_done: bool) -> JsonObject:
    listed = list(lines)
    return {
        "applied": is_done,
        "counts": dict(Counter(line.verdict.value for line in listed)),
        "lines": [
            {"line": one.number, "text": one.text, "domain": one.domain, "verdict": one.verdict.value}
            for one in listed
        ],
    }


@COMMANDS.command("block.export", reads=True)
async def export_blocks(node: Node, arguments: Arguments) -> JsonObject:
    """What is blocked, in the shape in which servers share it."""
    return {"csv": await write_blocklist(node)}
