"""What goes out: one attempt to post one body to one inbox, and what its end means.

Redirects are never followed: a signature is for one address, and a moved inbox is learned from the actor's
document. A 2xx is the peer's word that it took the message, nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

from federation.auth import signed_tries
from federation.errors import AddressRefused, FetchError, InvalidIri, NoRoom
from federation.ids import origin, parse_iri
from federation.keys import KeyAlgorithm, SigningKey
from federation.messages import HttpMessage, Limits
from federation.ports import (
    LAST_CALL,
    Clock,
    DeliveryJob,
    DeliveryOutcome,
    HostMemory,
    HostState,
    Outcome,
    SigningKeys,
)
from federation.retry import RETRY_AFTER_CAP_S, next_attempt
from federation.turns import Turns
from federation.vocab import ACTIVITY_JSON

__all__ = [
    "CIRCUIT_FAILURES",
    "DeliveryPorts",
    "Sender",
    "after_failure",
    "deliver",
    "judge_status",
    "parse_retry_after",
]

CIRCUIT_FAILURES = 5
"""So many failures in a row open a host's circuit."""

_CIRCUIT_FIRST_S = 60
_CIRCUIT_LONGEST_S = 3600
_PASSING = frozenset({401, 408, 425, 429})
"""4xx that may pass: a peer that cannot fetch our key just now answers 401 (`interop §7` 5)."""

_FINAL = {
    403: "it takes nothing from this sender",
    404: "there is no such inbox",
    410: "whoever read this inbox is gone",
    413: "the message is too large for it",
}
"""What the owner is told of final answers."""


class Sender(Protocol):
    """The part of `client.Client` that a delivery needs."""

    async def send(
        self, message: HttpMessage, *, total_s: float | None = None, max_bytes: int | None = None
    ) -> HttpMessage: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPorts:
    """What `deliver` needs of the world.

    `random` gives jitter in [0, 1). `turns` lets a few RSA signatures be made in a round of the loop: they
    are the cost of delivery to the fediverse (`speed` 5), and threads make none of them sooner, since the
    library keeps the interpreter's lock while it signs.
    """

    client: Sender
    signing_keys: SigningKeys
    hosts: HostMemory
    clock: Clock
    limits: Limits
    random: Callable[[], float]
    turns: Turns = field(default_factory=Turns)


async def deliver(job: DeliveryJob, ports: DeliveryPorts) -> DeliveryOutcome:
    """Make one attempt (which may knock twice) and say how it ended.

    Raises: nothing of this toolkit; errors of the application's ports pass through.
    Spec:   `protocol §2` Sending, `interop §7`.
    """
    now = ports.clock()
    if now >= job.give_up_at:
        return DeliveryOutcome(
            Outcome.EXPIRED, "its time ran out before it could be delivered", attempted=False
        )
    try:
        address = parse_iri(job.inbox)
        rsa, ed25519 = await _keys(job, ports.signing_keys)
    except InvalidIri as error:
        return DeliveryOutcome(Outcome.DEAD, f"the inbox is no usable address: {error}", attempted=False)
    except KeyError:
        return DeliveryOutcome(Outcome.DEAD, "the key that would sign it is gone", attempted=False)
    home = origin(address)
    state = await ports.hosts.find(home) or HostState(home)
    held_until = _held_until(state, job, now)
    if held_until is not None:
        detail = f"{home} did not answer {state.failures} times in a row; waiting"
        return DeliveryOutcome(Outcome.RETRY, detail, attempted=False, hold_until=held_until)
    if state.failures >= CIRCUIT_FAILURES:
        # Half open: this job is the one probe, the others wait until it has ended.
        state = replace(state, open_until=now + timedelta(seconds=ports.limits.request_s))
        await ports.hosts.save(state)
    request = HttpMessage("POST", address, (("content-type", ACTIVITY_JSON),), job.body)
    return await _attempt(job, request, state, rsa, ed25519, ports)


async def _keys(job: DeliveryJob, keys: SigningKeys) -> tuple[SigningKey | None, SigningKey | None]:
    """The job's RSA and Ed25519 keys. Raises: KeyError when the key that must sign is gone."""
    first = await keys.get(job.key_id)
    if first.algorithm is KeyAlgorithm.ED25519:
        return None, first
    try:
        return first, await keys.get(job.fast_key_id) if job.fast_key_id else None
    except KeyError:
        return first, None


def _held_until(state: HostState, job: DeliveryJob, now: datetime) -> datetime | None:
    """Until when the host's circuit holds this job back, None when it may go now.

    A job never dies behind a circuit untried: shortly before its end it goes out all the same.
    """
    if state.open_until is None or state.open_until <= now or job.give_up_at - LAST_CALL <= now:
        return None
    return state.open_until


async def _attempt(
    job: DeliveryJob,
    request: HttpMessage,
    state: HostState,
    rsa: SigningKey | None,
    ed25519: SigningKey | None,
    ports: DeliveryPorts,
) -> DeliveryOutcome:
    tries = signed_tries(request, rsa=rsa, ed25519=ed25519, state=state, now=ports.clock)
    try:
        # An Ed25519 signature is made sooner than its turn would come.
        in_turn = rsa is not None and not state.ed25519
        answer, learned = await _exchange(tries, ports, in_turn=in_turn)
    except AddressRefused as error:
        return DeliveryOutcome(Outcome.DEAD, f"the guard forbids this address: {error}")
    except NoRoom as error:
        return replace(_retry(job, ports, str(error), None, None), attempted=False)
    except FetchError as error:
        if error.status:  # it did answer, in a shape that we do not read
            return await _ended(job, error.status, None, state, None, ports)
        after = after_failure(state, ports.clock())
        await ports.hosts.save(after)
        return replace(_retry(job, ports, f"no answer: {error}", None, None), hold_until=after.open_until)
    return await _ended(job, answer.status, answer.header("retry-after"), state, learned, ports)


async def _exchange(
    tries: Generator[HttpMessage, HttpMessage, HostState | None], ports: DeliveryPorts, *, in_turn: bool
) -> tuple[HttpMessage, HostState | None]:
    """Send what the generator yields until it is content; the last answer, and what it learned."""
    if in_turn:
        await ports.turns.wait()
    request = next(tries)
    while True:
        # An answer's body means nothing here; the cap only keeps a peer from feeding us without end.
        answer = await ports.client.send(
            request, total_s=ports.limits.request_s, max_bytes=ports.limits.fetch_bytes
        )
        try:
            # The usual answer ends it here; where it does not, this signs once more.
            request = tries.send(answer)
        except StopIteration as stop:
            learned: HostState | None = stop.value
            return answer, learned


async def _ended(
    job: DeliveryJob,
    status: int,
    retry_after: str | None,
    state: HostState,
    learned: HostState | None,
    ports: DeliveryPorts,
) -> DeliveryOutcome:
    now = ports.clock()
    known = learned or state
    after = after_failure(known, now) if status >= 500 and status != 501 else _after_answer(known)
    if after != state or learned is not None:
        await ports.hosts.save(after)
    match judge_status(status):
        case Outcome.DELIVERED:
            return DeliveryOutcome(Outcome.DELIVERED, f"answered {status}", status)
        case Outcome.RETRY:
            later = _retry(job, ports, f"answered {status}", status, parse_retry_after(retry_after, now))
            return replace(later, hold_until=after.open_until)
        case _:  # a final status; nothing expires by a status
            words = f"answered {status}, {_FINAL.get(status, 'which is final')}"
            return DeliveryOutcome(Outcome.DEAD, words, status, gone=status == 410)


def _retry(
    job: DeliveryJob, ports: DeliveryPorts, detail: str, status: int | None, retry_after_s: float | None
) -> DeliveryOutcome:
    due = next_attempt(
        job.attempts + 1,
        ports.clock(),
        jitter=ports.random(),
        give_up_at=job.give_up_at,
        retry_after_s=retry_after_s,
    )
    if due is None:
        return DeliveryOutcome(
            Outcome.EXPIRED, f"{detail}; its time would run out before the next try", status
        )
    return DeliveryOutcome(Outcome.RETRY, detail, status, retry_at=due)


def judge_status(status: int) -> Outcome:
    """What an inbox's HTTP status means for a delivery.

    Spec: `interop §7` 5; redirects are never followed, so that a 3xx is final.
    """
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if status in _PASSING or (status >= 500 and status != 501):
        return Outcome.RETRY
    return Outcome.DEAD


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header (seconds or a date), at most an hour; None for none or
    nonsense.

    Spec: RFC 9110 §10.2.3.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), RETRY_AFTER_CAP_S))
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    # "-0000" leaves the zone open; RFC 9110 dates are UTC.
    seconds = (when.replace(tzinfo=when.tzinfo or now.tzinfo) - now).total_seconds()
    return min(max(seconds, 0.0), float(RETRY_AFTER_CAP_S))


# --- the circuit of a host -------------------------------------------------------------------------------


def after_failure(state: HostState, now: datetime) -> HostState:
    """One more failure in a row; from the fifth on the circuit is open for 60 s, doubling up to an hour."""
    failures = state.failures + 1
    since = state.failing_since or now
    if failures < CIRCUIT_FAILURES:
        return replace(state, failures=failures, failing_since=since)
    pause_s = min(_CIRCUIT_FIRST_S * 2 ** min(failures - CIRCUIT_FAILURES, 10), _CIRCUIT_LONGEST_S)
    return replace(state, failures=failures, failing_since=since, open_until=now + timedelta(seconds=pause_s))


def _after_answer(state: HostState) -> HostState:
    """The host answered: whatever it said, it lives."""
    return replace(state, failures=0, failing_since=None, open_until=None)
