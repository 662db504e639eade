"""What has not left or could not be read: the outbox and the dead letters, with a way to try again."""

from __future__ import annotations

from datetime import datetime

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.registry import Commands
from node.context import Node
from node.desk import Desk
from node.domain.values import format_time
from node.queries.deliveries import (
    GIVEN_UP,
    WAITING,
    Spread,
    Stage,
    Standing,
    activity_type,
    drop,
    drop_unread,
    read_again,
    resend,
    spreads,
    standings,
)
from node.store.ports import DeadEntry, JobState

__all__ = ["COMMANDS"]

COMMANDS = Commands()
UNSETTLED = (*WAITING, *GIVEN_UP)


@COMMANDS.command("deliveries.list", "all limit", reads=True)
async def list_deliveries(node: Node, arguments: Arguments) -> JsonObject:
    """Messages that wait, were held or given up; with `all` the delivered ones too; and unread ones.

    What goes to many is one line, whatever the number of its deliveries.
    """
    states = () if arguments.flag("all") else UNSETTLED
    limit = arguments.whole("limit", 100, least=1, most=1000)

    def view(desk: Desk) -> tuple[list[Standing], list[Spread], list[DeadEntry]]:
        jobs = desk.tx.traffic.singly(states, limit=limit)
        told = [one for account in desk.tx.accounts.all() for one in spreads(desk, account.id, limit=limit)]
        return standings(desk, jobs), told, desk.tx.inbox.dead()

    found, told, dead = await node.look(view)
    newest = sorted(told, key=lambda one: -one.fan_out.id)[:limit]
    return {
        "deliveries": [_shown(one) for one in found],
        "posts": [_spread(one) for one in newest if not states or not one.is_over or one.tally.failed],
        "dead_letters": [_dead(entry) for entry in dead[:limit]],
    }


@COMMANDS.command("deliveries.resend", "id inbound")
async def resend_one(node: Node, arguments: Arguments) -> JsonObject:
    """Try a given-up message again, with those held behind it; or read a dead letter again (`inbound`)."""
    number = arguments.whole("id", least=1)
    if arguments.flag("inbound"):
        await node.work(lambda desk: read_again(desk, number))
        return {"id": number, "state": "to be read again"}
    await node.work(lambda desk: resend(desk, number))
    return {"id": number, "state": JobState.QUEUED.value}


@COMMANDS.command("deliveries.drop", "id inbound")
async def drop_one(node: Node, arguments: Arguments) -> JsonObject:
    """Give a message up that has not left; what it held back goes on. Or let a dead letter go (`inbound`)."""
    number = arguments.whole("id", least=1)
    use_case = drop_unread if arguments.flag("inbound") else drop
    await node.work(lambda desk: use_case(desk, number))
    return {"id": number, "state": JobState.DROPPED.value}


def _shown(one: Standing) -> JsonObject:
    job = one.job
    silent = one.host if one.stage is Stage.SILENT else None
    can = [name for name, may in (("resend", one.can_resend), ("drop", one.can_drop)) if may]
    return {
        "id": job.id,
        "activity": job.activity_id,
        "type": activity_type(job.body),
        "to": job.recipient or job.inbox,
        "host": one.lane,
        "state": job.state.value,
        "stage": one.stage.value,
        "silent_since": _time(silent.failing_since) if silent else None,
        "failures": silent.failures if silent else 0,
        "next_at": _time(one.next_at),
        "can": can,
        "attempts": job.attempts,
        "detail": job.detail,
        "created_at": format_time(job.created_at),
        "due_at": _time(job.due_at),
        "give_up_at": format_time(job.give_up_at),
        "settled_at": _time(job.settled_at),
    }


def _spread(one: Spread) -> JsonObject:
    fan_out, tally = one.fan_out, one.tally
    return {
        "id": fan_out.id,
        "activity": fan_out.activity_id,
        "type": fan_out.kind,
        "from": fan_out.actor,
        "about": fan_out.about,
        "inboxes": tally.total,
        "delivered": tally.delivered,
        "waiting": tally.waiting,
        "failed": tally.failed,
        "dropped": tally.dropped,
        "is_spread": fan_out.is_spread,
        "taken_back_at": _time(fan_out.taken_back_at),
        "created_at": format_time(fan_out.created_at),
    }


def _dead(dead: DeadEntry) -> JsonObject:
    return {
        "id": dead.entry.id,
        "activity": dead.entry.activity_id,
        "type": activity_type(dead.entry.body),
        "from": dead.entry.actor,
        "error": dead.error,
        "received_at": format_time(dead.entry.received_at),
        "buried_at": format_time(dead.buried_at),
    }


def _time(at: datetime | None) -> str | None:
    return format_time(at) if at is not None else None
