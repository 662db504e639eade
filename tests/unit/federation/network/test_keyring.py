from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from federation.client import Client, ClientConfig
from federation.errors import (
    Forbidden,
    KeyUnknown,
    TemporarilyUnavailable,
    TooManyRequests,
)
from federation.fetching import FetchBudget, Fetcher
from federation.ids import domain_matches
from federation.keyring import Keyring
from federation.keys import SigningKey, ed25519_from_seed, generate_rsa
from federation.memory import MemoryPublicKeys
from federation.messages import HttpMessage, Limits
from federation.ports import KnownKey

T = "https://t.example/actors/t"
M = "https://m.example/actors/m"
KEY = T + "#main-key"
Build = Callable[..., dict[str, Any]]


def ed25519(key_id: str, owner: str, seed: int = 1) -> SigningKey:
    return ed25519_from_seed(key_id, owner, bytes([seed]) * 32)


@pytest.fixture(scope="module")
def t_rsa() -> SigningKey:
    return generate_rsa(KEY, T)


@pytest.fixture
def t_proof() -> SigningKey:
    return ed25519(T + "#ed25519-key", T)


class Bench:
    """A keyring over a played world, with what it remembers in view."""

    def __init__(self, world: Any, fetcher: Fetcher, clock: Any) -> None:
        self.world, self.fetcher, self.clock = world, fetcher, clock
        self.keys = MemoryPublicKeys()
        self.blocked: set[str] = set()
        self.limits = Limits()
        self.ring = self.remade()

    def remade(self) -> Keyring:
        return Keyring(self.keys, self.fetcher, self.clock, self.limits, self.is_blocked)

    def is_blocked(self, host: str) -> bool:
        return any(domain_matches(host, domain) for domain in self.blocked)

    def resolve(self, key_id: str, **options: Any) -> Any:
        options.setdefault("budget", FetchBudget())
        return asyncio.run(self.ring.resolve(key_id, **options))

    def prove(self, key_id: str, actor: str, **options: Any) -> Any:
        return asyncio.run(self.ring.resolve_for_proof(key_id, actor, budget=FetchBudget(), **options))


@pytest.fixture
def bench(world: Any, fetcher: Fetcher, clock: Any) -> Bench:
    return Bench(world, fetcher, clock)


# --- whose key ---------------------------------------------------------------------------------------------


def test_a_key_is_the_actors_that_lists_it_and_its_document_is_kept(
    bench: Bench, t_rsa: SigningKey, t_proof: SigningKey, actor_document: Build
) -> None:
    bench.world.put(T, actor_document(T, rsa=t_rsa.public, ed25519=t_proof.public))
    known = bench.resolve(KEY, expected_actor=T)
    assert (known.key, known.actor, known.revoked_at) == (t_rsa.public, T, None)
    assert (known.document, known.fetched_at) == (bench.world.pages[T].body, bench.clock())
    # One fetch shows all of the actor's keys.
    for _ in range(2):
        assert bench.prove(t_proof.id, T).key == t_proof.public
    assert bench.resolve(KEY) == known
    assert bench.world.urls == [T]


@pytest.mark.parametrize(
    "key_id",
    [
        "data:application/activity+json,{}",
        "file:///etc/passwd",
        "did:key:z6MkkPyrMNfaY7PL2cJTJfTaQvmDKXe3Etb6WMjtzfvRg91X",
        "acct:t@t.example",
        "http://127.0.0.1/k",
        "https://127.0.0.1/k",
        "https://[::1]/k",
        "http://t.example/k",
        "https://T@m.example/k",
        "",
        "https://t.example/" + "k" * 10_000,
    ],
)
def test_b18_a_key_id_that_is_no_public_address_is_unknown_with_zero_sockets(
    key_id: str, bench: Bench, clock: Any, hosts: Any, sockets: Any
) -> None:
    async def story() -> None:
        async with Client(ClientConfig()) as client:
            fetcher = Fetcher(client, lambda: None, hosts, clock, Limits())
            ring = Keyring(bench.keys, fetcher, clock, Limits(), lambda host: False)
            with sockets.watching() as events, pytest.raises(KeyUnknown):
                await ring.resolve(key_id, budget=FetchBudget())
            assert events == []

    asyncio.run(story())


def test_a_key_of_another_actor_than_the_message_says_is_unknown(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    bench.world.put(T, actor_document(T, rsa=t_rsa.public))
    for _ in range(2):  # asked, and remembered
        with pytest.raises(KeyUnknown, match="another actor"):
            bench.resolve(KEY, expected_actor=M)
    with pytest.raises(KeyUnknown, match="another actor"):
        bench.resolve(KEY, expected_actor="nobody")


def test_c02_a_bare_key_that_names_an_owner_is_believed_only_when_the_owner_lists_it(
    bench: Bench, actor_document: Build
) -> None:
    key = ed25519("https://t.example/keys/1", T)
    bare = {"id": key.id, "type": "Multikey", "controller": T, "publicKeyMultibase": key.public.multibase}
    bench.world.put(key.id, bare)
    bench.world.put(T, actor_document(T))
    with pytest.raises(KeyUnknown, match="does not list"):
        bench.resolve(key.id)
    bench.clock.advance(minutes=5)
    bench.world.put(T, actor_document(T, ed25519=key.public))
    assert bench.resolve(key.id).actor == T


def test_c02_a_key_document_of_m_that_claims_t_as_owner_is_unknown(bench: Bench) -> None:
    key_id = "https://m.example/key"
    bench.world.put(key_id, {"id": key_id, "owner": T, "publicKeyPem": "x"})
    with pytest.raises(KeyUnknown, match="another origin"):
        bench.resolve(key_id)
    assert bench.world.urls == [key_id]


def test_c02_a_key_without_an_owner_is_unknown(bench: Bench) -> None:
    bench.world.put("https://m.example/key", {"id": "https://m.example/key", "publicKey": ["x", {"id": 7}]})
    with pytest.raises(KeyUnknown, match="no owner"):
        bench.resolve("https://m.example/key")


def test_a_stub_under_the_keys_own_address_leads_to_its_owner(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    # GoToSocial: the key's id has no fragment and answers with a stub whose id is the actor's.
    key = replace(t_rsa.public, id=T + "/main-key")
    listed = {"id": key.id, "owner": T, "publicKeyPem": key.pem}
    bench.world.put(key.id, {"id": T, "preferredUsername": "t", "type": "Person", "publicKey": listed})
    bench.world.put(T, actor_document(T, rsa=key))
    known = bench.resolve(key.id)
    assert known.actor == T
    assert b"inbox" in known.document
    assert bench.world.urls == [key.id, T]


def test_a_stub_that_calls_itself_by_the_keys_address_leads_to_its_owner_too(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    key = replace(t_rsa.public, id=T + "/main-key")
    listed = {"id": key.id, "owner": T, "publicKeyPem": key.pem}
    bench.world.put(key.id, {"id": key.id, "publicKey": listed})
    bench.world.put(T, actor_document(T, rsa=key))
    assert bench.resolve(key.id).actor == T


def test_c04_an_actor_address_that_redirects_to_another_actor_gives_no_key(
    bench: Bench, actor_document: Build
) -> None:
    m_key = ed25519(M + "#main-key", M)
    bench.world.redirect(T, M)
    bench.world.put(M, actor_document(M, ed25519=m_key.public))
    with pytest.raises(KeyUnknown):
        bench.resolve(KEY)
    laundered = actor_document(M, ed25519=replace(m_key.public, id=KEY))
    bench.world.put(M, laundered)
    bench.clock.advance(minutes=5)
    with pytest.raises(KeyUnknown):
        bench.resolve(KEY)


def test_c13_a_fragment_that_looks_like_another_address_changes_nothing(
    bench: Bench, actor_document: Build
) -> None:
    key_id = f"{M}#{T}"
    bench.world.put(M, actor_document(M, ed25519=ed25519(key_id, M).public))
    assert bench.resolve(key_id).actor == M
    with pytest.raises(KeyUnknown):
        bench.resolve(key_id, expected_actor=T)


@pytest.mark.parametrize(
    "listed", [None, 7, "text", [], [None] * 1000, {}, {"id": KEY, "owner": T, "publicKeyPem": "-----"}]
)
def test_c20_a_malformed_public_key_is_no_key(listed: Any, bench: Bench, actor_document: Build) -> None:
    bench.world.put(T, actor_document(T, publicKey=listed))
    with pytest.raises(KeyUnknown):
        bench.resolve(KEY)


def test_an_actor_that_is_only_a_part_of_its_document_has_no_key(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    bench.world.put(T, {**actor_document(T, rsa=t_rsa.public), "id": T + "#me"})
    with pytest.raises(KeyUnknown, match="part of"):
        bench.resolve(KEY)


def test_a_key_with_an_unusable_id_beside_a_good_one_is_passed_over(
    bench: Bench, t_rsa: SigningKey, t_proof: SigningKey, actor_document: Build
) -> None:
    odd = replace(t_proof.public, id=T + "#not an iri")
    bench.world.put(T, actor_document(T, rsa=t_rsa.public, ed25519=odd))
    assert bench.resolve(KEY).actor == T


# --- proofs ------------------------------------------------------------------------------------------------


def test_a_proof_needs_an_ed25519_key_from_the_assertion_methods(
    bench: Bench, t_rsa: SigningKey, t_proof: SigningKey, actor_document: Build
) -> None:
    document = actor_document(T, rsa=t_rsa.public)
    elsewhere = {"id": t_proof.id, "owner": T, "publicKeyPem": t_proof.public.pem}
    document["publicKey"] = [document["publicKey"], elsewhere]
    bench.world.put(T, document)
    for key_id in (KEY, t_proof.id):
        with pytest.raises(KeyUnknown, match="assertion methods"):
            bench.prove(key_id, T)
    assert bench.resolve(t_proof.id).actor == T


def test_an_rsa_key_among_the_assertion_methods_makes_no_proof(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    bench.world.put(T, actor_document(T, ed25519=t_rsa.public))
    assert bench.resolve(KEY).key == t_rsa.public
    with pytest.raises(KeyUnknown, match="assertion methods"):
        bench.prove(KEY, T)


def test_d17_a_proof_by_a_key_of_another_actor_is_refused(
    bench: Bench, t_proof: SigningKey, actor_document: Build
) -> None:
    bench.world.put(T, actor_document(T, ed25519=t_proof.public))
    with pytest.raises(KeyUnknown, match="another actor"):
        bench.prove(t_proof.id, M)


def test_only_so_many_judgements_are_remembered(
    bench: Bench, t_proof: SigningKey, actor_document: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("federation.keyring._REMEMBERED", 1)
    m_key = ed25519(M + "#ed25519-key", M)
    bench.world.put(T, actor_document(T, ed25519=t_proof.public))
    bench.world.put(M, actor_document(M, ed25519=m_key.public))
    for _ in range(2):
        assert bench.prove(t_proof.id, T).actor == T
        assert bench.prove(m_key.id, M).actor == M
    for n in range(3):
        with pytest.raises(KeyUnknown):
            bench.resolve(f"https://m.example/{n}")
    asked = len(bench.world.urls)
    with pytest.raises(KeyUnknown, match="a moment ago"):
        bench.resolve("https://m.example/2")
    assert len(bench.world.urls) == asked


# --- change ------------------------------------------------------------------------------------------------


def test_c17_a_rotated_key_is_fetched_once_and_the_old_one_is_refused(
    bench: Bench, actor_document: Build
) -> None:
    old, new = ed25519(T + "#old", T, 1), ed25519(T + "#new", T, 2)
    bench.world.put(T, actor_document(T, ed25519=old.public))
    assert bench.resolve(old.id).key == old.public
    bench.world.put(T, actor_document(T, ed25519=new.public))
    assert bench.resolve(new.id).key == new.public
    revoked = asyncio.run(bench.keys.find(old.id))
    assert revoked is not None
    assert revoked.revoked_at == bench.clock()
    with pytest.raises(KeyUnknown, match="does not list"):
        bench.resolve(old.id)
    with pytest.raises(KeyUnknown, match="a moment ago"):
        bench.resolve(old.id)
    assert len(bench.world.urls) == 3


def test_c17_a_key_rotated_under_the_same_id_is_refetched_once_in_five_minutes(
    bench: Bench, actor_document: Build
) -> None:
    first, second, third = (ed25519(KEY, T, seed) for seed in (1, 2, 3))
    bench.world.put(T, actor_document(T, ed25519=first.public))
    assert bench.resolve(KEY).key == first.public
    bench.world.put(T, actor_document(T, ed25519=second.public))
    assert bench.resolve(KEY).key == first.public
    assert bench.resolve(KEY, refresh=True).key == second.public
    bench.world.put(T, actor_document(T, ed25519=third.public))
    assert bench.resolve(KEY, refresh=True).key == second.public
    assert len(bench.world.urls) == 2
    bench.clock.advance(minutes=5)
    assert bench.resolve(KEY, refresh=True).key == third.public


def test_c19_an_actor_that_is_gone_loses_all_its_keys(
    bench: Bench, t_rsa: SigningKey, t_proof: SigningKey, actor_document: Build
) -> None:
    bench.world.put(T, actor_document(T, rsa=t_rsa.public, ed25519=t_proof.public))
    bench.resolve(KEY)
    bench.world.status(T, 410)
    with pytest.raises(KeyUnknown, match="deleted"):
        bench.resolve(KEY, refresh=True)
    for key_id in (KEY, t_proof.id):
        kept = asyncio.run(bench.keys.find(key_id))
        assert kept is not None
        assert kept.revoked_at == bench.clock()
        assert kept.document


def test_an_actor_that_was_never_known_and_is_gone_is_unknown(bench: Bench) -> None:
    bench.world.status(T, 410)
    with pytest.raises(KeyUnknown, match="deleted"):
        bench.resolve(KEY)


def test_c23_a_passing_failure_is_answered_503_and_the_next_try_succeeds(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    for fail in (bench.world.fail, lambda url: bench.world.status(url, 503)):
        fail(T)
        with pytest.raises(TemporarilyUnavailable) as refused:
            bench.resolve(KEY)
        assert refused.value.retry_after_s == 30
    bench.world.put(T, actor_document(T, rsa=t_rsa.public))
    assert bench.resolve(KEY).actor == T


# --- blocked -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key_id", ["https://evil.example/k", "https://sub.EVIL.example/k"])
def test_c21_a_blocked_domain_and_its_subdomains_are_not_even_asked(key_id: str, bench: Bench) -> None:
    bench.blocked.add("evil.example")
    with pytest.raises(Forbidden):
        bench.resolve(key_id)
    assert bench.world.urls == []


def test_c21_a_key_laundered_through_a_clean_host_is_forbidden(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    bench.blocked.add("evil.example")
    clean, evil = "https://clean.example/key", "https://evil.example/u"
    bench.world.put(clean, {"id": clean, "owner": evil, "publicKeyPem": "x"})
    with pytest.raises(Forbidden):
        bench.resolve(clean)
    redirecting = "https://clean.example/2"
    bench.world.redirect(redirecting, evil)
    bench.world.put(evil, actor_document(evil))
    with pytest.raises(Forbidden):
        bench.resolve(redirecting)


def test_c21_an_owner_whose_document_moved_to_a_blocked_host_is_forbidden(
    bench: Bench, actor_document: Build
) -> None:
    bench.blocked.add("evil.example")
    clean, evil = "https://clean.example/key", "https://evil.example/u"
    bench.world.put(clean, {"id": clean, "owner": "https://clean.example/u", "publicKeyPem": "x"})
    bench.world.redirect("https://clean.example/u", evil)
    bench.world.put(evil, actor_document(evil))
    with pytest.raises(Forbidden):
        bench.resolve(clean)


def test_c21_a_key_whose_own_document_lies_on_a_blocked_host_is_forbidden(
    bench: Bench, t_proof: SigningKey, actor_document: Build
) -> None:
    bench.blocked.add("evil.example")
    clean, evil = "https://t.example/keys/1", "https://evil.example/keys/1"
    bench.world.redirect(clean, evil)
    bench.world.put(evil, {"id": evil, "controller": T, "publicKeyMultibase": "z"})
    bench.world.put(T, actor_document(T, ed25519=replace(t_proof.public, id=clean)))
    with pytest.raises(Forbidden):
        bench.resolve(clean)


def test_c21_a_remembered_key_of_an_owner_on_a_blocked_host_is_forbidden(
    bench: Bench, t_proof: SigningKey
) -> None:
    bench.blocked.add("evil.example")
    known = KnownKey(t_proof.public, "https://evil.example/u", b"{}", bench.clock())
    asyncio.run(bench.keys.save(known))
    with pytest.raises(Forbidden):
        bench.resolve(t_proof.id)


def test_c21_a_domain_blocked_after_its_key_was_learned_is_forbidden(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    bench.world.put(T, actor_document(T, rsa=t_rsa.public))
    bench.resolve(KEY)
    bench.blocked.add("t.example")
    with pytest.raises(Forbidden):
        bench.resolve(KEY)


# --- bounds ------------------------------------------------------------------------------------------------


def test_b22_a_flood_of_unknown_keys_is_capped_and_then_told_to_wait(bench: Bench) -> None:
    unknown, waits = 0, []
    for n in range(1000):
        try:
            bench.resolve(f"https://m{n}.example/key")
        except KeyUnknown:
            unknown += 1
        except TooManyRequests as error:
            waits.append(error.retry_after_s)
    assert (unknown, waits) == (300, [61] * 700)
    assert len(bench.world.urls) == 300
    bench.clock.advance(seconds=30)
    with pytest.raises(TooManyRequests) as later:
        bench.resolve("https://m.example/key")
    assert later.value.retry_after_s == 31
    bench.clock.advance(seconds=30)
    with pytest.raises(KeyUnknown):
        bench.resolve("https://m.example/key")


def test_a_known_key_is_found_while_unknown_ones_are_capped(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    bench.world.put(T, actor_document(T, rsa=t_rsa.public))
    bench.resolve(KEY)
    bench.limits = replace(bench.limits, key_fetches_per_minute=0)
    bench.ring = bench.remade()
    assert bench.resolve(KEY).actor == T


def test_an_unknown_key_is_not_asked_for_again_for_five_minutes(bench: Bench) -> None:
    for _ in range(3):
        with pytest.raises(KeyUnknown):
            bench.resolve(KEY)
    assert bench.world.urls == [T]
    bench.clock.now += timedelta(minutes=5)
    with pytest.raises(KeyUnknown):
        bench.resolve(KEY)
    assert bench.world.urls == [T, T]


def test_a_message_without_budget_says_nothing_about_the_key(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    bench.world.put(T, actor_document(T, rsa=t_rsa.public))
    with pytest.raises(KeyUnknown):
        bench.resolve(KEY, budget=FetchBudget(0))
    assert bench.resolve(KEY).actor == T


def test_all_who_wait_for_one_key_share_one_flight(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    async def slow(message: HttpMessage) -> None:
        await asyncio.sleep(0.02)

    bench.world.before_answer = slow
    bench.world.put(T, actor_document(T, rsa=t_rsa.public))

    async def story() -> None:
        found = await asyncio.gather(*(bench.ring.resolve(KEY, budget=FetchBudget()) for _ in range(50)))
        assert {known.actor for known in found} == {T}

    asyncio.run(story())
    assert bench.world.urls == [T]


def test_those_who_wait_for_keys_are_bounded_and_a_known_key_needs_no_place(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    """A thousand messages by one slow key must not take every place at which messages are judged."""
    landing = asyncio.Event()

    async def slow(message: HttpMessage) -> None:
        await landing.wait()

    bench.world.put(T, actor_document(T, rsa=t_rsa.public))
    assert bench.resolve(KEY).actor == T
    bench.world.before_answer = slow

    async def story() -> None:
        waiting = [
            asyncio.create_task(bench.ring.resolve(f"{M}#k{n % 7}", budget=FetchBudget())) for n in range(384)
        ]
        await asyncio.sleep(0.02)
        for key_id in (f"{M}#k1", f"{M}#another"):
            with pytest.raises(TemporarilyUnavailable) as refused:
                await bench.ring.resolve(key_id, budget=FetchBudget())
            assert refused.value.retry_after_s == 30
        assert (await bench.ring.resolve(KEY, budget=FetchBudget())).actor == T
        landing.set()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(error) for error in ended} == {KeyUnknown}
        bench.world.before_answer = None
        with pytest.raises(KeyUnknown):
            await bench.ring.resolve(f"{M}#another", budget=FetchBudget())

    asyncio.run(story())


def test_a_flight_lands_for_the_others_when_the_first_gives_up(
    bench: Bench, t_rsa: SigningKey, actor_document: Build
) -> None:
    async def slow(message: HttpMessage) -> None:
        await asyncio.sleep(0.02)

    bench.world.before_answer = slow
    bench.world.put(T, actor_document(T, rsa=t_rsa.public))

    async def story() -> None:
        first = asyncio.create_task(bench.ring.resolve(KEY, budget=FetchBudget()))
        await asyncio.sleep(0.005)
        second = asyncio.create_task(bench.ring.resolve(KEY, budget=FetchBudget()))
        await asyncio.sleep(0.005)
        first.cancel()
        assert (await second).actor == T

    asyncio.run(story())
    assert bench.world.urls == [T]


def test_a_flight_that_is_cut_short_leaves_nothing_behind(bench: Bench) -> None:
    async def hang(message: HttpMessage) -> None:
        await asyncio.sleep(60)

    bench.world.before_answer = hang

    async def story() -> None:
        waiting = asyncio.create_task(bench.ring.resolve(KEY, budget=FetchBudget()))
        await asyncio.sleep(0.005)
        waiting.cancel()

    asyncio.run(story())
    bench.world.before_answer = None
    with pytest.raises(KeyUnknown):
        bench.resolve(KEY)


def test_clock_set_back_does_not_make_a_failed_key_unknown_until_it_is_there_again(
    bench: Bench, t_rsa: Any, actor_document: Any
) -> None:
    with pytest.raises(KeyUnknown):
        bench.resolve(KEY)
    bench.world.put(T, actor_document(T, rsa=t_rsa.public))
    bench.clock.advance(days=-2)
    assert bench.resolve(KEY).actor == T
