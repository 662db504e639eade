"""The inbox against requests of every kind; `receive` is called as the route calls it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from federation import signatures
from federation.activity import parse_activity
from federation.digest import cavage_digest
from federation.errors import (
    AuthenticationFailed,
    Forbidden,
    InvalidDocument,
    InvalidJson,
    KeyUnknown,
    NotHere,
    ProofInvalid,
    ProofMissing,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
    TemporarilyUnavailable,
    TooLarge,
    TooManyRequests,
    UnsupportedMediaType,
)
from federation.inbox import InboxDependencies, Reception, authenticate, receive, receive_local
from federation.keys import generate_ed25519
from federation.messages import HttpMessage, Limits
from federation.ports import HostState, SignatureSpec
from federation.proofs import add_proof
from federation.rates import SenderRates
from federation.strictjson import dump_json

pytestmark = pytest.mark.anyio
INBOX = "https://ana.example/inbox"


def refused(receipt: Any, error: type, status: int) -> None:
    assert receipt.outcome is Reception.REFUSED, receipt
    assert type(receipt.error) is error, repr(receipt.error)
    assert receipt.status == status


# --- the good path ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ["cavage", "rfc9421"])
async def test_a_signed_note_is_recorded_then_accepted(
    network: Any, ana: Any, shop: Any, a_note: Any, spec: Any
) -> None:
    sender = shop.account("north")
    receipt = await ana.take(network.post(INBOX, a_note(sender), key=sender.rsa, spec=spec))
    assert (receipt.status, receipt.outcome) == (202, Reception.ACCEPTED)
    assert (receipt.actor, receipt.activity_id) == (sender.id, a_note(sender)["id"])
    (entry,) = ana.pending
    assert entry.body == dump_json(a_note(sender))
    assert (entry.signer, entry.key_id, entry.proof_key_id) == (sender.id, sender.rsa.id, "")
    assert entry.digest.startswith("zQm")
    assert entry.received_at == network.clock()
    assert ana.woken == 1


async def test_a_deal_message_by_a_persona_carries_signature_and_proof_by_one_key(
    network: Any, ana: Any, shop: Any, a_deal: Any
) -> None:
    persona, vendor = ana.persona("RANDOM"), shop.account("north")
    message = network.post(vendor.inbox, a_deal(persona, vendor.id), key=persona.ed25519)
    receipt = await shop.take(message, vendor.id)
    assert receipt.outcome is Reception.ACCEPTED
    (entry,) = shop.pending
    assert entry.proof_key_id == persona.ed25519.id
    assert entry.recipient == vendor.id


async def test_what_was_parsed_is_handed_on_as_the_body_would_be_parsed_again(
    network: Any, ana: Any, shop: Any, a_note: Any, a_deal: Any
) -> None:
    persona, vendor = ana.persona("RANDOM"), shop.account("north")
    await shop.take(network.post(vendor.inbox, a_deal(persona, vendor.id), key=persona.ed25519), vendor.id)
    await shop.take(network.post(vendor.inbox, a_note(persona, "2"), key=persona.ed25519), vendor.id)
    await receive_local(
        dump_json(a_deal(vendor, vendor.id, "3")), actor=vendor.id, recipient=vendor.id, deps=shop.deps
    )
    assert len(shop.pending) == 3
    for entry in shop.pending:
        assert entry.activity == parse_activity(entry.body)


async def test_a_verified_rfc_9421_request_teaches_how_its_server_signs(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    persona = shop.persona("P")
    await ana.hosts.save(HostState("https://shop.example", failures=5, open_until=network.clock()))
    await ana.take(network.post(INBOX, a_note(persona), key=persona.ed25519))
    state = await ana.hosts.find("https://shop.example")
    assert (state.spec, state.ed25519, state.learned_at) == (SignatureSpec.RFC9421, True, network.clock())
    assert (state.open_until, state.failures) == (None, 5)
    await ana.take(network.post(INBOX, a_note(persona, "2"), key=persona.ed25519))
    assert await ana.hosts.find("https://shop.example") is state, "nothing new, nothing written"


async def test_a_cavage_request_teaches_nothing(network: Any, ana: Any, shop: Any, a_note: Any) -> None:
    sender = shop.account("north")
    await ana.take(network.post(INBOX, a_note(sender), key=sender.rsa))
    state = await ana.hosts.find("https://shop.example")
    assert state is None or state.spec is not SignatureSpec.RFC9421


# --- limits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "status"),
    [
        ({"method": "PUT"}, NotHere, 404),
        ({"url": "https://other.example/inbox"}, NotHere, 404),
        ({"url": "https://ana.example.evil.example/inbox"}, NotHere, 404),
        ({"body": b"x" * (256 * 1024 + 1)}, TooLarge, 413),
    ],
)
async def test_what_is_no_post_to_an_inbox_of_ours_is_refused_first(
    network: Any, ana: Any, shop: Any, change: Any, error: Any, status: Any
) -> None:
    sender = shop.account("north")
    message = replace(network.post(INBOX, b"{}", key=sender.rsa), **change)
    refused(await ana.take(message), error, status)
    assert network.seen == []


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/json"},
        {"content_type": "multipart/form-data; boundary=x"},
        {"content_encoding": "gzip"},
        {"content_encoding": "identity, gzip"},
    ],
)
async def test_a14_a15_other_content_is_415(network: Any, ana: Any, shop: Any, headers: Any) -> None:
    message = network.post(INBOX, b"{}", key=shop.account("north").rsa, **headers)
    refused(await ana.take(message), UnsupportedMediaType, 415)


async def test_two_content_types_are_415(network: Any, ana: Any, shop: Any, a_note: Any) -> None:
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=sender.rsa)
    twice = replace(message, headers=(*message.headers, ("content-type", "text/html")))
    refused(await ana.take(twice), UnsupportedMediaType, 415)


async def test_ld_json_and_identity_are_taken(network: Any, ana: Any, shop: Any, a_note: Any) -> None:
    sender = shop.account("north")
    headers = {"content_type": "application/ld+json", "content_encoding": "Identity"}
    assert (await ana.take(network.post(INBOX, a_note(sender), key=sender.rsa, **headers))).status == 202


async def test_an_inbox_of_nobody_is_404_before_any_work(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    message = network.post("https://ana.example/p/none/inbox", a_note(shop.account("n")), key=None)
    refused(await ana.take(message, "https://ana.example/p/none"), NotHere, 404)


# --- signatures ------------------------------------------------------------------------------------------


async def test_b01_an_unsigned_post_is_401(network: Any, ana: Any, shop: Any, a_note: Any) -> None:
    refused(await ana.take(network.post(INBOX, a_note(shop.account("n")), key=None)), SignatureMissing, 401)


@pytest.mark.parametrize("spec", ["cavage", "rfc9421"])
async def test_b03_a_body_that_was_altered_is_401_without_a_look_up(
    network: Any, ana: Any, shop: Any, a_note: Any, spec: Any
) -> None:
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=sender.rsa, spec=spec)
    refused(await ana.take(replace(message, body=message.body + b" ")), SignatureInvalid, 401)
    assert network.seen == []


@pytest.mark.parametrize("spec", ["cavage", "rfc9421"])
async def test_a_body_without_its_digest_header_is_401(
    network: Any, ana: Any, shop: Any, a_note: Any, spec: Any
) -> None:
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=sender.rsa, spec=spec)
    kept = tuple(pair for pair in message.headers if pair[0] not in ("digest", "content-digest"))
    refused(await ana.take(replace(message, headers=kept)), SignatureInvalid, 401)


async def test_b02_poor_coverage_is_401_without_a_look_up(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    bodyless = network.post(INBOX, b"", key=sender.rsa, spec="rfc9421")
    with_body = replace(bodyless, body=dump_json(a_note(sender)))
    with_digest = with_body.with_headers(
        (
            "content-digest",
            network.post(INBOX, a_note(sender), key=sender.rsa, spec="rfc9421").header("content-digest"),
        )
    )
    refused(await ana.take(with_digest), SignatureInvalid, 401)
    cavage = network.post(INBOX, a_note(sender), key=sender.rsa)
    poor = cavage.with_headers(
        ("signature", cavage.header("signature").replace("(request-target) host date digest", "host digest"))
    )
    refused(await ana.take(poor), SignatureInvalid, 401)
    assert network.seen == []


@pytest.mark.parametrize(
    ("minutes", "spec"), [(66, "cavage"), (-66, "cavage"), (66, "rfc9421"), (-66, "rfc9421")]
)
async def test_a_signature_outside_every_window_is_401_without_a_look_up(
    network: Any, ana: Any, shop: Any, a_note: Any, minutes: Any, spec: Any
) -> None:
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=sender.rsa, spec=spec)
    network.clock.forward(minutes=minutes)
    refused(await ana.take(message), SignatureExpired, 401)
    assert network.seen == []


@pytest.mark.parametrize("minutes", [10, -10])
async def test_b07_b08_our_own_kind_has_five_minutes(
    network: Any, ana: Any, shop: Any, a_note: Any, minutes: Any
) -> None:
    persona = shop.persona("P")
    message = network.post(INBOX, a_note(persona), key=persona.ed25519)
    network.clock.forward(minutes=minutes)
    refused(await ana.take(message), SignatureExpired, 401)


async def test_b09_a_signature_that_has_expired_is_401_without_a_look_up(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=sender.rsa, spec="rfc9421")
    past = int(network.clock().timestamp()) - 1
    signature_input = message.header("signature-input") + f";expires={past}"
    refused(await ana.take(message.with_headers(("signature-input", signature_input))), SignatureExpired, 401)
    assert network.seen == []


async def test_b10_the_same_request_twice_is_202_twice_with_one_record(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=sender.rsa)
    first, second = await ana.take(message), await ana.take(message)
    assert (first.outcome, second.outcome) == (Reception.ACCEPTED, Reception.DUPLICATE)
    assert second.status == 202
    assert len(ana.pending) == 1
    assert ana.woken == 1


async def test_a_replay_is_answered_without_looking_anything_up(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=sender.rsa)
    await ana.take(message)
    before = len(network.seen)
    proxied = replace(message, headers=(*message.headers, ("x-forwarded-for", "192.0.2.1")))
    assert (await ana.take(proxied)).outcome is Reception.DUPLICATE
    assert len(network.seen) == before


async def test_an_old_signature_on_another_body_is_no_replay(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    """A replay is answered unverified; whoever saw a signature must not get a 2xx for other bytes."""
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=sender.rsa)
    await ana.take(message)
    other = dump_json(a_note(sender, "2"))
    forged = replace(message, body=other).with_headers(("digest", cavage_digest(other)))
    refused(await ana.take(forged), SignatureInvalid, 401)


async def test_b11_b13_a_signature_holds_for_one_address(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender, bob = shop.account("north"), ana.account("bob")
    message = network.post(INBOX, a_note(sender), key=sender.rsa)
    refused(await ana.take(replace(message, url=bob.inbox), bob.id), SignatureInvalid, 401)
    refused(await ana.take(replace(message, url=INBOX + "?x=<>")), SignatureInvalid, 401)


@pytest.mark.parametrize("key_id", ["data:,x", "file:///etc/passwd", "did:key:z6Mk", "acct:m@evil.example"])
async def test_b18_a_key_id_that_is_no_web_address_is_401_without_a_look_up(
    network: Any, ana: Any, shop: Any, a_note: Any, key_id: Any
) -> None:
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=replace(sender.rsa, id=key_id))
    refused(await ana.take(message), KeyUnknown, 401)
    assert network.seen == []


async def test_b22_unknown_keys_are_looked_up_so_often_and_then_429(
    network: Any, ana: Any, evil: Any, a_note: Any
) -> None:
    sender = evil.account("m")
    statuses = []
    for n in range(70):
        key = replace(sender.rsa, id=f"https://evil.example/k/{n}#main-key")
        statuses.append((await ana.take(network.post(INBOX, a_note(sender), key=key))).status)
    assert statuses == [401] * 60 + [429] * 10
    assert len(network.seen) <= 2 * 60
    key = replace(sender.rsa, id="https://evil.example/k/last#main-key")
    receipt = await ana.take(network.post(INBOX, a_note(sender), key=key))
    refused(receipt, TooManyRequests, 429)
    assert receipt.error.retry_after_s > 0


async def test_a_stranger_who_names_our_own_key_makes_us_fetch_nothing(
    network: Any, ana: Any, evil: Any, a_note: Any
) -> None:
    mine, theirs = ana.account("ana"), evil.account("m")
    forged = network.post(INBOX, a_note(mine), key=replace(theirs.rsa, id=mine.rsa.id))
    refused(await ana.take(forged), Forbidden, 403)
    assert network.seen == []


async def test_signature_input_beside_a_good_cavage_signature_is_401(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    both = network.post(INBOX, a_note(sender), key=sender.rsa).with_headers(("signature-input", ""))
    refused(await ana.take(both), SignatureInvalid, 401)


# --- keys ------------------------------------------------------------------------------------------------


async def test_c17_a_changed_key_is_noticed_once_and_the_old_one_is_refused(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.persona("P")
    assert (await ana.take(network.post(INBOX, a_note(sender), key=sender.ed25519))).status == 202
    old, new = sender.ed25519, generate_ed25519(sender.ed25519.id, sender.id)
    document = {**sender.document}
    document["assertionMethod"] = [
        {**document["assertionMethod"][0], "publicKeyMultibase": new.public.multibase}
    ]
    shop.serve(sender.id, document)
    assert (await ana.take(network.post(INBOX, a_note(sender, "2"), key=new))).status == 202
    refused(await ana.take(network.post(INBOX, a_note(sender, "3"), key=old)), SignatureInvalid, 401)


async def test_a_bad_signature_makes_one_look_up_in_five_minutes(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    await ana.take(network.post(INBOX, a_note(sender), key=sender.rsa))
    other = generate_ed25519(sender.rsa.id, sender.id)
    before = len(network.seen)
    for n in range(5):
        forged = network.post(INBOX, a_note(sender, f"forged{n}"), key=other)
        refused(await ana.take(forged), SignatureInvalid, 401)
    assert len(network.seen) - before <= 2


async def test_c23_a_key_server_that_is_down_is_503_and_the_resend_succeeds(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    path = "/actors/north"
    kept, shop.documents[path] = shop.documents[path], _down
    message = network.post(INBOX, a_note(sender), key=sender.rsa)
    receipt = await ana.take(message)
    refused(receipt, TemporarilyUnavailable, 503)
    assert receipt.error.retry_after_s > 0
    shop.documents[path] = kept
    assert (await ana.take(message)).outcome is Reception.ACCEPTED


async def _down(_: HttpMessage) -> None:
    raise TemporarilyUnavailable("down", retry_after_s=1)


# --- the document ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"id":1,"id":2}', b'{"a":NaN}', b'{"a":9007199254740993}', b"[" * 100_000, b'{"a":"\\ud800"}',
     b'{"a":"\\u0000"}', b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"{}{}"],
)  # fmt: skip
async def test_d01_to_d09_what_is_not_strict_json_is_400_with_its_place(
    network: Any, ana: Any, shop: Any, body: Any
) -> None:
    receipt = await ana.take(network.post(INBOX, body, key=shop.account("north").rsa))
    refused(receipt, InvalidJson, 400)
    assert receipt.error.place


async def test_d10_restructuring_keywords_are_400(network: Any, ana: Any, shop: Any, a_note: Any) -> None:
    sender = shop.account("north")
    refused(
        await ana.take(network.post(INBOX, {**a_note(sender), "@graph": []}, key=sender.rsa)),
        InvalidDocument,
        400,
    )


async def test_f17_ten_thousand_recipients_are_413(network: Any, ana: Any, shop: Any, a_note: Any) -> None:
    sender = shop.account("north")
    crowd = a_note(sender, to=["a"] * 10_000)
    refused(await ana.take(network.post(INBOX, crowd, key=sender.rsa)), TooLarge, 413)


# --- who may send ----------------------------------------------------------------------------------------


async def test_c01_a_private_message_for_somebody_else_is_401(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any
) -> None:
    victim, sender = shop.account("north"), evil.account("m")
    forged = a_note(victim, to=["https://ana.example/actors/ana"])
    refused(await ana.take(network.post(INBOX, forged, key=sender.rsa)), AuthenticationFailed, 401)
    assert ana.pending == []


async def test_c05_an_id_on_a_foreign_origin_is_403_and_reserves_nothing(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any
) -> None:
    victim, sender = shop.account("north"), evil.account("m")
    squatting = {**a_note(sender), "id": a_note(victim)["id"]}
    refused(await ana.take(network.post(INBOX, squatting, key=sender.rsa)), Forbidden, 403)
    genuine = await ana.take(network.post(INBOX, a_note(victim), key=victim.rsa))
    assert genuine.outcome is Reception.ACCEPTED


async def test_f06_an_object_of_somebody_else_is_403(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any
) -> None:
    victim, sender = shop.account("north"), evil.account("m")
    activity = a_note(sender)
    activity["object"]["attributedTo"] = victim.id
    refused(await ana.take(network.post(INBOX, activity, key=sender.rsa)), Forbidden, 403)


async def test_c21_a_blocked_domain_is_403_with_all_below_it(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    assert (await ana.take(network.post(INBOX, a_note(sender), key=sender.rsa))).status == 202
    ana.blocked.add("example")
    refused(await ana.take(network.post(INBOX, a_note(sender, "2"), key=sender.rsa)), Forbidden, 403)


async def test_a_clean_courier_brings_nothing_of_a_blocked_host(
    network: Any, ana: Any, shop: Any, evil: Any, a_deal: Any, a_note: Any
) -> None:
    author, courier = shop.account("north"), evil.account("courier")
    ana.blocked.add("shop.example")
    refused(await ana.take(network.post(INBOX, a_note(author), key=courier.rsa)), Forbidden, 403)
    assert all(seen.path != "/activities/1" for seen in network.seen)


async def test_c22_an_own_origin_actor_from_outside_is_403(
    network: Any, ana: Any, evil: Any, a_note: Any
) -> None:
    mine, sender = ana.account("ana"), evil.account("m")
    refused(await ana.take(network.post(INBOX, a_note(mine), key=sender.rsa)), Forbidden, 403)


async def test_c22_an_object_on_our_origin_made_from_outside_is_403(
    network: Any, ana: Any, evil: Any, a_note: Any
) -> None:
    sender = evil.account("m")
    activity = a_note(sender)
    activity["object"]["id"] = "https://ana.example/notes/1"
    refused(await ana.take(network.post(INBOX, activity, key=sender.rsa)), Forbidden, 403)


async def test_a_known_id_with_another_body_is_403_and_shown_as_a_conflict(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    await ana.take(network.post(INBOX, a_note(sender), key=sender.rsa))
    other = a_note(sender, summary="changed")
    receipt = await ana.take(network.post(INBOX, other, key=sender.rsa))
    assert (receipt.status, receipt.outcome) == (403, Reception.CONFLICT)
    assert isinstance(receipt.error, Forbidden)
    assert (receipt.actor, len(ana.pending)) == (sender.id, 1)


async def test_one_message_is_one_in_its_actors_inbox_and_in_the_shared_one(
    network: Any, ana: Any, shop: Any, a_deal: Any
) -> None:
    sender, reader = shop.account("north"), ana.account("ana")
    deal = a_deal(sender, reader.id)
    for inbox, recipient, outcome in (
        (f"{reader.id}/inbox", reader.id, Reception.ACCEPTED),
        (INBOX, "", Reception.DUPLICATE),
    ):
        receipt = await ana.take(network.post(inbox, deal, key=sender.rsa), recipient)
        assert receipt.outcome is outcome
    other = a_deal(sender, reader.id, summary="changed")
    receipt = await ana.take(network.post(INBOX, other, key=sender.rsa))
    assert (receipt.status, receipt.outcome) == (403, Reception.CONFLICT)


@pytest.mark.parametrize(
    ("change", "recipient"),
    [
        ({}, "https://ana.example/actors/ana"),
        ({"to": ["https://ana.example/actors/nobody"]}, ""),
        ({"to": ["https://shop.example/actors/north"]}, ""),
        ({"to": ["https://ana.example/actors/ana", "https://b.example/"]}, ""),
        ({"cc": ["https://b.example/"]}, ""),
        ({"to": []}, ""),
    ],
)
async def test_the_shared_inbox_knows_whom_alone_a_message_is_for(
    network: Any, ana: Any, shop: Any, a_note: Any, change: Any, recipient: str
) -> None:
    sender, reader = shop.account("north"), ana.account("ana")
    note = a_note(sender, **{"to": [reader.id], "cc": [], **change})
    assert (await ana.take(network.post(INBOX, note, key=sender.rsa))).outcome is Reception.ACCEPTED
    assert [entry.recipient for entry in ana.pending] == [recipient]


async def test_a_known_id_with_the_same_meaning_is_a_duplicate_whatever_its_white_space(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    await ana.take(network.post(INBOX, a_note(sender), key=sender.rsa))
    network.clock.forward(minutes=1)
    spaced = dump_json(a_note(sender)).replace(b",", b", ")
    receipt = await ana.take(network.post(INBOX, spaced, key=sender.rsa))
    assert (receipt.status, receipt.outcome) == (202, Reception.DUPLICATE)
    assert receipt.activity_id


# --- proofs ----------------------------------------------------------------------------------------------


async def test_a_deal_message_without_a_proof_is_401(
    network: Any, ana: Any, shop: Any, an_unproven_deal: Any
) -> None:
    sender = shop.account("north")
    message = network.post(INBOX, an_unproven_deal(sender, "https://ana.example/actors/ana"), key=sender.rsa)
    refused(await ana.take(message), ProofMissing, 401)


@pytest.mark.parametrize(
    "change",
    [
        {"cryptosuite": "eddsa-rdfc-2022"},
        {"cryptosuite": None},
        {"proofPurpose": "authentication"},
        {"@context": ...},
        {"@context": ["https://www.w3.org/ns/activitystreams"]},
        {"proofValue": "z1"},
    ],
)
async def test_d15_to_d23_a_deal_message_with_a_doubtful_proof_is_401(
    network: Any, ana: Any, shop: Any, a_deal: Any, change: Any
) -> None:
    sender = shop.account("north")
    deal = a_deal(sender, "https://ana.example/actors/ana")
    deal["proof"] = {key: value for key, value in {**deal["proof"], **change}.items() if value is not ...}
    refused(await ana.take(network.post(INBOX, deal, key=sender.rsa)), ProofInvalid, 401)


async def test_d21_a_list_of_proofs_on_a_deal_message_is_401(
    network: Any, ana: Any, shop: Any, a_deal: Any
) -> None:
    sender = shop.account("north")
    deal = a_deal(sender, "https://ana.example/actors/ana")
    for proofs in ([deal["proof"]], [deal["proof"], {}], []):
        message = network.post(INBOX, {**deal, "proof": proofs}, key=sender.rsa)
        refused(await ana.take(message), ProofInvalid, 401)


async def test_d22_a_property_added_after_signing_is_401(
    network: Any, ana: Any, shop: Any, a_deal: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    deal = {**a_deal(sender, "https://ana.example/actors/ana"), "price": "1"}
    refused(await ana.take(network.post(INBOX, deal, key=sender.rsa)), ProofInvalid, 401)


async def test_d17_a_proof_by_somebody_elses_key_is_401(
    network: Any, ana: Any, shop: Any, evil: Any, an_unproven_deal: Any, a_deal: Any
) -> None:
    sender, other = shop.account("north"), shop.account("south")
    deal = an_unproven_deal(sender, "https://ana.example/actors/ana")
    stolen = add_proof(deal, other.ed25519, created=network.clock())
    refused(await ana.take(network.post(INBOX, stolen, key=sender.rsa)), KeyUnknown, 401)


async def test_g23_a_deal_message_signed_by_the_node_actor_is_401(
    network: Any, ana: Any, shop: Any, a_deal: Any
) -> None:
    sender = shop.account("north")
    deal = a_deal(sender, "https://ana.example/actors/ana")
    refused(await ana.take(network.post(INBOX, deal, key=shop.node_key)), AuthenticationFailed, 401)


async def test_a_public_deal_message_takes_no_courier_either(
    network: Any, ana: Any, shop: Any, evil: Any, a_deal: Any
) -> None:
    sender, courier = shop.account("north"), evil.account("m")
    deal = a_deal(sender, "as:Public")
    refused(await ana.take(network.post(INBOX, deal, key=courier.rsa)), AuthenticationFailed, 401)


def _proven(actor: Any, note: dict[str, Any], when: Any) -> dict[str, Any]:
    context = [note["@context"], "https://w3id.org/security/data-integrity/v2"]
    return add_proof({**note, "@context": context}, actor.ed25519, created=when)


async def test_a_foreign_public_activity_with_a_proof_that_we_cannot_read_is_taken(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    proven = _proven(sender, a_note(sender), network.clock())
    shorter = {**proven["proof"], "@context": proven["@context"][:1]}
    without = {key: value for key, value in proven["proof"].items() if key != "@context"}
    odd = [
        {**proven["proof"], "cryptosuite": "mldsa44-jcs-2024"},
        [proven["proof"]],
        shorter,
        without,
        "nonsense",
    ]
    for n, proof in enumerate(odd):
        note = {**proven, "id": f"https://shop.example/activities/odd{n}", "proof": proof}
        receipt = await ana.take(network.post(INBOX, note, key=sender.rsa))
        assert receipt.outcome is Reception.ACCEPTED, proof
    assert all(entry.proof_key_id == "" for entry in ana.pending)


async def test_d15_a_foreign_proof_that_fails_is_401_beside_a_good_signature(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    proven = {**_proven(sender, a_note(sender), network.clock()), "summary": "added"}
    refused(await ana.take(network.post(INBOX, proven, key=sender.rsa)), ProofInvalid, 401)


# --- couriers --------------------------------------------------------------------------------------------


async def test_a_courier_is_believed_by_the_proof(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any
) -> None:
    author, courier = shop.account("north"), evil.account("courier")
    proven = _proven(author, a_note(author), network.clock())
    receipt = await ana.take(network.post(INBOX, proven, key=courier.rsa))
    assert receipt.outcome is Reception.ACCEPTED
    (entry,) = ana.pending
    assert (entry.actor, entry.signer, entry.proof_key_id) == (author.id, courier.id, author.ed25519.id)


async def test_without_a_proof_the_origins_copy_is_taken_not_the_couriers(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any
) -> None:
    author, courier = shop.account("north"), evil.account("courier")
    genuine = a_note(author)
    shop.serve(genuine["id"], genuine)
    receipt = await ana.take(network.post(INBOX, a_note(author, summary="forged"), key=courier.rsa))
    assert receipt.outcome is Reception.ACCEPTED
    (entry,) = ana.pending
    assert entry.body == dump_json(genuine)
    assert (entry.actor, entry.signer) == (author.id, courier.id)


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "https://shop.example/actors/south"},
        {"type": "Announce"},
        {"to": ["https://shop.example/actors/south"]},
        {"https://deals.example/ns#deal": True},
    ],
)
async def test_an_origin_that_holds_something_else_refutes_the_courier(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any, change: Any
) -> None:
    author, courier = shop.account("north"), evil.account("courier")
    shop.serve(a_note(author)["id"], {**a_note(author), **change})
    refused(await ana.take(network.post(INBOX, a_note(author), key=courier.rsa)), AuthenticationFailed, 401)


async def test_an_origin_that_knows_nothing_refutes_the_courier(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any
) -> None:
    author, courier = shop.account("north"), evil.account("courier")
    refused(await ana.take(network.post(INBOX, a_note(author), key=courier.rsa)), AuthenticationFailed, 401)


async def test_an_origin_that_is_down_makes_the_courier_come_back(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any
) -> None:
    author, courier = shop.account("north"), evil.account("courier")
    shop.documents["/activities/1"] = _down
    receipt = await ana.take(network.post(INBOX, a_note(author), key=courier.rsa))
    refused(receipt, TemporarilyUnavailable, 503)
    assert receipt.error.retry_after_s


async def test_a_courier_cannot_bring_an_object_that_is_not_its_authors(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any
) -> None:
    author, courier = shop.account("north"), evil.account("courier")
    activity = a_note(author)
    activity["object"]["attributedTo"] = "https://third.example/actors/t"
    shop.serve(activity["id"], activity)
    refused(await ana.take(network.post(INBOX, activity, key=courier.rsa)), Forbidden, 403)
    assert all(seen.path != "/activities/1" for seen in network.seen)


async def test_an_origin_that_hides_a_foreign_object_behind_a_clean_copy_is_403(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any
) -> None:
    author, courier = shop.account("north"), evil.account("courier")
    held = a_note(author)
    held["object"]["id"] = "https://third.example/notes/1"
    shop.serve(held["id"], held)
    refused(await ana.take(network.post(INBOX, a_note(author), key=courier.rsa)), Forbidden, 403)


# --- actors that are gone --------------------------------------------------------------------------------


def a_farewell(actor: Any) -> dict[str, Any]:
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{actor.id}#delete",
        "type": "Delete",
        "actor": actor.id,
        "object": actor.id,
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
    }


async def test_f12_self_deletes_of_unknown_actors_ask_for_nothing(network: Any, ana: Any, evil: Any) -> None:
    sender = evil.account("m")
    for n in range(200):
        body = {**a_farewell(sender), "id": f"{sender.id}#delete{n}"}
        receipt = await ana.take(network.post(INBOX, body, key=sender.rsa))
        assert (receipt.status, receipt.outcome) == (202, Reception.IGNORED)
    assert network.seen == []
    assert ana.pending == []


async def test_a_large_body_is_not_parsed_for_an_unknown_key(network: Any, ana: Any, evil: Any) -> None:
    sender = evil.account("m")
    large = {**a_farewell(sender), "padding": "x" * 20_000}
    assert (await ana.take(network.post(INBOX, large, key=sender.rsa))).outcome is Reception.ACCEPTED
    assert network.seen, "it went the usual way: key first, then the document"


async def test_f12_deletes_by_unknown_actors_of_what_they_said_ask_for_nothing_either(
    network: Any, ana: Any, evil: Any, a_note: Any
) -> None:
    sender = evil.account("m")
    body = {**a_farewell(sender), "object": a_note(sender)["object"]["id"]}
    assert (await ana.take(network.post(INBOX, body, key=sender.rsa))).outcome is Reception.IGNORED
    assert network.seen == []
    ana.known_actors.add(sender.id)
    assert (await ana.take(network.post(INBOX, body, key=sender.rsa))).outcome is Reception.ACCEPTED


async def test_what_looks_like_a_delete_of_an_unknown_actor_is_verified_where_it_binds_or_cannot_be_read(
    network: Any, ana: Any, evil: Any, a_note: Any
) -> None:
    sender = evil.account("m")
    body = {**a_farewell(sender), "object": a_note(sender)["object"]["id"]}
    body["https://deals.example/ns#deal"] = True
    refused(await ana.take(network.post(INBOX, body, key=sender.rsa)), ProofMissing, 401)
    refused(await ana.take(network.post(INBOX, b'{"type":"Delete"', key=sender.rsa)), InvalidJson, 400)


async def test_the_self_delete_of_an_actor_whose_key_is_known_is_verified(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    await ana.take(network.post(INBOX, a_note(sender), key=sender.rsa))
    shop.documents.clear()
    receipt = await ana.take(network.post(INBOX, a_farewell(sender), key=sender.rsa))
    assert receipt.outcome is Reception.ACCEPTED
    forged = {**a_farewell(sender), "id": f"{sender.id}#again"}
    other = replace(generate_ed25519("x", sender.id), id=sender.rsa.id)
    refused(await ana.take(network.post(INBOX, forged, key=other)), KeyUnknown, 401)


async def test_f13_a_known_actor_is_gone_only_when_its_server_says_410(
    network: Any, ana: Any, shop: Any
) -> None:
    sender = shop.account("north")
    ana.known_actors.add(sender.id)
    message = network.post(INBOX, a_farewell(sender), key=sender.rsa)
    shop.documents.clear()
    refused(await ana.take(message), KeyUnknown, 401)
    assert ana.pending == []
    network.clock.forward(minutes=10)
    shop.serve(sender.id, {"id": sender.id, "type": "Tombstone"}, status=410)
    message = network.post(INBOX, a_farewell(sender), key=sender.rsa)
    receipt = await ana.take(message)
    assert receipt.outcome is Reception.ACCEPTED
    (entry,) = ana.pending
    assert (entry.actor, entry.signer, entry.key_id) == (sender.id, "", "")


async def test_a_farewell_that_somebody_else_signs_is_not_believed_while_the_actor_lives(
    network: Any, ana: Any, shop: Any, evil: Any
) -> None:
    victim, sender = shop.account("north"), evil.account("m")
    ana.known_actors.add(victim.id)
    missing = replace(sender.rsa, id="https://evil.example/none#main-key")
    refused(await ana.take(network.post(INBOX, a_farewell(victim), key=missing)), KeyUnknown, 401)
    shop.documents["/actors/north"] = _down
    again = {**a_farewell(victim), "id": f"{victim.id}#2"}
    key = replace(sender.rsa, id="https://evil.example/none2#main-key")
    refused(await ana.take(network.post(INBOX, again, key=key)), TemporarilyUnavailable, 503)


async def test_a_farewell_that_needs_a_proof_is_not_believed_without(
    network: Any, ana: Any, shop: Any
) -> None:
    sender = shop.account("north")
    ana.known_actors.add(sender.id)
    shop.serve(sender.id, {"id": sender.id, "type": "Tombstone"}, status=410)
    body = {**a_farewell(sender), "https://deals.example/ns#deal": True}
    refused(await ana.take(network.post(INBOX, body, key=sender.rsa)), KeyUnknown, 401)


async def test_an_unknown_key_on_another_message_is_401(
    network: Any, ana: Any, evil: Any, a_note: Any
) -> None:
    sender = evil.account("m")
    evil.documents.clear()
    refused(await ana.take(network.post(INBOX, a_note(sender), key=sender.rsa)), KeyUnknown, 401)


# --- signed GETs -----------------------------------------------------------------------------------------


async def test_a_signed_get_is_authenticated(network: Any, ana: Any, shop: Any) -> None:
    reader = shop.persona("P")
    request = HttpMessage.request("GET", "https://ana.example/deals/1/log")
    signed = signatures.sign(request, reader.ed25519, now=network.clock())
    signer = await authenticate(signed, deps=ana.deps)
    assert (signer.actor, signer.key.id) == (reader.id, reader.ed25519.id)
    with pytest.raises(SignatureMissing):
        await authenticate(request, deps=ana.deps)


# --- between actors of one node --------------------------------------------------------------------------


async def local(ana: Any, body: Any, actor: Any, recipient: Any) -> Any:
    raw = body if isinstance(body, bytes) else dump_json(body)
    return await receive_local(raw, actor=actor.id, recipient=recipient.id, deps=ana.deps)


async def test_actors_of_one_node_deal_with_proofs_and_without_a_look_up(
    network: Any, ana: Any, a_deal: Any
) -> None:
    buyer, seller = ana.persona("P"), ana.account("shop")
    deal = a_deal(buyer, seller.id)
    receipt = await local(ana, deal, buyer, seller)
    assert receipt.outcome is Reception.ACCEPTED
    (entry,) = ana.pending
    assert (entry.signer, entry.proof_key_id, entry.recipient) == ("", buyer.ed25519.id, seller.id)
    assert (await local(ana, deal, buyer, seller)).outcome is Reception.DUPLICATE
    assert network.seen == []


async def test_a_local_message_is_checked_like_any_other(
    network: Any, ana: Any, a_deal: Any, an_unproven_deal: Any, a_note: Any
) -> None:
    buyer, seller, third = ana.persona("P"), ana.account("shop"), ana.account("third")
    refused(await local(ana, an_unproven_deal(buyer, seller.id), buyer, seller), ProofMissing, 401)
    refused(await local(ana, a_deal(buyer, seller.id), third, seller), AuthenticationFailed, 401)
    stolen = add_proof(an_unproven_deal(buyer, seller.id), third.ed25519, created=network.clock())
    refused(await local(ana, stolen, buyer, seller), KeyUnknown, 401)
    by_nobody = {**a_deal(buyer, seller.id)}
    by_nobody["proof"] = {**by_nobody["proof"], "verificationMethod": "https://x.example/#k"}
    refused(await local(ana, by_nobody, buyer, seller), KeyUnknown, 401)
    refused(await local(ana, b"[]", buyer, seller), InvalidJson, 400)
    refused(await local(ana, b" " * 300_000, buyer, seller), TooLarge, 413)
    nobody = replace(seller, id="https://ana.example/p/none")
    refused(await local(ana, a_deal(buyer, seller.id), buyer, nobody), NotHere, 404)
    foreign = a_note(buyer, id="https://x.example/1")
    refused(await local(ana, foreign, buyer, seller), Forbidden, 403)


async def test_a_plain_local_message_needs_no_proof(ana: Any, a_note: Any) -> None:
    buyer, seller = ana.account("ana"), ana.account("shop")
    assert (await local(ana, a_note(buyer), buyer, seller)).outcome is Reception.ACCEPTED


async def test_a_persona_cannot_prove_with_an_rsa_key(network: Any, ana: Any, a_deal: Any) -> None:
    buyer, seller = ana.account("ana"), ana.account("shop")
    deal = a_deal(buyer, seller.id)
    deal["proof"] = {**deal["proof"], "verificationMethod": buyer.rsa.id}
    refused(await local(ana, deal, buyer, seller), KeyUnknown, 401)


async def test_without_further_wiring_nobody_is_known_and_nobody_is_woken(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    kept = {name: getattr(ana.deps, name) for name in InboxDependencies.__slots__}
    plain = InboxDependencies(
        **{k: v for k, v in kept.items() if k not in ("knows_actor", "accepted", "terms")}
    )
    sender = shop.account("north")
    farewell = network.post(INBOX, a_farewell(sender), key=sender.rsa)
    assert (await receive(farewell, recipient="", deps=plain)).outcome is Reception.IGNORED
    note = network.post(INBOX, a_note(sender), key=sender.rsa)
    assert (await receive(note, recipient="", deps=plain)).outcome is Reception.ACCEPTED


async def test_a_broken_farewell_goes_the_usual_way(network: Any, ana: Any, evil: Any) -> None:
    sender = evil.account("m")
    refused(await ana.take(network.post(INBOX, b'{"type":"Delete"', key=sender.rsa)), InvalidJson, 400)
    assert network.seen


# --- how much a sender may send --------------------------------------------------------------------------


def _few(network: Any, party: Any) -> Any:
    """The party's dependencies, where each actor has two messages, and each host two look-ups, a minute."""
    limits = Limits(actor_burst=2, actor_per_second=0.1, key_fetches_per_host=2)
    party.deps = replace(party.deps, rates=SenderRates(limits))
    return party.deps


async def test_sender_beyond_its_share_is_429_and_says_when(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    _few(network, ana)
    sender = shop.account("north")
    for name in ("1", "2"):
        receipt = await ana.take(network.post(INBOX, a_note(sender, name), key=sender.rsa))
        assert receipt.outcome is Reception.ACCEPTED
    receipt = await ana.take(network.post(INBOX, a_note(sender, "3"), key=sender.rsa))
    refused(receipt, TooManyRequests, 429)
    assert receipt.error.retry_after_s == 10
    assert len(ana.pending) == 2
    network.clock.forward(seconds=10)
    receipt = await ana.take(network.post(INBOX, a_note(sender, "3"), key=sender.rsa))
    assert receipt.outcome is Reception.ACCEPTED


async def test_resent_request_counts_nothing(network: Any, ana: Any, shop: Any, a_note: Any) -> None:
    _few(network, ana)
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=sender.rsa)
    await ana.take(message)
    for _ in range(20):
        assert (await ana.take(message)).outcome is Reception.DUPLICATE
    receipt = await ana.take(network.post(INBOX, a_note(sender, "2"), key=sender.rsa))
    assert receipt.outcome is Reception.ACCEPTED
    assert (await ana.take(message)).outcome is Reception.DUPLICATE


async def test_forged_messages_cost_the_named_sender_nothing(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    sender = shop.account("north")
    await ana.take(network.post(INBOX, a_note(sender, "0"), key=sender.rsa))
    _few(network, ana)
    forger = replace(generate_ed25519("x", sender.id), id=sender.ed25519.id)
    for number in range(20):
        await ana.take(network.post(INBOX, a_note(sender, str(number)), key=forger))
    for name in ("a", "b"):
        receipt = await ana.take(network.post(INBOX, a_note(sender, name), key=sender.rsa))
        assert receipt.outcome is Reception.ACCEPTED


async def test_courier_cannot_make_us_ask_an_origin_without_end(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any
) -> None:
    ana.deps = replace(ana.deps, rates=SenderRates(Limits(key_fetches_per_host=2)))
    author, courier = shop.account("north"), evil.account("courier")
    for name in ("1", "2"):
        refused(
            await ana.take(network.post(INBOX, a_note(author, name), key=courier.rsa)),
            AuthenticationFailed,
            401,
        )
    refused(await ana.take(network.post(INBOX, a_note(author, "3"), key=courier.rsa)), TooManyRequests, 429)
    assert all(seen.path != "/activities/3" for seen in network.seen)


async def test_forged_farewells_cannot_make_us_ask_an_actors_server_without_end(
    network: Any, ana: Any, shop: Any, evil: Any
) -> None:
    _few(network, ana)
    victim, sender = shop.account("north"), evil.account("m")
    ana.known_actors.add(victim.id)
    missing = replace(sender.rsa, id="https://evil.example/none#main-key")
    answers = [
        await ana.take(network.post(INBOX, {**a_farewell(victim), "id": f"{victim.id}#{n}"}, key=missing))
        for n in range(10)
    ]
    assert [answer.status for answer in answers] == [401, 401, *[429] * 8]
    assert sum(seen.path == "/actors/north" for seen in network.seen) == 2


async def test_each_message_is_told_with_how_it_ended(network: Any, ana: Any, shop: Any, a_note: Any) -> None:
    heard: list[tuple[str, str, str]] = []
    ana.deps = replace(
        ana.deps,
        judged=lambda message, receipt: heard.append(
            (message.url, receipt.outcome.value, type(receipt.error).__name__)
        ),
    )
    sender = shop.account("north")
    message = network.post(INBOX, a_note(sender), key=sender.rsa)
    for each in (message, message, network.post(INBOX, a_note(sender), key=None)):
        await ana.take(each)
    assert heard == [
        (INBOX, "accepted", "NoneType"),
        (INBOX, "duplicate", "NoneType"),
        (INBOX, "refused", "SignatureMissing"),
    ]
