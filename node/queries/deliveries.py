"""What has not left, and what could not be read: where each message stands, and what can be done about it.

For every front. The command line sees all of the node; a page sees what belongs to its viewer, by the
functions that take an account.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from federation.errors import InvalidJson
from federation.jsonld import as_id, as_list
from federation.ports import HostState, lane_of
from federation.strictjson import parse_json_object
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.domain.values import format_time, parse_time
from node.services.practice import NAME as PRACTICE
from node.services.undelivered import kind_of_activity
from node.store.fan_outs import FanOut, Tally
from node.store.ports import DeadEntry, JobState, QueuedJob
from node.store.stops import Stop, domains_over
from node.store.upkeep import Stretch

__all__ = [
    "GIVEN_UP",
    "WAITING",
    "Spread",
    "Stage",
    "Standing",
    "activity_type",
    "count_failed",
    "drop",
    "drop_unread",
    "end_of",
    "find_sent",
    "find_unread",
    "is_alone",
    "read_again",
    "resend",
    "spreads",
    "standings",
    "unread_of",
]

WAITING = (JobState.QUEUED,)
GIVEN_UP = (JobState.DEAD, JobState.EXPIRED, JobState.HELD)
TRY_AGAIN_FOR = timedelta(days=7)
_STOPS = frozenset(Stop)


class Stage(StrEnum):
    """What a delivery waits for, or what became of it."""

    TURN = "turn"
    TIME = "time"
    """It leaves at a time that was set."""
    RETRY = "retry"
    SILENT = "silent"
    """Its host does not answer, and is left alone for a while."""
    ORDER = "order"
    """An earlier message of the same deal goes first."""
    DELIVERED = "delivered"
    HELD = "held"
    EXPIRED = "expired"
    DEAD = "dead"
    DROPPED = "dropped"
    STOPPED = "stopped"
    """Nobody wants it to arrive any more: its reader is blocked, or follows no more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one delivery stands.

    Shapes: `host` is what is known of the origin `lane`; `next_at` is when it is tried next, None for at
            once. `can_resend` and `can_drop` say what its owner may do.
    """

    job: QueuedJob
    stage: Stage
    lane: str
    host: HostState | None
    next_at: datetime | None
    can_resend: bool
    can_drop: bool


@dataclass(frozen=True, slots=True)
class Spread:
    """How far something that goes to many is: each inbox counts, and a server's shared one is one."""

    fan_out: FanOut
    tally: Tally

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is going to leave any more."""
        is_whole = self.fan_out.is_spread or self.fan_out.taken_back_at is not None
        return is_whole and not self.tally.waiting


def spreads(desk: Desk, account: str, *, before: int | None = None, limit: int = 50) -> list[Spread]:
    """What an account has told to many, newest first."""
    found = desk.tx.fan_outs.of_account(account, before=before, limit=limit)
    tallies = desk.tx.fan_outs.tallies([one.id for one in found])
    return [Spread(one, tallies[one.id]) for one in found]


def standings(desk: Desk, jobs: Sequence[QueuedJob]) -> list[Standing]:
    """Where each of these stands, in their order."""
    hosts = {state.origin: state for state in desk.tx.traffic.hosts({lane_of(job.inbox) for job in jobs})}
    first = desk.tx.traffic.first_in_line([job.id for job in jobs])
    return [_standing(job, hosts.get(lane_of(job.inbox)), desk.now, job.id in first) for job in jobs]


def _standing(job: QueuedJob, host: HostState | None, now: datetime, is_first: bool) -> Standing:
    stage = _stage_of(job, host, now, is_first)
    next_at = job.due_at
    if stage is Stage.SILENT and host is not None:
        next_at = max((at for at in (job.due_at, host.open_until) if at is not None), default=None)
    return Standing(
        job=job,
        stage=stage,
        lane=lane_of(job.inbox),
        host=host,
        next_at=next_at,
        can_resend=job.state in GIVEN_UP,
        can_drop=job.state in (*WAITING, *GIVEN_UP),
    )


def _stage_of(job: QueuedJob, host: HostState | None, now: datetime, is_first: bool) -> Stage:
    if job.state is JobState.DROPPED and job.detail in _STOPS:
        return Stage.STOPPED
    if job.state is not JobState.QUEUED:
        return Stage(job.state.value)
    if not is_first:
        return Stage.ORDER
    if host is not None and host.open_until is not None and host.open_until > now:
        return Stage.SILENT
    if job.attempts:
        return Stage.RETRY
    return Stage.TURN if job.due_at is None or job.due_at <= now else Stage.TIME


def activity_type(body: bytes) -> str:
    """What kind of activity, in a word or two; what was delivered is not kept, and poison may be anything."""
    try:
        return kind_of_activity(parse_json_object(body))
    except InvalidJson:
        return "message"


# --- what can be done -------------------------------------------------------------------------------------


def resend(desk: Desk, number: int) -> None:
    """Try a given-up message again, with those held behind it. Raises: InvalidInput."""
    job = desk.tx.deliveries.get(number)
    if job is None:
        raise _unknown(number)
    _check_wanted(desk, job)
    ends_at = end_of(job.body) if job.body else None
    if ends_at is not None and ends_at <= desk.now:
        wrong = said("its own time ended at %(at)s", at=format_time(ends_at))
        raise InvalidInput("id", wrong, "Say it anew: a late message is refused.")
    give_up_at = desk.now + TRY_AGAIN_FOR
    if not desk.tx.deliveries.resend(number, desk.now, min(give_up_at, ends_at or give_up_at)):
        raise InvalidInput("id", _is_now(job), "A given-up or held one can be.")


def _check_wanted(desk: Desk, job: QueuedJob) -> None:
    """Each message of a deal counts, however late; of a post or of who follows whom, the last one does.

    Raises: InvalidInput for what goes to a domain that is blocked, and for what was replaced meanwhile.
    """
    over = set(domains_over(lane_of(job.inbox)))
    blocked = next((one.domain for one in desk.tx.blocks.all() if one.domain in over), "")
    if blocked:
        raise InvalidInput("id", said("%(domain)s is blocked", domain=blocked), "Lift the block first.")
    is_of_a_deal = desk.tx.deals.get(job.actor, job.ordering_key.removeprefix(f"{job.actor} ")) is not None
    if not is_of_a_deal and desk.tx.stops.is_overtaken(job):
        wrong = "something newer about the same thing was delivered there"
        raise InvalidInput("id", wrong, "It would show what does not hold any more: let it go.")


def end_of(body: bytes) -> datetime | None:
    """The message's own end: nothing is delivered past it (`protocol §6`)."""
    activity = parse_json_object(body)
    inner = activity.get("object")
    texts = [activity.get("endTime"), inner.get("endTime") if isinstance(inner, dict) else None]
    return min((parse_time(text) for text in texts if isinstance(text, str)), default=None)


def drop(desk: Desk, number: int) -> None:
    """Give a message up that has not left; what it held back goes on. Raises: InvalidInput."""
    job = desk.tx.deliveries.get(number)
    if job is None:
        raise _unknown(number)
    if not desk.tx.deliveries.drop(number, desk.now):
        raise InvalidInput("id", _is_now(job), "It cannot be taken back.")


def read_again(desk: Desk, number: int) -> None:
    """Process a dead letter once more. Raises: InvalidInput."""
    if not desk.tx.inbox.requeue(number, desk.now):
        raise _unknown(number)


def drop_unread(desk: Desk, number: int) -> None:
    """Let a dead letter go. Raises: InvalidInput."""
    if not desk.tx.inbox.drop(number):
        raise _unknown(number)


def _unknown(number: int) -> InvalidInput:
    wrong = said("there is no delivery %(number)s", number=number)
    return InvalidInput("id", wrong, "See `obverse deliveries list`.")


def _is_now(job: QueuedJob) -> str:
    return said("delivery %(number)s is %(state)s", number=job.id, state=job.state.value)


# --- whose it is ------------------------------------------------------------------------------------------


def find_sent(desk: Desk, account: Account, number: int) -> QueuedJob | None:
    """A delivery of this account or of one of its personas; None for another's."""
    job = desk.tx.deliveries.get(number)
    return job if job is not None and _is_of(desk, account, job.actor) else None


def find_unread(desk: Desk, account: Account, number: int) -> DeadEntry | None:
    """A dead letter to this account; None for another's."""
    found = desk.tx.traffic.unread_one(number)
    return found if found is not None and _is_to(desk, account, found) else None


def unread_of(
    desk: Desk, account: Account, *, before: int | None = None, limit: int = 50
) -> Stretch[DeadEntry]:
    """Dead letters to this account, newest first."""
    found = desk.tx.traffic.unread(account.id, before=before, limit=limit)
    return replace(found, rows=tuple(one for one in found.rows if _is_to(desk, account, one)))


def count_failed(desk: Desk, account: Account, *, most: int = 100) -> int:
    """How much of this account's mail failed and waits for its owner: given up, or unread; at most `most`."""
    given_up = desk.tx.traffic.count(account.id, JobState.DEAD, most=most)
    return min(most, given_up + len(unread_of(desk, account, limit=most).rows))


def _is_of(desk: Desk, account: Account, actor: str) -> bool:
    if actor == account.id:
        return True
    persona = desk.tx.personas.get(actor)
    return persona is not None and persona.account == account.id


def _is_to(desk: Desk, account: Account, dead: DeadEntry) -> bool:
    """Whether it came to this account. At the shared inbox the message itself says so; where it names nobody
    who lives here, it belongs to whoever lives here alone."""
    if dead.entry.recipient:
        return _is_of(desk, account, dead.entry.recipient)
    named = [iri for iri in _addressees(dead.entry.body) if desk.is_ours(iri)]
    return any(_is_of(desk, account, iri) for iri in named) if named else is_alone(desk, account)


def _addressees(body: bytes) -> Iterable[str]:
    try:
        activity = parse_json_object(body)
    except InvalidJson:
        return []
    named = [as_id(item) for member in ("to", "cc") for item in as_list(activity.get(member))]
    return [iri for iri in named if iri]


def is_alone(desk: Desk, account: Account) -> bool:
    """Whether nobody else lives on this node; the trial customer is nobody."""
    others = (one for one in desk.tx.accounts.all() if one.id != account.id)
    return all(one.name == PRACTICE and one.password_hash is None for one in others)
