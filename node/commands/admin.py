"""Looking after a node: followers, blocks, notices, and what `doctor` asks of an open node."""

from __future__ import annotations

from datetime import datetime

from federation.messages import JsonObject
from federation.strictjson import parse_json_object
from node.commands.arguments import Arguments
from node.commands.registry import Commands
from node.context import Node
from node.desk import Desk
from node.domain.values import format_time
from node.runtime.timekeeper import save_mark
from node.services.accounts import find_account
from node.store.ports import LAST_BACKUP, LAST_RESTORE, Channel, Follower, FollowState, JobState
from node.workflows.blocking import block_domain, unblock_domain

__all__ = ["COMMANDS"]

COMMANDS = Commands()


@COMMANDS.command("followers.list", reads=True)
async def list_followers(node: Node, arguments: Arguments) -> JsonObject:
    """Who follows an account, and who asks to."""

    def view(desk: Desk) -> list[Follower]:
        account = find_account(desk, arguments.account)
        return [
            follower
            for state in (FollowState.PENDING, FollowState.ACCEPTED)
            for follower in desk.tx.followers.all(account.id, state=state)
        ]

    followers = await node.look(view)
    return {
        "followers": [
            {"actor": follower.actor, "state": follower.state.value, "at": format_time(follower.at)}
            for follower in followers
        ]
    }


# --- blocks -----------------------------------------------------------------------------------------------


@COMMANDS.command("block.list", reads=True)
async def list_blocks(node: Node, arguments: Arguments) -> JsonObject:
    blocks = await node.look(lambda desk: desk.tx.blocks.all())
    return {
        "blocks": [
            {"domain": block.domain, "reason": block.reason, "at": format_time(block.at)} for block in blocks
        ]
    }


@COMMANDS.command("block.add", "domain reason")
async def add_block(node: Node, arguments: Arguments) -> JsonObject:
    """Refuse everything from a domain and those below it, from this moment on."""
    domain = arguments.text("domain", 300)
    return {"domain": await block_domain(node, domain, arguments.maybe_text("reason", 500) or "")}


@COMMANDS.command("block.remove", "domain")
async def remove_block(node: Node, arguments: Arguments) -> JsonObject:
    return {"domain": await unblock_domain(node, arguments.text("domain", 300))}


# --- notices ----------------------------------------------------------------------------------------------


@COMMANDS.command("notices.list", "limit", reads=True)
async def list_notices(node: Node, arguments: Arguments) -> JsonObject:
    """What happened, newest first, for the one account or each in turn."""
    limit = arguments.whole("limit", 50, least=1, most=1000)

    def view(desk: Desk) -> list[JsonObject]:
        account = find_account(desk, arguments.account)
        return [
            {
                "at": format_time(notice.at),
                "kind": notice.kind,
                "text": notice.text,
                "reason": notice.reason.value if notice.reason else None,
                "deal": notice.deal_id or None,
            }
            for notice in desk.tx.notices.all(account.id, limit=limit)
        ]

    return {"notices": await node.look(view)}


# --- what only an open node can tell ----------------------------------------------------------------------


@COMMANDS.command("node.health", reads=True)
async def health(node: Node, arguments: Arguments) -> JsonObject:
    """What `doctor` asks: whose keys open, and what waits."""

    def view(desk: Desk) -> JsonObject:
        owners = [node.config.node_actor, *(account.id for account in desk.tx.accounts.all())]
        rows = [row for owner in owners for row in desk.tx.keys.of(owner) if row.sealed is not None]
        states = {
            state.value: len(desk.tx.traffic.singly((state,), limit=1000))
            for state in (JobState.QUEUED, JobState.EXPIRED, JobState.HELD, JobState.DEAD)
        }
        return {
            "base_url": node.config.base_url,
            "accounts": [account.name for account in desk.tx.accounts.all()],
            "keys": len(rows),
            "keys_unopened": [row.key_id for row in rows if not node.keys.opens(row)],
            "deliveries": states,
            "dead_letters": len(desk.tx.inbox.dead()),
            "store": {"refusal": node.db.refusal, "shortage": node.db.shortage},
            "clock": {"doubt": node.clock.doubt.words if node.clock.doubt is not None else None},
            "backup": _last_backup(desk),
            "telling": _telling(desk, has_mail=node.config.mail is not None),
            "restored": _record(desk, LAST_RESTORE),
            "now": format_time(desk.now),
        }

    return await node.look(view)


def _telling(desk: Desk, *, has_mail: bool) -> JsonObject:
    """Whether owners can be told by mail, and what did not get through; no address is named."""
    outlets = [one for account in desk.tx.accounts.all() for one in desk.tx.outlets.all(account.id)]
    confirmed = [one for one in outlets if one.confirmed_at is not None]
    return {
        "mail": has_mail,
        "ways": len(confirmed),
        "troubles": [
            {
                "by": one.channel.value,
                "what": one.trouble,
                "detail": one.detail,
                "stopped": one.stopped_at is not None,
            }
            for one in confirmed
            if one.trouble
        ],
        "waiting_for_a_server": sum(one.channel is Channel.MAIL for one in confirmed) if not has_mail else 0,
    }


def _record(desk: Desk, name: str) -> JsonObject | None:
    text = desk.tx.meta.get(name)
    return parse_json_object(text.encode()) if text is not None else None


def _last_backup(desk: Desk) -> JsonObject | None:
    """When and whereto the node was last backed up, and how many keys were made since."""
    record = _record(desk, LAST_BACKUP)
    if record is None:
        return None
    return {**record, "keys_since": desk.tx.keys.made_since(datetime.fromisoformat(record["at"]))}


@COMMANDS.command("clock.trust")
async def trust_clock(node: Node, arguments: Arguments) -> JsonObject:
    """Believe the machine's clock as it is now, by the owner's word."""
    doubt = node.clock.doubt
    now = node.clock.trust()
    await save_mark(node)
    return {"now": format_time(now), "was": doubt.words if doubt is not None else None}
