from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest

from federation import cavage, signatures
from federation.auth import signed_tries
from federation.keys import SigningKey
from federation.messages import HttpMessage, Limits
from federation.ports import HostState, SignatureSpec

INBOX = "https://t.example/inbox"
ORIGIN = "https://t.example"
REQUEST = HttpMessage.request("POST", INBOX, {"content-type": "application/activity+json"}, b"{}")


def spec_of(request: HttpMessage) -> SignatureSpec:
    return SignatureSpec.RFC9421 if request.header("signature-input") else SignatureSpec.CAVAGE


def play(
    tries: Generator[HttpMessage, HttpMessage, HostState | None], *answers: HttpMessage | int
) -> tuple[list[HttpMessage], HostState | None]:
    """Send the answers in; the requests that were yielded, and what was learned."""
    requests = [next(tries)]
    for answer in answers:
        sent = answer if isinstance(answer, HttpMessage) else HttpMessage(status=answer)
        try:
            requests.append(tries.send(sent))
        except StopIteration as end:
            return requests, end.value
    raise AssertionError("another request was yielded after the last answer")


def test_a_stranger_gets_the_older_signature_and_an_accepted_one_teaches_nothing(
    rsa_key: SigningKey, ed25519_key: SigningKey, clock: Any
) -> None:
    tries = signed_tries(REQUEST, rsa=rsa_key, ed25519=ed25519_key, state=None, now=clock)
    (request,), learned = play(tries, 202)
    assert learned is None
    cavage.verify(request, rsa_key.public, now=clock(), limits=Limits())
    assert request.header("signature-input") is None


@pytest.mark.parametrize("status", [400, 401])
def test_a_refused_signature_is_tried_once_the_other_way_and_what_works_is_remembered(
    status: int, rsa_key: SigningKey, ed25519_key: SigningKey, clock: Any
) -> None:
    tries = signed_tries(REQUEST, rsa=rsa_key, ed25519=ed25519_key, state=None, now=clock)
    (first, second), learned = play(tries, status, 202)
    assert (spec_of(first), spec_of(second)) == (SignatureSpec.CAVAGE, SignatureSpec.RFC9421)
    signatures.verify(second, rsa_key.public, now=clock(), limits=Limits())
    assert learned == HostState(ORIGIN, spec=SignatureSpec.RFC9421, learned_at=clock())


@pytest.mark.parametrize("status", [200, 303, 403, 404, 408, 429, 500, 503])
def test_nothing_else_makes_a_second_knock_or_a_memory(status: int, rsa_key: SigningKey, clock: Any) -> None:
    requests, learned = play(signed_tries(REQUEST, rsa=rsa_key, ed25519=None, state=None, now=clock), status)
    assert len(requests) == 1
    assert learned is None


@pytest.mark.parametrize("status", [400, 401, 404, 500, 302])
def test_a_second_refusal_ends_it_and_teaches_nothing(status: int, rsa_key: SigningKey, clock: Any) -> None:
    tries = signed_tries(REQUEST, rsa=rsa_key, ed25519=None, state=None, now=clock)
    requests, learned = play(tries, 401, status)
    assert len(requests) == 2
    assert learned is None


def test_each_knock_carries_a_fresh_date(rsa_key: SigningKey, clock: Any) -> None:
    state = HostState(ORIGIN, spec=SignatureSpec.RFC9421, learned_at=clock())
    tries = signed_tries(REQUEST, rsa=rsa_key, ed25519=None, state=state, now=clock)
    next(tries)
    clock.advance(seconds=7)
    second = tries.send(HttpMessage(status=401))
    assert second.header("date") == "Sat, 21 Nov 2026 12:00:07 GMT"


def test_an_origin_that_reads_the_newer_one_gets_it_first(
    rsa_key: SigningKey, ed25519_key: SigningKey, clock: Any
) -> None:
    state = HostState(ORIGIN, spec=SignatureSpec.RFC9421, learned_at=clock())
    (request,), learned = play(
        signed_tries(REQUEST, rsa=rsa_key, ed25519=ed25519_key, state=state, now=clock), 202
    )
    signatures.verify(request, rsa_key.public, now=clock(), limits=Limits())
    assert learned is None


def test_an_origin_that_reads_ed25519_gets_that(
    rsa_key: SigningKey, ed25519_key: SigningKey, clock: Any
) -> None:
    state = HostState(ORIGIN, spec=SignatureSpec.RFC9421, ed25519=True, learned_at=clock())
    (request,), _ = play(signed_tries(REQUEST, rsa=rsa_key, ed25519=ed25519_key, state=state, now=clock), 202)
    signatures.verify(request, ed25519_key.public, now=clock(), limits=Limits())
    (request,), _ = play(signed_tries(REQUEST, rsa=rsa_key, ed25519=None, state=state, now=clock), 202)
    signatures.verify(request, rsa_key.public, now=clock(), limits=Limits())


def test_an_origin_that_refuses_the_newer_one_is_demoted(
    rsa_key: SigningKey, ed25519_key: SigningKey, clock: Any
) -> None:
    state = HostState(ORIGIN, spec=SignatureSpec.RFC9421, ed25519=True, learned_at=clock(), failures=2)
    tries = signed_tries(REQUEST, rsa=rsa_key, ed25519=ed25519_key, state=state, now=clock)
    (first, second), learned = play(tries, 401, 202)
    assert (spec_of(first), spec_of(second)) == (SignatureSpec.RFC9421, SignatureSpec.CAVAGE)
    assert learned == HostState(ORIGIN, spec=SignatureSpec.CAVAGE, learned_at=clock(), failures=2)


def test_what_was_learned_is_forgotten_after_thirty_days(rsa_key: SigningKey, clock: Any) -> None:
    state = HostState(ORIGIN, spec=SignatureSpec.RFC9421, learned_at=clock())
    clock.advance(days=30)
    first = next(signed_tries(REQUEST, rsa=rsa_key, ed25519=None, state=state, now=clock))
    assert spec_of(first) is SignatureSpec.RFC9421
    clock.now += timedelta(seconds=1)
    first = next(signed_tries(REQUEST, rsa=rsa_key, ed25519=None, state=state, now=clock))
    assert spec_of(first) is SignatureSpec.CAVAGE


def test_an_origin_that_asks_for_the_newer_one_gets_it_from_then_on(rsa_key: SigningKey, clock: Any) -> None:
    asks = HttpMessage(status=202, headers=(("accept-signature", 'sig1=("@method")'),))
    _, learned = play(signed_tries(REQUEST, rsa=rsa_key, ed25519=None, state=None, now=clock), asks)
    assert learned == HostState(ORIGIN, spec=SignatureSpec.RFC9421, learned_at=clock())
    failing = HttpMessage(status=503, headers=asks.headers)
    _, learned = play(signed_tries(REQUEST, rsa=rsa_key, ed25519=None, state=None, now=clock), failing)
    assert learned is None


def test_an_actor_without_rsa_signs_the_newer_way_only(ed25519_key: SigningKey, clock: Any) -> None:
    (request,), learned = play(
        signed_tries(REQUEST, rsa=None, ed25519=ed25519_key, state=None, now=clock), 401
    )
    signatures.verify(request, ed25519_key.public, now=clock(), limits=Limits())
    assert learned is None


def test_signing_needs_a_key(clock: Any) -> None:
    with pytest.raises(ValueError, match="key"):
        next(signed_tries(REQUEST, rsa=None, ed25519=None, state=None, now=clock))
