"""D: one message, one reading, one signature over all of it."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import time
import unicodedata
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from federation.digest import object_digest
from federation.encodings import encode_multibase
from federation.keys import SigningKey, did_key, generate_ed25519
from federation.messages import HttpMessage, JsonObject
from federation.proofs import hash_data
from tests.security.commerce import a_vendor, refuses, wanted
from tests.security.forging import a_cast, a_follow, forge_rfc9421
from tests.security.peers import AS, DATA_INTEGRITY, PUBLIC, Peer, a_note
from tests.security.world import World

pytestmark = pytest.mark.anyio


def signed(world: World, request: HttpMessage, key: SigningKey | None = None) -> HttpMessage:
    return forge_rfc9421(request, key or world.m.ed25519, world.clock.now)


def post(
    world: World, body: JsonObject | bytes, key: SigningKey | None = None, to: str = "shop"
) -> HttpMessage:
    """These bytes to the shop's inbox, with a request signature that holds."""
    return signed(world, world.v.request(body, to), key)


def follow_with(world: World, members: str) -> bytes:
    """A Follow that would be taken, with this raw text as its last members."""
    text = json.dumps(a_follow(world.m, world.v.actor("shop")))
    return f"{text[:-1]}, {members}}}".encode("utf-8", "surrogatepass")


def cast(world: World, sender: Peer | None = None, **changes: Any) -> JsonObject:
    return a_cast(sender or world.m, world.v.actor("shop"), **changes)


def deals(world: World) -> int:
    return len(world.v.snapshot()["deal"])


def public_note(world: World, sender: Peer) -> JsonObject:
    """A foreign public activity: what a stranger's server sends about the world."""
    return a_note(sender, PUBLIC, cc=[world.v.actor("shop")])


async def test_what_is_proven_honestly_is_taken(world: World) -> None:
    await world.v.takes(post(world, world.m.prove(cast(world))))
    assert deals(world) == 1
    await world.v.takes(post(world, follow_with(world, '"x": 1')))
    assert await world.v.followers() == [world.m.id]


# --- D01 to D09: one strict document -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        '"price": "1.00", "price": "2.00"',
        '"price": "1.00", "price": "1.00"',
        '"price": "1.00", "pric\\u0065": "2.00"',
        '"x": [{"price": 1, "y": [], "price": 2}]',
        '"actor": "https://t.example/actors/tess"',
        '"\\u0061ctor": "https://t.example/actors/tess"',
        '"proof": null, "proof": null',
        '"": 1, "": 2',
    ],
)
async def test_d01_duplicate_key_is_400(world: World, members: str) -> None:
    await world.v.refuses(post(world, follow_with(world, members)), 400)


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1E+999999999", "nan", "inf"]
)
async def test_d02_nan_infinity_and_1e400_are_400(world: World, number: str) -> None:
    await world.v.refuses(post(world, follow_with(world, f'"x": {number}')), 400)
    await world.v.refuses(post(world, follow_with(world, f'"x": [{{"y": [{number}]}}]')), 400)


@pytest.mark.parametrize(
    "number",
    [
        "9007199254740993",
        "-9007199254740993",
        "9" * 5000,
        "1" + "0" * 30,
        f"0.{'1' * 5000}e5000",
        "01",
        "+1",
        "1.",
        ".5",
        "0x10",
        "1_000",
    ],
    ids=lambda number: number[:20],
)
async def test_d03_numbers_that_are_read_in_two_ways_are_400(world: World, number: str) -> None:
    started = time.perf_counter()
    await world.v.refuses(post(world, follow_with(world, f'"x": {number}')), 400)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize("number", ["9007199254740991", "-9007199254740991", "0.1", "1e3"])
async def test_d03_the_largest_whole_numbers_are_taken(world: World, number: str) -> None:
    await world.v.takes(post(world, follow_with(world, f'"x": {number}')))


@pytest.mark.parametrize(
    "price", [19.99, 289, 0, -1.5, True, None, ["289.00"], {"@value": "289.00"}, {"value": "289.00"}]
)
async def test_d04_a_price_that_is_no_decimal_string_is_refused_as_malformed(
    world: World, price: Any
) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    await refuses(vendor, vendor.offer(scene.cast, price=price), "malformed")


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":', b'{"a":[', b"[" * 50 + b'{"a":'])
async def test_d05_a_hundred_thousand_levels_are_400_and_the_node_lives(world: World, opening: bytes) -> None:
    with anyio.fail_after(5):
        await world.v.refuses(post(world, opening * (100_000 // len(opening))), 400)
        body = opening * (100_000 // len(opening))
        await world.v.refuses(post(world, follow_with(world, '"x": ')[:-1] + body), 400)


@pytest.mark.parametrize(("levels", "status"), [(31, 202), (32, 400), (33, 400)])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
async def test_d06_one_level_beyond_the_limit_is_400(
    world: World, levels: int, status: int, opening: str, closing: str
) -> None:
    innermost = "1" if opening != "[" else ""
    request = post(world, follow_with(world, f'"x": {opening * levels}{innermost}{closing * levels}'))
    if status == 400:
        await world.v.refuses(request, 400)
    else:
        await world.v.takes(request)


@pytest.mark.parametrize(
    "text",
    [
        "\\ud800",
        "\\udc00",
        "\\udc00\\ud800",
        "\\ud83d\\u0041",
        "x\\ud83d",
        "\\u0000",
        "a\\u0000b",
        "\ud800",
        "\x00",
        "\n",
        "\x1f",
        "\\x00",
        "\\uD8",
    ],
    ids=ascii,
)
async def test_d07_lone_surrogates_and_nul_are_400(world: World, text: str) -> None:
    await world.v.refuses(post(world, follow_with(world, f'"x": "{text}"')), 400)
    await world.v.refuses(post(world, follow_with(world, f'"{text}": 1')), 400)


async def test_d07_a_pair_of_surrogates_is_a_character(world: World) -> None:
    await world.v.takes(post(world, follow_with(world, '"x": "\\ud83d\\ude00"')))


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.encode("utf-32"),
        lambda text: text.encode("utf-32-le"),
        lambda text: text.encode("utf-7"),
        lambda text: text.replace("}", ', "x": "é"}').encode("latin-1"),
        lambda text: text.encode()[:-1] + b', "x": "\xc0\xaf"}',
        lambda text: text.encode()[:-1] + b', "x": "\xed\xa0\x80"}',
        lambda text: text.encode()[:-1] + b', "x": "\xf4\x90\x80\x80"}',
        lambda text: text.encode()[:-1] + b', "x": "\xff"}',
        lambda text: text.encode()[:-1] + b', "x": "\x80"}',
        lambda text: text.encode()[:-1] + b', "x": "\xe2\x82"}',
    ],
)
async def test_d08_bom_utf16_and_invalid_utf8_are_400(world: World, encode: Callable[[str], bytes]) -> None:
    text = json.dumps(a_follow(world.m, world.v.actor("shop")))
    body = encode(text)
    if body == text.encode():
        body = text.replace("{", "+AHs-", 1).encode()
    await world.v.refuses(post(world, body), 400)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body + body,
        lambda body: body + b"\n" + body,
        lambda body: body + b"{}",
        lambda body: body + b"null",
        lambda body: body + b"x",
        lambda body: body + b"\0",
        lambda body: b"{}" + body,
        lambda body: b"\x1e" + body,
        lambda body: body[:-1],
        lambda body: body[:-1] + b",}",
        lambda body: b"/* */" + body,
        lambda body: body.replace(b'"', b"'"),
        lambda body: b"[" + body + b"]",
        lambda body: b'"' + base64.b64encode(body) + b'"',
        lambda body: b" ",
        lambda body: b"null",
        lambda body: b"17",
        lambda body: b"[]",
        lambda body: b"{}",
        lambda body: b"<activity/>",
        lambda body: b"\xa0" + body,
    ],
)
async def test_d09_what_is_not_one_document_is_400(world: World, change: Callable[[bytes], bytes]) -> None:
    body = json.dumps(a_follow(world.m, world.v.actor("shop"))).encode()
    await world.v.refuses(post(world, change(body)), 400)


# --- D10 to D13: JSON-LD -----------------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", ["@graph", "@included", "@reverse"])
@pytest.mark.parametrize(
    "place",
    [
        lambda keyword: {keyword: []},
        lambda keyword: {"x": [{"y": {keyword: {}}}]},
        lambda keyword: {"object": {"id": "https://v.example/actors/shop", keyword: []}},
        lambda keyword: {"@context": [AS, {"x": keyword}]},
        lambda keyword: {"@context": [AS, {"x": {"@id": keyword}}]},
        lambda keyword: {"@context": [AS, {"x": {keyword: "as:actor"}}]},
        lambda keyword: {"@context": [AS, {"x": {"@id": "as:actor", "@context": {"y": keyword}}}]},
        lambda keyword: {"x": {"@context": {"y": keyword}}},
    ],
)
async def test_d10_keywords_that_rearrange_are_400_anywhere(world: World, keyword: str, place: Any) -> None:
    activity = a_follow(world.m, world.v.actor("shop"), **place(keyword))
    await world.v.refuses(post(world, activity), 400)
    escaped = json.dumps(activity).replace("@", "\\u0040").encode()
    await world.v.refuses(post(world, escaped), 400)


@pytest.mark.parametrize("keyword", ["@graph", "@included", "@reverse"])
async def test_d10_a_proven_intent_that_rearranges_is_400(world: World, keyword: str) -> None:
    activity = cast(world)
    activity["object"][keyword] = [{"id": activity["object"]["id"], "type": "Proposal"}]
    await world.v.refuses(post(world, world.m.prove(activity)), 400)


@pytest.mark.parametrize(
    "definition",
    [
        {"actor": "https://m.example/ns#victim"},
        {"actor": "as:object", "object": "as:actor"},
        {"object": {"@id": "as:actor"}},
        {"type": "https://m.example/ns#kind"},
        {"id": "https://m.example/ns#id"},
        {"to": "as:cc"},
        {"as": "https://m.example/ns#"},
        {"Follow": "as:Undo"},
        {"@vocab": "https://m.example/ns#"},
        {"actor": None},
        {"actor": 17},
        {"actor": ["as:actor"]},
        {"actor": {"@id": None}},
    ],
    ids=str,
)
async def test_d11_an_inline_context_that_redefines_actor_is_refused_or_ignored(
    world: World, definition: JsonObject
) -> None:
    for context in ([AS, definition], [definition, AS], {**definition}, [AS, [definition]]):
        activity = a_follow(world.m, world.v.actor("shop"))
        activity["@context"] = context
        activity["victim"] = activity["kind"] = world.t.id
        answer = await world.v.ask(post(world, activity))
        await world.v.settle()
        assert answer.status in (202, 400)
        assert await world.v.followers() in ([], [world.m.id])
        assert world.t.host.received == []


@pytest.mark.parametrize(
    "definition",
    [
        {"resourceQuantity": "https://m.example/ns#other"},
        {"hasNumericalValue": "om2:other"},
        {"om2": "https://m.example/ns#"},
        {"vf": "https://m.example/ns#"},
        {"obv": "https://m.example/ns#"},
        {"terms": "obv:noTerms"},
        {"Proposal": "vf:Agreement"},
        {"wishes": {"@id": "obv:wishes", "@container": "@list", "@context": {"wish": "obv:other"}}},
    ],
    ids=str,
)
async def test_d11_an_inline_context_that_redefines_the_price_makes_no_deal(
    world: World, definition: JsonObject
) -> None:
    activity = cast(world)
    activity["@context"] = [*activity["@context"], definition]
    answer = await world.v.ask(post(world, world.m.prove(activity)))
    await world.v.settle()
    assert answer.status in (202, 400)
    assert deals(world) == 0
    nested = cast(world)
    nested["object"]["@context"] = definition
    await world.v.ask(post(world, world.m.prove(nested)))
    await world.v.settle()
    assert deals(world) == 0


@pytest.mark.parametrize(
    "name",
    ["as:actor", "@id", "@type", "vf:purpose", "obv:terms", "https://www.w3.org/ns/activitystreams#to"],
)
async def test_d11_a_second_spelling_of_a_property_changes_nothing(world: World, name: str) -> None:
    activity = cast(world)
    plain = copy.deepcopy(activity)
    activity[name] = activity["object"][name] = world.t.id
    answer = await world.v.ask(post(world, world.m.prove(activity)))
    await world.v.settle()
    assert answer.status in (202, 400, 401, 403)
    if deals(world):
        (row,) = world.v.snapshot()["deal"]
        assert world.t.id not in str(row)
        assert plain["object"]["context"] in row


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/context.jsonld",
        "https://127.0.0.1/context",
        "http://evil.example/",
        "file:///etc/passwd",
        "urn:x",
        "//evil.example/c",
        "../context",
    ],
)
async def test_d12_an_unknown_remote_context_is_not_fetched(world: World, url: str) -> None:
    world.host("evil.example").serve("/context.jsonld", {"@context": {"actor": "as:object"}})
    activity = cast(world)
    activity["@context"] = [*activity["@context"], url]
    activity["unheardOf"] = activity["object"]["firm"] = True
    activity["object"]["verified"] = True
    await world.v.takes(post(world, world.m.prove(activity)))
    assert world.hosts["evil.example"].requests == []
    assert set(world.v.engine.gets) == {world.m.id}
    (row,) = world.v.snapshot()["deal"]
    assert "verified" not in str(row)
    assert "unheardOf" not in str(row)


@pytest.mark.parametrize("nodes", [8, 12, 60])
async def test_d13_a_poison_blank_node_graph_is_answered_within_a_second(world: World, nodes: int) -> None:
    graph = [
        {"id": f"_:b{one}", "https://m.example/p": [{"id": f"_:b{other}"} for other in range(nodes)]}
        for one in range(nodes)
    ]
    for activity in (
        {**a_follow(world.m, world.v.actor("shop")), "tag": graph},
        world.m.prove({**cast(world), "tag": graph}),
    ):
        started = time.perf_counter()
        answer = await world.v.ask(post(world, activity))
        await world.v.settle()
        assert time.perf_counter() - started < 1
        assert answer.status in (202, 400)
    assert await world.v.is_alive()


# --- D15 to D23: proofs ------------------------------------------------------------------------------------


async def on_both(world: World, spoil: Callable[[JsonObject], Any], *statuses: int) -> None:
    """The spoiled proof is refused on a message of the deal and on an ordinary note alike."""
    for activity in (cast(world), a_note(world.m, world.v.actor("shop"))):
        proven = world.m.prove(activity)
        spoil(proven)
        await world.v.refuses(post(world, proven), *(statuses or (401,)))


def proof_of(activity: JsonObject, key: SigningKey, **options: Any) -> JsonObject:
    """The activity with a proof whose signature holds over these very options, whatever they say."""
    proof: JsonObject = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2026-11-21T12:00:00Z",
        "verificationMethod": key.id,
        "proofPurpose": "assertionMethod",
        "@context": activity["@context"],
        **options,
    }
    proof = {name: value for name, value in proof.items() if value is not ...}
    return {
        **activity,
        "proof": {**proof, "proofValue": encode_multibase(key.sign(hash_data(activity, proof)))},
    }


async def test_the_proof_forger_makes_honest_proofs_too(world: World) -> None:
    await world.v.takes(post(world, proof_of(cast(world), world.m.ed25519)))
    assert deals(world) == 1


def flipped(proven: JsonObject) -> None:
    value = proven["proof"]["proofValue"]
    proven["proof"]["proofValue"] = value[:-1] + ("2" if value[-1] != "2" else "3")


@pytest.mark.parametrize(
    "spoil",
    [
        flipped,
        lambda proven: proven["proof"].update(proofValue="z" + "1" * 64),
        lambda proven: proven["proof"].update(proofValue="z" + "2" * 5000),
        lambda proven: proven["proof"].update(proofValue=encode_multibase(bytes(64))),
        lambda proven: proven["proof"].update(proofValue="u" + base64.urlsafe_b64encode(bytes(64)).decode()),
        lambda proven: proven["proof"].update(proofValue=proven["proof"]["proofValue"][:-2]),
        lambda proven: proven["proof"].update(created="2026-11-21T11:59:59Z"),
        lambda proven: proven["proof"].update(extra="x"),
        lambda proven: proven["proof"].update(domain="v.example"),
    ],
)
async def test_d15_a_proof_that_does_not_hold_beside_a_valid_request_signature_is_401(
    world: World, spoil: Callable[[JsonObject], Any]
) -> None:
    await on_both(world, spoil)


async def test_d15_the_proof_of_another_message_is_401(world: World) -> None:
    other = world.m.prove(cast(world))["proof"]
    await on_both(world, lambda proven: proven.update(proof=other))


@pytest.mark.parametrize("proof", [None, {}, [], "z", 17, True, {"type": "DataIntegrityProof"}])
async def test_d15_a_deal_message_whose_proof_is_none_is_401(world: World, proof: Any) -> None:
    await world.v.refuses(post(world, {**cast(world), "proof": proof}))


@pytest.mark.parametrize(
    "member", ["proofValue", "cryptosuite", "verificationMethod", "proofPurpose", "type"]
)
async def test_d15_a_deal_message_whose_proof_lacks_a_member_is_401(world: World, member: str) -> None:
    proven = world.m.prove(cast(world))
    del proven["proof"][member]
    await world.v.refuses(post(world, proven))
    if member != "proofValue":
        await world.v.refuses(post(world, proof_of(cast(world), world.m.ed25519, **{member: ...})))


async def test_d15_an_ld_signature_proves_nothing(world: World) -> None:
    """What once served as a proof in the fediverse, in T's name and brought by M."""
    note = public_note(world, world.t)
    note["signature"] = {
        "type": "RsaSignature2017",
        "creator": world.t.rsa.id,
        "created": "2026-11-21T12:00:00Z",
        "signatureValue": base64.b64encode(world.m.rsa.sign(hashlib.sha256(b"x").digest())).decode(),
    }
    await world.v.refuses(post(world, note))
    await world.v.refuses(post(world, {**cast(world), "signature": note["signature"]}))


async def test_d17_a_verification_method_of_m_for_an_actor_t_is_401(world: World) -> None:
    theirs = world.m.prove(cast(world, world.t))
    await world.v.refuses(post(world, theirs, world.t.ed25519))
    await world.v.refuses(post(world, theirs))
    await world.v.refuses(post(world, world.m.prove(public_note(world, world.t))))
    await world.v.refuses(
        post(world, world.m.prove(a_note(world.t, world.v.actor("ana"))), world.t.ed25519, "ana")
    )


async def test_d17_an_object_attributed_to_t_in_ms_proven_message_is_refused(world: World) -> None:
    activity = cast(world, attributedTo=world.t.id)
    await world.v.refuses(post(world, world.m.prove(activity)), 401, 403)
    for owners in (
        [world.m.id, world.t.id],
        [world.t.id, world.m.id],
        {"id": world.t.id},
        [{"id": world.t.id}],
    ):
        activity = cast(world, attributedTo=owners)
        await world.v.refuses(post(world, world.m.prove(activity)), 400, 401, 403)


@pytest.mark.parametrize(
    "method",
    [
        "https://t.example/actors/tess#ed25519-key",
        "https://m.example/actors/mallory#main-key",
        "https://m.example/actors/mallory",
        "https://m.example/actors/mallory#",
        "https://m.example/actors/mallory#other",
        "https://v.example/actors/ana#ed25519-key",
        "#ed25519-key",
        "",
        None,
        17,
        ["https://m.example/actors/mallory#ed25519-key"],
        {"id": "https://m.example/actors/mallory#ed25519-key"},
    ],
    ids=str,
)
async def test_d17_a_verification_method_that_is_not_the_key_is_401(world: World, method: Any) -> None:
    await world.v.refuses(
        post(world, proof_of(cast(world), world.m.ed25519, verificationMethod=method)), 401, 403
    )


async def test_d17_a_did_key_proves_no_activity(world: World) -> None:
    did = did_key(world.m.ed25519.public)
    for method in (did, f"{did}#{did.removeprefix('did:key:')}"):
        proven = proof_of(cast(world), world.m.ed25519, verificationMethod=method)
        await world.v.refuses(post(world, proven))


async def test_d17_an_inline_verification_method_is_401(world: World) -> None:
    inline = {
        "id": world.t.ed25519.id,
        "type": "Multikey",
        "controller": world.t.id,
        "publicKeyMultibase": world.m.ed25519.public.multibase,
    }
    proven = proof_of(cast(world, world.t), world.m.ed25519, verificationMethod=inline)
    await world.v.refuses(post(world, proven, world.t.ed25519))


async def test_d17_a_key_listed_for_requests_alone_proves_nothing(world: World) -> None:
    """An Ed25519 key under publicKey signs requests; only one under assertionMethod makes a proof."""
    other = generate_ed25519(f"{world.m.id}#requests", world.m.id)
    world.m.document["publicKey"] = [
        world.m.document["publicKey"],
        {"id": other.id, "owner": world.m.id, "publicKeyPem": other.public.pem},
    ]
    await world.v.takes(post(world, a_follow(world.m, world.v.actor("shop")), other))
    await world.v.refuses(post(world, world.m.prove(cast(world), key=other)))


@pytest.mark.parametrize(
    "purpose",
    [
        "authentication",
        "keyAgreement",
        "capabilityInvocation",
        "capabilityDelegation",
        "AssertionMethod",
        "assertionMethod ",
        "",
        None,
        17,
        ["assertionMethod"],
        ...,
    ],
    ids=str,
)
async def test_d18_a_proof_purpose_that_is_not_assertion_is_401(world: World, purpose: Any) -> None:
    proven = proof_of(cast(world), world.m.ed25519, proofPurpose=purpose)
    await world.v.refuses(post(world, proven))
    proven = proof_of(a_note(world.m, world.v.actor("shop")), world.m.ed25519, proofPurpose=purpose)
    await world.v.refuses(post(world, proven))


SUITES = [
    "eddsa-rdfc-2022",
    "ecdsa-jcs-2019",
    "eddsa-jcs-2023",
    "EDDSA-JCS-2022",
    "eddsa-jcs-2022 ",
    "none",
    "",
    None,
    17,
]


@pytest.mark.parametrize("suite", SUITES)
async def test_d20_an_unknown_cryptosuite_on_a_deal_message_is_401(world: World, suite: Any) -> None:
    await world.v.refuses(post(world, proof_of(cast(world), world.m.ed25519, cryptosuite=suite)))


@pytest.mark.parametrize(
    "kind",
    ["Ed25519Signature2020", "JsonWebSignature2020", "dataIntegrityProof", ["DataIntegrityProof"], None],
)
async def test_d20_an_unknown_type_of_proof_on_a_deal_message_is_401(world: World, kind: Any) -> None:
    await world.v.refuses(post(world, proof_of(cast(world), world.m.ed25519, type=kind)))


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "ecdsa-jcs-2019", "none"])
async def test_d20_an_unknown_cryptosuite_on_a_foreign_public_activity_is_ignored(
    world: World, suite: str
) -> None:
    note = proof_of(public_note(world, world.m), world.m.ed25519, cryptosuite=suite)
    await world.v.takes(post(world, note))
    theirs = proof_of(public_note(world, world.t), world.t.ed25519, cryptosuite=suite)
    await world.v.refuses(post(world, theirs))


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0), (0,), (1,), ()])
async def test_d21_a_list_of_proofs_on_a_deal_message_is_401(world: World, order: tuple[int, ...]) -> None:
    valid = world.m.prove(cast(world))
    spoiled = {**valid["proof"], "proofValue": encode_multibase(bytes(64))}
    both = (valid["proof"], spoiled)
    await world.v.refuses(post(world, {**valid, "proof": [both[index] for index in order]}))


async def test_d21_a_list_of_proofs_on_a_foreign_public_activity_is_ignored(world: World) -> None:
    note = world.m.prove(public_note(world, world.m))
    spoiled = {**note["proof"], "proofValue": encode_multibase(bytes(64))}
    await world.v.takes(post(world, {**note, "proof": [note["proof"], spoiled]}))
    theirs = world.t.prove(public_note(world, world.t))
    await world.v.refuses(post(world, {**theirs, "proof": [theirs["proof"], spoiled]}))


@pytest.mark.parametrize(
    "add",
    [
        lambda activity: activity.update(price="1.00"),
        lambda activity: activity["object"].update(firm=True),
        lambda activity: activity.update({"": None}),
        lambda activity: activity.update({"@id": "x"}),
        lambda activity: activity["object"].pop("content"),
        lambda activity: activity["object"].update(content=activity["object"]["content"] + " "),
        lambda activity: activity["to"].append("https://t.example/actors/tess"),
        lambda activity: activity.update(to=activity["to"][0]),
        lambda activity: activity.update(cc=[]),
        lambda activity: activity["object"].update(published="2026-11-21T12:00:00.0Z"),
    ],
)
async def test_d22_a_property_added_after_signing_is_401(
    world: World, add: Callable[[JsonObject], Any]
) -> None:
    await on_both(world, add)


async def test_d22_members_in_another_order_are_the_same_message(world: World) -> None:
    proven = world.m.prove(cast(world))
    backwards = dict(reversed(proven.items()))
    await world.v.takes(post(world, backwards))
    state = world.v.snapshot()
    await world.v.takes(post(world, proven))
    assert world.v.snapshot() == state
    assert deals(world) == 1


@pytest.mark.parametrize(
    "context",
    [
        ...,
        None,
        [],
        AS,
        [AS],
        [AS, DATA_INTEGRITY],
        [DATA_INTEGRITY, AS],
        [AS, DATA_INTEGRITY, {}],
        [AS, DATA_INTEGRITY, {"price": "obv:price"}],
        "https://m.example/context",
    ],
    ids=str,
)
async def test_d23_a_proof_context_that_is_not_the_documents_is_401(world: World, context: Any) -> None:
    await world.v.refuses(post(world, proof_of(cast(world), world.m.ed25519, **{"@context": context})))


@pytest.mark.parametrize("appended", ["https://m.example/context", {"price": "https://m.example/ns#tip"}])
async def test_d23_a_context_appended_by_a_courier_is_401(world: World, appended: Any) -> None:
    proven = world.m.prove(cast(world))
    proven["@context"] = [*proven["@context"], appended]
    await world.v.refuses(post(world, proven), 401, 400)
    proven = world.m.prove(cast(world))
    proven["proof"]["@context"] = [*proven["@context"], appended]
    await world.v.refuses(post(world, proven), 401, 400)


async def test_d23_elsewhere_a_strict_prefix_makes_the_proof_ignored(world: World) -> None:
    note = world.m.prove(public_note(world, world.m))
    note["@context"] = [*note["@context"], "https://m.example/context"]
    await world.v.takes(post(world, note))
    theirs = world.t.prove(public_note(world, world.t))
    theirs["@context"] = [*theirs["@context"], "https://m.example/context"]
    await world.v.refuses(post(world, theirs))


@pytest.mark.parametrize(
    "created",
    [
        "2026-11-21T12:06:00Z",
        "2036-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "yesterday",
        "",
        None,
        17,
        "2026-11-21",
        "2026-11-21T12:00:00",
        "2026-02-30T12:00:00Z",
    ],
)
async def test_a_proof_from_the_future_or_from_no_time_is_401(world: World, created: Any) -> None:
    await world.v.refuses(post(world, proof_of(cast(world), world.m.ed25519, created=created)))


@pytest.mark.parametrize("expires", ["2026-11-21T11:59:59Z", "never", "", 17, None])
async def test_a_proof_that_has_expired_is_401(world: World, expires: Any) -> None:
    await world.v.refuses(post(world, proof_of(cast(world), world.m.ed25519, expires=expires)))


async def test_a_proof_may_be_days_old(world: World) -> None:
    proven = world.m.prove(cast(world))
    world.clock.advance(days=2)
    await world.v.takes(post(world, proven))
    assert deals(world) == 1


# --- D25 and what stands in no list ------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
async def test_d25_product_names_are_kept_as_they_came_and_never_normalised(world: World, form: Any) -> None:
    name = unicodedata.normalize(form, "Fahrrad für Größe \u212b \ufb01")
    proven = world.m.prove(cast(world, name=name))
    body = json.dumps(proven, ensure_ascii=False).encode()
    await world.v.takes(post(world, body))
    kept = await world.v.open.node.look(
        lambda desk: desk.tx.evidence.of_deal(world.v.actor("shop"), proven["object"]["context"])
    )
    assert [message.body for message in kept] == [body]
    assert kept[0].digest == object_digest(proven)
    (deal,) = await world.v.open.node.look(lambda desk: desk.tx.deals.all(world.v.actor("shop")))
    assert deal.proposal is not None
    assert deal.proposal.name == name


async def test_d25_nfc_and_nfd_have_different_digests_and_signatures(world: World) -> None:
    composed = world.m.prove(cast(world, name=unicodedata.normalize("NFC", "Größe")))
    text = json.dumps(composed, ensure_ascii=False)
    decomposed = json.loads(unicodedata.normalize("NFD", text))
    assert object_digest(composed) != object_digest(decomposed)
    await world.v.refuses(post(world, decomposed))


@pytest.mark.parametrize("spelling", ["1.0", "1e0", "10e-1"])
async def test_another_spelling_of_a_number_is_the_same_message_once(world: World, spelling: str) -> None:
    """JCS writes 1 and 1.0 alike, so that both have one digest: whichever comes first is the message."""
    proven = world.m.prove(cast(world))
    text = json.dumps(proven)
    assert '"SPC": 1' in text
    bodies = [text, text.replace('"SPC": 1', f'"SPC": {spelling}')]
    await world.v.takes(post(world, bodies[0].encode()))
    state = world.v.snapshot()
    await world.v.takes(post(world, bodies[1].encode()))
    assert world.v.snapshot() == state
    assert deals(world) == 1


async def test_minus_zero_and_long_fractions_do_not_break_the_proof(world: World) -> None:
    for number in ("-0", "-0.0", "0.1", "1e-7", "123456789.123456789"):
        answer = await world.v.ask(post(world, follow_with(world, f'"x": {number}')))
        assert answer.status in (202, 400)
    assert await world.v.is_alive()


@pytest.mark.parametrize(
    "name", ["__proto__", "constructor", "toString", "\u202e", "a" * 10_000, "@context", "proof"]
)
async def test_odd_names_inside_do_not_break_the_node(world: World, name: str) -> None:
    activity = cast(world)
    activity["object"][name] = {"x": 1}
    answer = await world.v.ask(post(world, world.m.prove(activity)))
    await world.v.settle()
    assert answer.status in (202, 400)
    assert await world.v.is_alive()


async def test_a_message_of_exactly_the_limit_is_read_and_one_byte_more_is_413(world: World) -> None:
    limit = world.v.config.limits.inbox_body_bytes
    start = follow_with(world, '"x": "')[:-1]
    await world.v.takes(post(world, start + b"a" * (limit - len(start) - 2) + b'"}'))
    await world.v.refuses(post(world, start + b"a" * (limit - len(start) - 1) + b'"}'), 413)


async def test_a_proven_message_in_a_second_inbox_of_the_same_actor_has_one_effect(world: World) -> None:
    proven = world.m.prove(cast(world))
    await world.v.takes(post(world, proven))
    state = world.v.snapshot()["deal"]
    await world.v.takes(post(world, proven, to=""))
    assert world.v.snapshot()["deal"] == state
    assert len(world.v.snapshot()["evidence"]) == 1
    assert world.m.received == []


async def test_one_id_with_two_bodies_acts_once_in_whichever_inboxes_they_come(world: World) -> None:
    """A second body under a known id would act without being kept as evidence."""
    first = cast(world)
    await world.v.takes(post(world, world.m.prove(first)))
    state = world.v.snapshot(besides=("conflict", "notice"))
    second = {**cast(world), "id": first["id"]}
    answer = await world.v.ask(post(world, world.m.prove(second), to=""))
    await world.v.settle()
    assert answer.status == 403
    assert world.v.snapshot(besides=("conflict", "notice")) == state
    assert world.m.received == []


async def test_types_or_ids_of_the_wrong_kind_anywhere_break_nothing(world: World) -> None:
    """Each member of an intent replaced by each kind of value, one after the other, proven and signed."""
    odd: list[Any] = [None, 17, True, [], {}, "", [[]], {"id": {}}, "\u202e", "9" * 400]
    before = len(world.v.engine.posts)
    sent = 0
    for name in cast(world)["object"]:
        for value in odd:
            sent += 1
            answer = await world.v.ask(post(world, world.m.prove(cast(world, **{name: value}))))
            assert answer.status in (202, 400, 401, 403), (name, value, answer.body)
    await world.v.settle()
    assert len(world.v.engine.posts) - before <= sent
    dead = await world.v.open.node.look(lambda desk: desk.tx.inbox.dead())
    assert dead == []


async def test_members_of_the_activity_of_the_wrong_kind_break_nothing(world: World) -> None:
    odd: list[Any] = [
        None,
        17,
        True,
        [],
        {},
        "",
        [[]],
        {"id": {}},
        "https://t.example/x",
        ["Create", "Update"],
    ]
    for name in ("@context", "id", "type", "actor", "to", "object", "published", "context", "proof"):
        for value in odd:
            activity = cast(world)
            activity[name] = value
            body = activity if name in ("@context", "proof") else world.m.prove(activity)
            answer = await world.v.ask(post(world, body))
            assert answer.status in (202, 400, 401, 403), (name, value, answer.body)
    await world.v.settle()
    assert await world.v.open.node.look(lambda desk: desk.tx.inbox.dead()) == []


@pytest.mark.parametrize(
    "verb", ["as:Create", ["Create"], ["Create", "Create"], ["x:Create", "Create"], "create"]
)
async def test_an_intent_whose_verb_is_written_oddly_needs_its_proof_all_the_same(
    world: World, verb: Any
) -> None:
    activity = {**cast(world), "type": verb}
    answer = await world.v.ask(post(world, activity))
    await world.v.settle()
    assert answer.status in (202, 400, 401)
    tables = world.v.snapshot()
    assert (tables["deal"], tables["evidence"], tables["delivery"]) == ([], [], [])


async def test_a_neighbour_cannot_speak_in_a_deal_of_the_same_host(world: World) -> None:
    """Origins agree between two accounts of one server; the deal knows whose it is."""
    alice = world.peer("m.example", "alice", rsa=2)
    hers = cast(world, alice)
    await world.v.tell(alice, hers, "shop")
    state = world.v.snapshot()["deal"]
    proposal = hers["object"]
    for activity in (
        cast(world, context=proposal["context"]),
        cast(world, context=proposal["context"], id=proposal["id"]),
        {**cast(world, context=proposal["context"]), "id": hers["id"]},
        {**a_follow(world.m, world.v.actor("shop")), "type": "Delete", "object": proposal["id"]},
        {**a_follow(world.m, world.v.actor("shop")), "type": "Undo", "object": hers["id"]},
    ):
        answer = await world.v.tell(world.m, {**activity, "@context": hers["@context"]}, "shop")
        assert answer.status in (202, 401, 403)
        assert world.v.snapshot()["deal"] == state
