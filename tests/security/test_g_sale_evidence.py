"""Group G, for what shows a sale to a plain account later: the signature of the request that brought a word.

Whoever gets the file holds the vendor for able to write anything into it, but for what others' keys signed.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from federation import cavage
from federation.digest import object_digest
from federation.kept_signatures import CAVAGE, RFC9421
from federation.keys import generate_rsa
from federation.messages import HttpMessage, Limits
from federation.proofs import add_proof
from federation.strictjson import dump_json, parse_json_object
from node.domain.plain_quotes import PlainQuote, QuoteState
from node.domain.values import format_time
from node.store.ports import StoredMessage
from node.wire.reports import Report, Whose
from node.wire.verification import verify_bundle
from tests.security.peers import AS, DATA_INTEGRITY, PUBLIC, Peer, a_note
from tests.security.talking import a_quote_for, another_quote, quote_now, say_to
from tests.security.world import World

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
Edit = Callable[[Json], None]
KINDS = {"cavage": CAVAGE, "rsa": RFC9421, "ed25519": RFC9421}


@pytest.fixture
async def quote(world: World) -> PlainQuote:
    return await a_quote_for(world, world.t)


async def say_by_request(world: World, sender: Peer, text: str, kind: str = "cavage", **changes: Any) -> None:
    """A Note without a proof, as most servers send it; `changes` are of the Note itself."""
    created = a_note(sender, world.v.actor("shop"), text)
    created["@context"] = AS
    created["object"].update(changes)
    key = sender.ed25519 if kind == "ed25519" else sender.rsa
    answered = await world.v.post(created, "shop", key=key, old_scheme=kind == "cavage")
    assert answered.status == 202, answered.body
    await world.v.settle()


async def kept_of(world: World, quote: PlainQuote) -> list[StoredMessage]:
    shop = world.v.actor("shop")
    return await world.v.open.node.look(lambda desk: desk.tx.evidence.of_deal(shop, quote.id))


async def exported(world: World, quote: PlainQuote) -> Json:
    bundle: Json = (await world.v.command("deal.export", deal=quote.reference))["bundle"]
    return copy.deepcopy(json.loads(dump_json(bundle)))


def judged(world: World, bundle: Json, **pinned: set[str]) -> Report:
    pins = {world.t.id: pinned["theirs"]} if pinned else {}
    return verify_bundle(dump_json(bundle), pinned=pins, known={}, now=world.clock.now, limits=Limits())


@pytest.mark.parametrize("kind", KINDS)
async def test_word_that_only_its_request_signs_is_kept_with_that_signature_and_verified_offline(
    world: World, quote: PlainQuote, kind: str
) -> None:
    await say_by_request(world, world.t, f"accept {quote.reference}", kind)
    [ours, theirs] = await kept_of(world, quote)
    assert ours.signature is None
    assert theirs.signature is not None
    assert (theirs.signature.scheme, theirs.signature.key_id) == (KINDS[kind], theirs.key_id)
    report = judged(world, await exported(world, quote))
    assert report.problems == ()
    assert report.sale is not None
    assert (report.sale.reference, report.sale.by_server) == (quote.reference, True)
    assert (report.sale.accepted_at, report.sale.cancelled_at) == (world.clock.now, None)
    assert "North Kid 20, red" in report.sale.words
    assert [(seen.kind, seen.by_server) for seen in report.messages] == [("quote", False), ("word", True)]
    assert (report.whose, report.exit_code) == (Whose.RECORDED, 3)


async def test_key_that_the_verifier_knows_to_be_theirs_is_pinned(world: World, quote: PlainQuote) -> None:
    await say_by_request(world, world.t, f"accept {quote.reference}")
    bundle = await exported(world, quote)
    theirs = {party.actor: party for party in judged(world, bundle).parties}[world.t.id]
    [key] = theirs.keys
    assert key.multibase == world.t.rsa.public.multibase
    pinned = judged(world, bundle, theirs={key.multibase})
    assert [one.whose for party in pinned.parties for one in party.keys] == [Whose.RECORDED, Whose.PINNED]
    other = generate_rsa("https://x.example/#k", "https://x.example/").public.multibase
    assert judged(world, bundle, theirs={other}).exit_code == 1


async def test_cancellation_is_kept_with_its_signature_too(world: World, quote: PlainQuote) -> None:
    await say_by_request(world, world.t, f"accept {quote.reference}")
    world.clock.advance(minutes=5)
    await say_by_request(world, world.t, f"@shop cancel {quote.reference}", "rsa")
    assert (await quote_now(world, quote)).state is QuoteState.CANCELLED
    kept = await kept_of(world, quote)
    assert [one.signature is not None for one in kept] == [False, True, True]
    report = judged(world, await exported(world, quote))
    assert report.problems == ()
    assert report.sale is not None
    assert report.sale.cancelled_at == world.clock.now


async def test_word_with_a_proof_of_its_own_needs_no_other_signature(world: World, quote: PlainQuote) -> None:
    await say_to(world, world.t, f"accept {quote.reference}")
    assert [one.signature for one in await kept_of(world, quote)] == [None, None]
    report = judged(world, await exported(world, quote))
    assert report.problems == ()
    assert report.sale is not None
    assert report.sale.by_server is False


async def test_signature_of_what_binds_nobody_is_not_kept(world: World, quote: PlainQuote) -> None:
    for text in ("Hello", f"I accept {quote.reference} if you bring it", "accept"):
        created = a_note(world.t, world.v.actor("shop"), text)
        created["@context"] = AS
        await world.v.post(created, "shop", key=world.t.rsa, old_scheme=True)
        [entry] = await world.v.open.node.db.inbox_log.claim(10, world.clock.now)
        assert entry.signature is None
        await world.v.settle()
    created = a_note(world.t, world.v.actor("shop"), f"@shop accept {quote.reference}")
    created["@context"] = AS
    await world.v.post(created, "shop", key=world.t.rsa, old_scheme=True)
    [entry] = await world.v.open.node.db.inbox_log.claim(10, world.clock.now)
    assert entry.signature is not None


# --- what was changed in the file -------------------------------------------------------------------------


def flip(raw: bytes, place: int = 40) -> bytes:
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


def edit_bytes(place: Json, name: str, change: Callable[[bytes], bytes]) -> None:
    place[name] = base64.b64encode(change(base64.b64decode(place[name]))).decode()


def of_signature(name: str, change: Callable[[bytes], bytes] = flip) -> Edit:
    return lambda bundle: edit_bytes(bundle["messages"][1]["signature"], name, change)


def say_instead(message: Json, before: str, after: str) -> None:
    """Other words in the body, and the digest that fits them: all that a forger can do without the key."""
    edit_bytes(message, "bytes", lambda raw: raw.replace(before.encode(), after.encode()))
    message["digest"] = object_digest(parse_json_object(base64.b64decode(message["bytes"])))


def without_signature(bundle: Json) -> None:
    del bundle["messages"][1]["signature"]


def with_white_space(bundle: Json) -> None:
    edit_bytes(bundle["messages"][1], "bytes", lambda raw: raw + b" ")


def another_key(bundle: Json) -> None:
    """The forger's own key under the name of theirs, in the document that shows it."""
    fresh = generate_rsa("https://t.example/x", "https://t.example/x").public

    def changed(raw: bytes) -> bytes:
        document = parse_json_object(raw)
        document["publicKey"]["publicKeyPem"] = fresh.pem
        return dump_json(document)

    edit_bytes(bundle["actors"][1], "bytes", changed)


def order_changed(bundle: Json) -> None:
    bundle["messages"].reverse()


def quote_changed(bundle: Json) -> None:
    say_instead(bundle["messages"][0], "260.00", "960.00")


def signature_of_the_quote(bundle: Json) -> None:
    bundle["messages"][0]["signature"] = bundle["messages"][1]["signature"]


def documents_gone(bundle: Json) -> None:
    del bundle["actors"][1]


def document_is_none(bundle: Json) -> None:
    bundle["actors"][1]["bytes"] = base64.b64encode(b"[]").decode()


def acceptance_gone(bundle: Json) -> None:
    del bundle["messages"][1]


def set_signature(name: str, value: str) -> Edit:
    def edit(bundle: Json) -> None:
        bundle["messages"][1]["signature"][name] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda bundle: say_instead(bundle["messages"][1], "accept", "cancel"), "not that of the body"),
        (with_white_space, "not that of the body"),
        (lambda bundle: edit_bytes(bundle["messages"][1], "bytes", lambda raw: b"{}"), "its digest"),
        (of_signature("base"), "not this key's"),
        (of_signature("value"), "not this key's"),
        (set_signature("keyId", "https://t.example/other#key"), "no document here shows"),
        (set_signature("algorithm", "ed25519"), "does not fit the key"),
        (set_signature("scheme", RFC9421), "does not end with its parameters"),
        (another_key, "not this key's"),
        (documents_gone, "no document here shows"),
        (document_is_none, "not the document of"),
        (without_signature, "no signature that can be checked"),
        (quote_changed, ""),
        (signature_of_the_quote, "no document here shows"),
        (order_changed, "not signed by its vendor"),
        (acceptance_gone, "a sale is a quote"),
    ],
)
async def test_whatever_is_changed_in_the_file_is_seen(
    world: World, quote: PlainQuote, edit: Edit, words: str
) -> None:
    await say_by_request(world, world.t, f"accept {quote.reference}")
    bundle = await exported(world, quote)
    assert judged(world, bundle).signed
    edit(bundle)
    report = judged(world, bundle)
    assert words in " ".join(problem.text for problem in report.problems)
    assert (report.signed, report.exit_code, report.sale) == (False, 1, None)


async def test_acceptance_of_one_quote_is_none_of_another(world: World, quote: PlainQuote) -> None:
    other = await another_quote(world, world.t, sku="")
    await say_by_request(world, world.t, f"accept {quote.reference}")
    await say_by_request(world, world.t, f"accept {other.reference}")
    bundle = await exported(world, quote)
    bundle["messages"][1] = (await exported(world, other))["messages"][1]
    [problem] = judged(world, bundle).problems
    assert "does not say exactly" in problem.text


async def test_signature_beyond_all_measure_is_no_part_of_a_file(world: World, quote: PlainQuote) -> None:
    await say_by_request(world, world.t, f"accept {quote.reference}")
    bundle = await exported(world, quote)
    of_signature("base", lambda raw: raw * 400)(bundle)
    with pytest.raises(Exception, match="larger than any signature"):
        judged(world, bundle)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (set_signature("scheme", "other"), "is neither"),
        (set_signature("algorithm", "none"), "none that signs"),
        (set_signature("keyId", "key"), "no usable id"),
        (set_signature("more", "x"), "has no meaning"),
        (lambda bundle: bundle["messages"][1].update(signature="x"), "is no object"),
        (lambda bundle: bundle.update(format="obverse-bundle/1"), "has no meaning"),
    ],
)
async def test_odd_member_of_a_signature_is_refused(
    world: World, quote: PlainQuote, edit: Edit, words: str
) -> None:
    await say_by_request(world, world.t, f"accept {quote.reference}")
    bundle = await exported(world, quote)
    edit(bundle)
    with pytest.raises(Exception, match=words):
        judged(world, bundle)


# --- a file that somebody makes up, with keys of their own ------------------------------------------------


def a_file(world: World, *said: tuple[Peer, Json, bool], at: datetime | None = None) -> Json:
    """What a forger can make: each message is signed by its sender's own keys, by proof or by request."""
    made = [_entry(world, sender, document, by_request, at) for sender, document, by_request in said]
    senders = {sender.id: sender for sender, _, _ in said}
    return {
        "format": "obverse-sale/1",
        "exportedBy": said[0][0].id,
        "exportedAt": format_time(world.clock.now),
        "deal": f"{said[0][0].id}/sales/1",
        "messages": made,
        "actors": [
            {"fetchedAt": format_time(world.clock.now), "from": one.id, "bytes": _base64(one.document)}
            for one in senders.values()
        ],
    }


def _base64(document: Json) -> str:
    return base64.b64encode(dump_json(document)).decode()


def _entry(world: World, sender: Peer, document: Json, by_request: bool, at: datetime | None) -> Json:
    entry = {"receivedAt": format_time(world.clock.now)}
    if not by_request:
        signed = add_proof(
            {**document, "@context": [AS, DATA_INTEGRITY]}, sender.ed25519, created=world.clock.now
        )
        return {**entry, "digest": object_digest(signed), "bytes": _base64(signed)}
    body, when = dump_json(document), at or world.clock.now
    request = HttpMessage.request("POST", "https://v.example/inbox", {}, body)
    signed_request = cavage.sign(request, sender.rsa, now=when)
    verified = cavage.verify(signed_request, sender.rsa.public, now=when, limits=Limits())
    signature = {
        "scheme": CAVAGE,
        "algorithm": "rsa-v1_5-sha256",
        "keyId": sender.rsa.id,
        "base": base64.b64encode(verified.base).decode(),
        "value": base64.b64encode(verified.signature).decode(),
    }
    return {
        **entry,
        "digest": object_digest(document),
        "bytes": base64.b64encode(body).decode(),
        "signature": signature,
    }


def a_word(sender: Peer, to: Peer, text: str, **changes: Any) -> Json:
    created = {**a_note(sender, to.id, text), "@context": AS}
    created["object"].update(changes)
    return created


def a_made_quote(
    vendor: Peer, customer: Peer, text: str = "A bell: accept 7K3M-9QXT", **changes: Any
) -> Json:
    note: Json = {**a_note(vendor, customer.id, text)["object"], "cc": [], **changes}
    return note


async def test_file_that_is_made_as_it_should_be_holds(world: World) -> None:
    vendor, customer = world.m, world.t
    bundle = a_file(
        world,
        (vendor, a_made_quote(vendor, customer), False),
        (customer, a_word(customer, vendor, "accept 7k3m9qxt"), True),
        (customer, a_word(customer, vendor, "cancel 7K3M-9QXT"), True),
    )
    report = judged(world, bundle)
    assert report.problems == ()
    assert report.sale is not None
    assert report.sale.cancelled_at == world.clock.now
    assert [party.role.value for party in report.parties] == ["vendor", "customer"]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("quote for another", "is not for"),
        ("quote for many", "is not for"),
        ("own quote", "does not accept its own"),
        ("two references", "offers nothing"),
        ("quote by a server", "not signed by its vendor"),
        ("cancelled by another", "somebody else's"),
        ("edited", "was edited"),
        ("ahead", "in the future"),
        ("more than a sale", "a sale is a quote"),
        ("not a Create", "neither a Note"),
        ("no Note", "no one Note"),
    ],
)
async def test_file_whose_parts_do_not_belong_together_shows_no_sale(
    world: World, case: str, words: str
) -> None:
    vendor, customer = world.m, world.t
    quote = (vendor, a_made_quote(vendor, customer), False)
    accepted = (customer, a_word(customer, vendor, "accept 7K3M-9QXT"), True)
    cancelled = (customer, a_word(customer, vendor, "cancel 7K3M-9QXT"), True)
    later = format_time(world.clock.now + timedelta(minutes=1))
    made: dict[str, list[tuple[Peer, Json, bool]]] = {
        "quote for another": [(vendor, a_made_quote(vendor, vendor), False), accepted],
        "quote for many": [(vendor, a_made_quote(vendor, customer, cc=[PUBLIC]), False), accepted],
        "own quote": [
            (vendor, a_made_quote(vendor, vendor), False),
            (vendor, a_word(vendor, vendor, "accept 7K3M-9QXT"), True),
        ],
        "two references": [
            (vendor, a_made_quote(vendor, customer, "accept 7K3M-9QXT, accept 7K3M-9QXX"), False),
            accepted,
        ],
        "quote by a server": [(vendor, a_made_quote(vendor, customer), True), accepted],
        "cancelled by another": [
            quote,
            accepted,
            (vendor, a_word(vendor, customer, "cancel 7K3M-9QXT"), True),
        ],
        "edited": [quote, (customer, a_word(customer, vendor, "accept 7K3M-9QXT", updated=later), True)],
        "ahead": [quote, accepted],
        "more than a sale": [quote, accepted, cancelled, cancelled],
        "not a Create": [quote, (customer, {**accepted[1], "type": "Update"}, True)],
        "no Note": [quote, (customer, {**accepted[1], "object": "https://t.example/notes/1"}, True)],
    }
    at = world.clock.now + timedelta(minutes=6) if case == "ahead" else None
    report = judged(world, a_file(world, *made[case], at=at))
    assert words in " ".join(problem.text for problem in report.problems)
    assert (report.exit_code, report.sale) == (1, None)


async def test_key_that_signs_requests_alone_asserts_nothing(world: World) -> None:
    vendor, customer = world.m, world.t
    bundle = a_file(
        world,
        (vendor, a_made_quote(vendor, customer), False),
        (customer, a_word(customer, vendor, "accept 7K3M-9QXT"), True),
    )
    document = parse_json_object(base64.b64decode(bundle["actors"][0]["bytes"]))
    key = vendor.ed25519.public
    document["assertionMethod"] = []
    document["publicKey"] = [{"id": key.id, "owner": vendor.id, "publicKeyPem": key.pem}]
    bundle["actors"][0]["bytes"] = _base64(document)
    [problem] = judged(world, bundle).problems
    assert "no document here shows" in problem.text
