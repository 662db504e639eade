"""Attacks that stand in no list; each tries to get a second meaning, a second effect, or work for nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from federation.authentication import parse_claim, replay_key_of
from federation.delivery import deliver
from federation.inbox import Reception
from federation.messages import HttpMessage
from federation.ports import HostState, SignatureSpec
from federation.proofs import add_proof
from federation.strictjson import dump_json

pytestmark = pytest.mark.anyio
INBOX = "https://ana.example/inbox"


async def test_what_was_signed_for_another_server_is_not_taken_here(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    for spec in ("cavage", "rfc9421"):
        for_third = network.post("https://third.example/inbox", a_note(sender), key=sender.rsa, spec=spec)
        moved = replace(for_third, url=INBOX).with_headers(("host", "ana.example"))
        assert (await ana.take(moved)).status == 401


async def test_an_actor_has_one_spelling_whatever_is_written(
    network: Any, ana: Any, shop: Any, an_unproven_deal: Any, a_note: Any
) -> None:
    """Of evidence nothing but that spelling is taken; elsewhere it is what we go on with."""
    sender = shop.account("north")
    to = "https://ana.example/actors/ana"
    for n, host in enumerate(("SHOP.example", "shop.example:443", "shop.example.", "ｓhop.example")):
        spelling = f"https://{host}/actors/north"
        deal = {**an_unproven_deal(sender, to, str(n)), "actor": spelling}
        deal["object"] = {**deal["object"], "attributedTo": spelling}
        proven = add_proof(deal, sender.ed25519, created=network.clock())
        assert (await ana.take(network.post(INBOX, proven, key=sender.rsa))).status in (400, 401, 403), host
        note = {**a_note(sender, f"n{n}"), "actor": spelling}
        await ana.take(network.post(INBOX, note, key=sender.rsa))
    assert {entry.actor for entry in ana.pending} <= {sender.id}
    assert not any("#deal" in entry.body.decode() for entry in ana.pending)


async def test_evidence_has_ids_in_one_spelling(
    network: Any, ana: Any, shop: Any, an_unproven_deal: Any
) -> None:
    sender = shop.account("north")
    deal = an_unproven_deal(sender, "https://ana.example/actors/ana")
    proven = add_proof({**deal, "id": deal["id"].upper()}, sender.ed25519, created=network.clock())
    receipt = await ana.take(network.post(INBOX, proven, key=sender.rsa))
    assert (receipt.status, receipt.error.place) == (400, "/id")


async def test_an_actor_on_another_path_or_fragment_is_another_actor(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    for path in ("/actors/%6Eorth", "/actors/north#", "/actors/./north", "/actors/north/", "/actors/North"):
        note = {**a_note(sender), "actor": f"https://shop.example{path}", "to": ["https://ana.example/a"]}
        assert (await ana.take(network.post(INBOX, note, key=sender.rsa))).status == 401, path
    assert ana.pending == []


async def test_one_id_in_two_spellings_is_one_id(network: Any, ana: Any, shop: Any, a_note: Any) -> None:
    sender = shop.account("north")
    assert (await ana.take(network.post(INBOX, a_note(sender), key=sender.rsa))).status == 202
    shouted = {**a_note(sender), "id": "https://SHOP.EXAMPLE:443/activities/1"}
    receipt = await ana.take(network.post(INBOX, shouted, key=sender.rsa))
    assert receipt.outcome is Reception.CONFLICT
    assert len(ana.pending) == 1


@pytest.mark.parametrize(
    "victim", ["https://shop.example/actors/north", "https://shop.example/actors/north#main-key"]
)
async def test_a_key_id_cannot_carry_another_address(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any, victim: str
) -> None:
    target, sender = shop.account("north"), evil.account("m")
    private = a_note(target, to=["https://ana.example/actors/ana"])
    for disguise in (
        f"https://evil.example/actors/m#{victim}",
        f"https://evil.example/actors/m?{victim}",
        f"https://evil.example@shop.example/{victim}",
        f"https://evil.example\\@{victim}",
    ):
        message = network.post(INBOX, private, key=replace(sender.rsa, id=disguise))
        assert (await ana.take(message)).status == 401, disguise
    assert ana.pending == []


async def test_twenty_copies_at_once_make_one_record(network: Any, ana: Any, shop: Any, a_note: Any) -> None:
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=sender.rsa)
    receipts = await asyncio.gather(*(ana.take(message) for _ in range(20)))
    assert [receipt.status for receipt in receipts] == [202] * 20
    assert [receipt.outcome for receipt in receipts].count(Reception.ACCEPTED) == 1
    assert (len(ana.pending), ana.woken) == (1, 1)
    fetched = [seen for seen in network.seen if seen.method == "GET"]
    assert len(fetched) == 1, "and ask for the key once"


async def test_twenty_bodies_under_one_id_at_once_make_one_record(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    posts = [network.post(INBOX, a_note(sender, summary=str(n)), key=sender.rsa) for n in range(20)]
    outcomes = [receipt.outcome for receipt in await asyncio.gather(*(ana.take(post) for post in posts))]
    assert outcomes.count(Reception.ACCEPTED) == 1
    assert outcomes.count(Reception.CONFLICT) == 19


async def test_a_blocked_server_learns_nothing_from_its_farewell(network: Any, ana: Any, evil: Any) -> None:
    sender = evil.account("m")
    ana.blocked.add("evil.example")
    body = {"id": f"{sender.id}#d", "type": "Delete", "actor": sender.id, "object": sender.id}
    assert (await ana.take(network.post(INBOX, body, key=sender.rsa))).status == 403
    assert network.seen == []


async def test_a_courier_cannot_bury_a_farewell_of_its_own_making(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any
) -> None:
    """A public self-Delete of somebody else, signed by a known courier: the victim lives."""
    victim, courier = shop.account("north"), evil.account("m")
    await ana.take(network.post(INBOX, a_note(courier), key=courier.rsa))
    body = {
        "id": f"{victim.id}#d",
        "type": "Delete",
        "actor": victim.id,
        "object": victim.id,
        "to": "as:Public",
    }
    assert (await ana.take(network.post(INBOX, body, key=courier.rsa))).status == 401
    assert len(ana.pending) == 1


async def test_a_verified_stranger_changes_what_we_know_of_no_other_host(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any
) -> None:
    author, courier = shop.account("north"), evil.persona("P")
    open_until = network.clock.now
    kept = HostState("https://shop.example", SignatureSpec.CAVAGE, failures=6, open_until=open_until)
    await ana.hosts.save(kept)
    shop.serve(a_note(author)["id"], a_note(author))
    receipt = await ana.take(network.post(INBOX, a_note(author), key=courier.ed25519))
    assert receipt.outcome is Reception.ACCEPTED
    assert await ana.hosts.find("https://shop.example") == kept
    assert (await ana.hosts.find("https://evil.example")).spec is SignatureSpec.RFC9421


async def test_a_peer_that_always_says_401_gets_two_requests_an_attempt(
    network: Any, ana: Any, evil: Any
) -> None:
    sender = ana.account("ana")
    for _ in range(3):
        before = len(network.seen)
        await deliver(ana.job(sender, "https://evil.example/inbox", b"{}"), ana.ports)
        assert len(network.seen) - before <= 2 + 2, "two posts; the other side may look up our key for each"


def test_every_part_of_a_request_is_in_its_replay_key(network: Any, ana: Any, shop: Any, a_note: Any) -> None:
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=sender.rsa)

    def name(changed: HttpMessage) -> bytes:
        return replay_key_of(changed, parse_claim(message, deps=ana.deps, now=network.clock()))

    changed = [
        replace(message, method="PUT"),
        replace(message, url=INBOX + "/"),
        replace(message, body=dump_json({})),
        *(
            message.with_headers((header, "x"))
            for header in ("date", "host", "digest", "signature", "content-type")
        ),
        replace(message, headers=message.headers + message.headers[-1:]),
    ]
    keys = {name(message), *(name(other) for other in changed)}
    assert len(keys) == len(changed) + 1
    assert name(message.with_headers(("user-agent", "x"))) == name(message)


async def test_deep_and_wide_documents_are_answered_at_once(network: Any, ana: Any, shop: Any) -> None:
    sender = shop.account("north")
    head = b'{"id":"https://shop.example/1","type":"Like","actor":"' + sender.id.encode() + b'",'
    bodies = [
        head + b'"' + b"k" * 100_000 + b'":[' + b",".join([b"[]"] * 50_000) + b"]}",
        head + b'"@context":[' + b",".join([b'{"a":"a:b"}'] * 20_000) + b"]}",
        head + b'"@context":{' + b",".join(b'"a%d":"a%d:x"' % (n, n + 1) for n in range(14_000)) + b"}}",
        head + b'"x":[' + b",".join([b"[" * 28 + b"]" * 28] * 4_000) + b"]}",
    ]
    for body in bodies:
        started = asyncio.get_running_loop().time()
        await ana.take(network.post(INBOX, body, key=sender.rsa))
        assert asyncio.get_running_loop().time() - started < 5
