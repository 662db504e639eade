"""What has not left or could not be read: the outbox and the dead letters, with a way to try again."""

from __future__ import annotations

from datetime import datetime, timedelta

from federation.errors import InvalidJson
from federation.messages import JsonObject
from federation.ports import HostState, lane_of
from federation.strictjson import parse_json_object
from node.commands.arguments import Arguments
from node.commands.registry import Commands
from node.context import Node
from node.desk import Desk
from node.domain.errors import InvalidInput
from node.domain.values import format_time, parse_time
from node.services.undelivered import kind_of_activity
from node.store.ports import DeadEntry, JobState, QueuedJob

__all__ = ["COMMANDS"]

COMMANDS = Commands()
TRY_AGAIN_FOR = timedelta(days=7)
UNSETTLED = (JobState.QUEUED, JobState.EXPIRED, JobState.DEAD, JobState.HELD)


@COMMANDS.command("deliveries.list", "all limit", reads=True)
async def list_deliveries(node: Node, arguments: Arguments) -> JsonObject:
    """Messages that wait, were held or given up; with `all` the delivered ones too; and unread ones."""
    states = () if arguments.flag("all") else UNSETTLED
    limit = arguments.whole("limit", 100, least=1, most=1000)

    def view(desk: Desk) -> tuple[list[QueuedJob], list[HostState], list[DeadEntry]]:
        deliveries = desk.tx.deliveries
        return deliveries.all(states=states, limit=limit), deliveries.hosts(), desk.tx.inbox.dead()

    jobs, known, dead = await node.look(view)
    hosts, now = {host.origin: host for host in known}, node.now()
    first = _first_of_each_order(jobs)
    return {
        "deliveries": [
            _job(
                job,
                hosts.get(lane_of(job.inbox)),
                now,
                is_first=first.get(job.ordering_key) in (None, job.id),
            )
            for job in jobs
        ],
        "dead_letters": [_dead(entry) for entry in dead[:limit]],
    }


@COMMANDS.command("deliveries.resend", "id inbound")
async def resend(node: Node, arguments: Arguments) -> JsonObject:
    """Try a given-up message again, with those held behind it; or read a dead letter again (`inbound`)."""
    number = arguments.whole("id", least=1)
    if arguments.flag("inbound"):
        if not await node.work(lambda desk: desk.tx.inbox.requeue(number, desk.now)):
            raise _unknown(number)
        return {"id": number, "state": "to be read again"}
    await node.work(lambda desk: _resend(desk, number))
    return {"id": number, "state": JobState.QUEUED.value}


def _resend(desk: Desk, number: int) -> None:
    job = desk.tx.deliveries.get(number)
    if job is None:
        raise _unknown(number)
    ends_at = _end_of(job.body)
    if ends_at is not None and ends_at <= desk.now:
        raise InvalidInput(
            "id", f"its own time ended at {format_time(ends_at)}", "Say it anew: a late message is refused."
        )
    give_up_at = desk.now + TRY_AGAIN_FOR
    if not desk.tx.deliveries.resend(number, desk.now, min(give_up_at, ends_at or give_up_at)):
        raise InvalidInput("id", f"delivery {number} is {job.state}", "A given-up or held one can be.")


@COMMANDS.command("deliveries.drop", "id inbound")
async def drop(node: Node, arguments: Arguments) -> JsonObject:
    """Give a message up that has not left; what it held back goes on. Or let a dead letter go (`inbound`)."""
    number = arguments.whole("id", least=1)
    if arguments.flag("inbound"):
        if not await node.work(lambda desk: desk.tx.inbox.drop(number)):
            raise _unknown(number)
        return {"id": number, "state": JobState.DROPPED.value}

    def work(desk: Desk) -> None:
        job = desk.tx.deliveries.get(number)
        if job is None:
            raise _unknown(number)
        if not desk.tx.deliveries.drop(number, desk.now):
            raise InvalidInput("id", f"delivery {number} is {job.state}", "It cannot be taken back.")

    await node.work(work)
    return {"id": number, "state": JobState.DROPPED.value}


def _first_of_each_order(jobs: list[QueuedJob]) -> dict[str, int]:
    """The queued job that goes first, for each ordering key; the list is newest first."""
    return {job.ordering_key: job.id for job in jobs if job.ordering_key and job.state is JobState.QUEUED}


def _stage_of(job: QueuedJob, host: HostState | None, now: datetime, *, is_first: bool) -> str:
    """What a delivery waits for: `turn`, `time`, `retry`, `silent`, `order`; or its state."""
    if job.state is not JobState.QUEUED:
        return job.state.value
    if not is_first:
        return "order"
    if host is not None and host.open_until is not None and host.open_until > now:
        return "silent"
    if job.attempts:
        return "retry"
    return "turn" if job.due_at is None or job.due_at <= now else "time"


_CAN = {
    JobState.QUEUED: ["drop"],
    JobState.DEAD: ["resend", "drop"],
    JobState.EXPIRED: ["resend", "drop"],
    JobState.HELD: ["resend", "drop"],
}


def _unknown(number: int) -> InvalidInput:
    return InvalidInput("id", f"there is no delivery {number}", "See `obverse deliveries list`.")


def _end_of(body: bytes) -> datetime | None:
    """The message's own end: nothing is delivered past it (`protocol §6`)."""
    activity = parse_json_object(body)
    inner = activity.get("object")
    texts = [activity.get("endTime"), inner.get("endTime") if isinstance(inner, dict) else None]
    return min((parse_time(text) for text in texts if isinstance(text, str)), default=None)


def _job(job: QueuedJob, host: HostState | None, now: datetime, *, is_first: bool) -> JsonObject:
    stage = _stage_of(job, host, now, is_first=is_first)
    silent = host if stage == "silent" else None
    return {
        "id": job.id,
        "activity": job.activity_id,
        "type": _type_of(job.body),
        "to": job.recipient or job.inbox,
        "host": lane_of(job.inbox),
        "state": job.state.value,
        "stage": stage,
        "silent_since": _time(silent.failing_since) if silent else None,
        "failures": silent.failures if silent else 0,
        "next_at": _time(max((at for at in (job.due_at, silent.open_until) if at), default=None))
        if silent
        else _time(job.due_at),
        "can": _CAN.get(job.state, []),
        "attempts": job.attempts,
        "detail": job.detail,
        "created_at": format_time(job.created_at),
        "due_at": _time(job.due_at),
        "give_up_at": format_time(job.give_up_at),
        "settled_at": _time(job.settled_at),
    }


def _dead(dead: DeadEntry) -> JsonObject:
    return {
        "id": dead.entry.id,
        "activity": dead.entry.activity_id,
        "type": _type_of(dead.entry.body),
        "from": dead.entry.actor,
        "error": dead.error,
        "received_at": format_time(dead.entry.received_at),
        "buried_at": format_time(dead.buried_at),
    }


def _type_of(body: bytes) -> str:
    """What kind of activity, in a word or two; what was delivered is not kept, and poison may be anything."""
    try:
        return kind_of_activity(parse_json_object(body))
    except InvalidJson:
        return "message"


def _time(at: datetime | None) -> str | None:
    return format_time(at) if at is not None else None
