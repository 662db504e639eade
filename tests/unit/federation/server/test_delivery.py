"""Deliveries through the guarded client to the real routes of another party, or to a played server."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from federation.client import Client, ClientConfig
from federation.delivery import CIRCUIT_FAILURES, after_failure, deliver, judge_status, parse_retry_after
from federation.errors import AddressRefused, DocumentRefused, FetchFailed, NoRoom
from federation.messages import HttpMessage
from federation.ports import HostState, Outcome, SignatureSpec

pytestmark = pytest.mark.anyio
SHOP = "https://shop.example"


class Played:
    """A server that answers as told, one answer a request; the last one is repeated."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[HttpMessage] = []

    async def exchange(self, message: HttpMessage, *, total_s: float, max_bytes: int) -> HttpMessage:
        self.requests.append(message)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, *headers = answer if isinstance(answer, tuple) else (answer,)
        return HttpMessage(status=status, headers=tuple(headers))


@pytest.fixture
def to_played(ana: Any) -> Any:
    """Deliver a job of Ana's to a played server; returns the outcome and the server."""

    async def run(*answers: Any, job: Any = None, **ports: Any) -> tuple[Any, Played]:
        server = Played(*answers)
        if not ana.actors:
            ana.account("ana")
        sender = next(iter(ana.actors.values()))
        client = Client(ClientConfig(), engine=server)
        job = job or ana.job(sender, f"{SHOP}/inbox", {"id": "x"})
        return await deliver(job, replace(ana.ports, client=client, **ports)), server

    return run


async def test_a_delivery_passes_the_other_partys_whole_inbox(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = ana.account("ana")
    outcome = await deliver(ana.job(sender, f"{SHOP}/inbox", a_note(sender)), ana.ports)
    assert (outcome.outcome, outcome.status, outcome.attempted) == (Outcome.DELIVERED, 202, True)
    assert [entry.actor for entry in shop.pending] == [sender.id]


async def test_a_persona_signs_rfc_9421_by_ed25519(network: Any, ana: Any, shop: Any, a_deal: Any) -> None:
    persona, vendor = ana.persona("P"), shop.account("north")
    outcome = await deliver(ana.job(persona, vendor.inbox, a_deal(persona, vendor.id)), ana.ports)
    assert outcome.outcome is Outcome.DELIVERED
    posts = [seen for seen in network.seen if seen.method == "POST"]
    assert "signature-input" in posts[0].headers


async def test_strangers_get_cavage_and_known_hosts_ed25519(ana: Any, to_played: Any) -> None:
    _, server = await to_played(202)
    assert server.requests[0].header("signature-input") is None
    state = HostState(SHOP, SignatureSpec.RFC9421, ed25519=True, learned_at=ana.clock())
    await ana.hosts.save(state)
    _, server = await to_played(202)
    assert 'alg="ed25519"' in server.requests[0].header("signature-input")


async def test_a_401_is_knocked_at_twice_and_the_spec_that_opened_is_remembered(
    ana: Any, to_played: Any
) -> None:
    outcome, server = await to_played(401, 202)
    assert outcome.outcome is Outcome.DELIVERED
    assert len(server.requests) == 2
    state = await ana.hosts.find(SHOP)
    assert (state.spec, state.failures) == (SignatureSpec.RFC9421, 0)


async def test_a_few_signatures_are_made_in_a_round_of_the_loop(ana: Any, to_played: Any) -> None:
    """Many deliveries that begin at once let others have their turn in between."""
    rounds = 0

    async def others() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    ports = replace(ana.ports, client=Client(ClientConfig(), engine=Played(202)))
    sender = ana.account("ana")
    beside = asyncio.ensure_future(others())
    try:
        await asyncio.gather(*(deliver(ana.job(sender, f"{SHOP}/inbox", {}), ports) for _ in range(40)))
    finally:
        beside.cancel()
    assert rounds >= 5


async def test_want_of_descriptors_is_not_the_hosts_failure(ana: Any, to_played: Any) -> None:
    outcome, _ = await to_played(NoRoom("no connection can be opened here now: Too many open files"))
    assert (outcome.outcome, outcome.attempted, outcome.hold_until) == (Outcome.RETRY, False, None)
    assert "Too many open files" in outcome.detail
    assert await ana.hosts.find(SHOP) is None


async def test_a_missing_fast_key_does_not_stop_a_delivery(ana: Any, to_played: Any) -> None:
    sender = ana.account("ana")
    ana.signing_keys.destroy(sender.ed25519.id)
    assert (await to_played(202))[0].outcome is Outcome.DELIVERED
    without = ana.job(sender, f"{SHOP}/inbox", {}, fast_key_id="")
    assert (await to_played(202, job=without))[0].outcome is Outcome.DELIVERED


async def test_a_destroyed_key_ends_the_delivery_without_a_request(ana: Any, to_played: Any) -> None:
    sender = ana.account("ana")
    ana.signing_keys.destroy(sender.rsa.id)
    outcome, server = await to_played(202)
    assert (outcome.outcome, outcome.attempted, server.requests) == (Outcome.DEAD, False, [])


@pytest.mark.parametrize(
    ("status", "end"),
    [
        *((status, Outcome.DELIVERED) for status in (200, 201, 202, 204, 299)),
        *((status, Outcome.RETRY) for status in (401, 408, 425, 429, 500, 502, 503, 504, 599)),
        *(
            (status, Outcome.DEAD)
            for status in (
                301,
                302,
                307,
                308,
                400,
                402,
                403,
                404,
                405,
                406,
                409,
                410,
                413,
                415,
                421,
                422,
                451,
                501,
            )
        ),
    ],
)
async def test_what_each_status_means(to_played: Any, status: Any, end: Any) -> None:
    outcome, server = await to_played(status)
    assert outcome.outcome is end is judge_status(status)
    assert outcome.status == status
    assert outcome.gone is (status == 410)
    assert (outcome.retry_at is not None) is (end is Outcome.RETRY)
    assert len(server.requests) == (2 if status in (400, 401) else 1)


async def test_a_redirect_is_never_followed(to_played: Any) -> None:
    outcome, server = await to_played((307, ("location", "https://evil.example/inbox")))
    assert outcome.outcome is Outcome.DEAD
    assert [request.url for request in server.requests] == [f"{SHOP}/inbox"]


async def test_no_connection_is_tried_again_with_growing_pauses(ana: Any, to_played: Any) -> None:
    sender = ana.account("ana")
    first, _ = await to_played(FetchFailed("no connection"))
    assert first.outcome is Outcome.RETRY
    assert first.retry_at - ana.clock() == timedelta(seconds=16 * 1.25)
    later, _ = await to_played(FetchFailed("x"), job=ana.job(sender, f"{SHOP}/inbox", {}, attempts=9))
    assert later.retry_at - ana.clock() == timedelta(seconds=10015 * 1.25)


async def test_retry_after_is_obeyed_but_capped(ana: Any, to_played: Any) -> None:
    outcome, _ = await to_played((429, ("retry-after", "1200")))
    assert outcome.retry_at - ana.clock() == timedelta(seconds=1200 * 1.25)
    outcome, _ = await to_played((503, ("retry-after", "99999999999")))
    assert outcome.retry_at - ana.clock() == timedelta(seconds=3600 * 1.25)


async def test_nothing_is_tried_past_its_own_end(ana: Any, to_played: Any) -> None:
    sender = ana.account("ana")
    soon = ana.job(sender, f"{SHOP}/inbox", {}, give_up_at=ana.clock() + timedelta(seconds=15))
    outcome, server = await to_played(FetchFailed("down"), job=soon)
    assert (outcome.outcome, len(server.requests)) == (Outcome.EXPIRED, 1)
    ana.clock.forward(seconds=15)
    outcome, server = await to_played(202, job=soon)
    assert (outcome.outcome, outcome.attempted, server.requests) == (Outcome.EXPIRED, False, [])


@pytest.mark.parametrize(
    "inbox",
    [
        "https://127.0.0.1/inbox",
        "https://[::1]/inbox",
        "http://shop.example/inbox",
        "https://shop.example:25/inbox",
        "https://169.254.169.254/latest",
        "https://shop.example/inbox#x",
    ],
)
async def test_e16_a_forbidden_inbox_is_final_and_nothing_is_sent(
    ana: Any, to_played: Any, inbox: Any
) -> None:
    outcome, server = await to_played(202, job=ana.job(ana.account("ana"), inbox, {}))
    assert (outcome.outcome, server.requests) == (Outcome.DEAD, [])


@pytest.mark.parametrize("inbox", ["ftp://shop.example/", "not an address", "https://m@shop.example/inbox"])
async def test_an_inbox_that_is_no_address_is_final(ana: Any, to_played: Any, inbox: Any) -> None:
    outcome, server = await to_played(202, job=ana.job(ana.account("ana"), inbox, {}))
    assert (outcome.outcome, outcome.attempted, server.requests) == (Outcome.DEAD, False, [])


async def test_a_name_that_resolves_to_loopback_is_final(to_played: Any) -> None:
    outcome, _ = await to_played(AddressRefused("resolves to 127.0.0.1"))
    assert outcome.outcome is Outcome.DEAD
    assert "guard" in outcome.detail


async def test_an_inbox_is_written_in_its_canonical_form(ana: Any, to_played: Any) -> None:
    _, server = await to_played(202, job=ana.job(ana.account("ana"), "HTTPS://Shop.Example:443/inbox", {}))
    assert server.requests[0].url == f"{SHOP}/inbox"


async def test_an_unreadable_answer_counts_by_its_status(to_played: Any) -> None:
    outcome, _ = await to_played(DocumentRefused("encoded", status=202))
    assert outcome.outcome is Outcome.DELIVERED
    outcome, _ = await to_played(DocumentRefused("cut off"))
    assert outcome.outcome is Outcome.RETRY


# --- the circuit -----------------------------------------------------------------------------------------


async def test_five_failures_in_a_row_open_the_circuit_and_then_nothing_is_sent(
    ana: Any, to_played: Any
) -> None:
    for _ in range(CIRCUIT_FAILURES):
        _, server = await to_played(FetchFailed("down"))
        assert len(server.requests) == 1
    state = await ana.hosts.find(SHOP)
    assert state.open_until == ana.clock() + timedelta(seconds=60)
    assert state.failing_since == ana.clock()
    outcome, server = await to_played(202)
    assert (outcome.outcome, outcome.attempted, server.requests) == (Outcome.RETRY, False, [])
    assert (outcome.retry_at, outcome.hold_until) == (None, state.open_until)


async def test_a_half_open_circuit_lets_one_probe_through(ana: Any, to_played: Any) -> None:
    await ana.hosts.save(HostState(SHOP, failures=5, open_until=ana.clock()))
    seen: list[Any] = []

    class Nosy(Played):
        async def exchange(self, message: HttpMessage, **bounds: Any) -> HttpMessage:
            seen.append(await to_played(202))
            return await super().exchange(message, **bounds)

    sender = ana.account("ana")
    client = Client(ClientConfig(), engine=Nosy(202))
    outcome = await deliver(ana.job(sender, f"{SHOP}/inbox", {}), replace(ana.ports, client=client))
    assert outcome.outcome is Outcome.DELIVERED
    ((other, server),) = seen
    assert (other.outcome, other.attempted, server.requests) == (Outcome.RETRY, False, [])
    assert (await ana.hosts.find(SHOP)).failures == 0


async def test_a_failed_probe_opens_the_circuit_for_longer(ana: Any, to_played: Any) -> None:
    await ana.hosts.save(HostState(SHOP, failures=5, open_until=ana.clock(), failing_since=ana.clock()))
    await to_played(503)
    state = await ana.hosts.find(SHOP)
    assert (state.failures, state.open_until) == (6, ana.clock() + timedelta(seconds=120))


def test_the_circuit_grows_to_an_hour_and_no_further(ana: Any) -> None:
    state = HostState(SHOP)
    pauses = []
    for _ in range(40):
        state = after_failure(state, ana.clock())
        pauses.append((state.open_until - ana.clock()).total_seconds() if state.open_until else 0)
    assert pauses[:8] == [0, 0, 0, 0, 60, 120, 240, 480]
    assert pauses[-1] == 3600


async def test_a_refusal_shows_that_the_host_lives(ana: Any, to_played: Any) -> None:
    await ana.hosts.save(HostState(SHOP, failures=4, failing_since=ana.clock()))
    await to_played(404)
    state = await ana.hosts.find(SHOP)
    assert (state.failures, state.failing_since) == (0, None)


async def test_a_healthy_host_is_not_written_down_at_every_delivery(ana: Any, to_played: Any) -> None:
    await to_played(202)
    assert await ana.hosts.find(SHOP) is None


async def test_a_message_does_not_die_untried_behind_an_open_circuit(ana: Any, to_played: Any) -> None:
    sender = ana.account("ana")
    await ana.hosts.save(HostState(SHOP, failures=9, open_until=ana.clock() + timedelta(hours=1)))
    job = ana.job(sender, f"{SHOP}/inbox", {}, give_up_at=ana.clock() + timedelta(minutes=10))
    outcome, _ = await to_played(202, job=job)
    assert outcome.hold_until == ana.clock() + timedelta(hours=1)
    ana.clock.forward(seconds=595)
    outcome, server = await to_played(202, job=job)
    assert (outcome.outcome, len(server.requests)) == (Outcome.DELIVERED, 1)


# --- Retry-After -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("0", 0),
        (" 30 ", 30),
        ("9" * 400, 3600),
        ("Sun, 22 Nov 2026 10:02:00 GMT", 120),
        ("Sun, 22 Nov 2026 10:02:00 -0000", 120),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0),
        ("Sun, 22 Nov 2099 09:00:00 GMT", 3600),
        ("Sun, 31 Feb 2026 09:00:00 GMT", None),
        ("Sun, 22 Nov 99999 09:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_or_ignored(ana: Any, value: Any, seconds: Any) -> None:
    assert parse_retry_after(value, ana.clock()) == seconds
