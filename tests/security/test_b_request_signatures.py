"""B: who sent this request? Every attack here has a valid key in the attacker's hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import anyio
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from federation.encodings import encode_multibase
from federation.keys import SigningKey
from federation.messages import HttpMessage
from tests.security.forging import (
    CAVAGE_COVERED,
    a_cast,
    a_follow,
    content_digest,
    forge_cavage,
    forge_rfc9421,
    legacy_digest,
)
from tests.security.peers import Peer, a_note
from tests.security.world import World

pytestmark = pytest.mark.anyio


def follow(world: World, sender: Peer | None = None) -> HttpMessage:
    """An unsigned Follow of the shop, by mallory unless another is named."""
    who = sender or world.m
    return world.v.request(a_follow(who, world.v.actor("shop")), "shop")


def by_rfc9421(world: World, request: HttpMessage, **forged: Any) -> HttpMessage:
    return forge_rfc9421(request, world.m.ed25519, world.clock.now, **forged)


def by_cavage(world: World, request: HttpMessage, **forged: Any) -> HttpMessage:
    return forge_cavage(request, world.m.rsa, world.clock.now, **forged)


def parameters(world: World, key: SigningKey, **changes: str | None) -> str:
    """Honest signature parameters but for `changes`, which are raw text; None leaves one out."""
    honest = {"created": str(int(world.clock.now.timestamp())), "keyid": f'"{key.id}"'}
    return "".join(f";{name}={value}" for name, value in {**honest, **changes}.items() if value is not None)


# --- the forging tool itself: what it makes honestly is taken, so that a refusal has its named cause -------


@pytest.mark.parametrize("sign", [by_rfc9421, by_cavage])
async def test_what_the_attacker_signs_honestly_is_taken(world: World, sign: Any) -> None:
    await world.v.takes(sign(world, follow(world)))
    assert await world.v.followers() == [world.m.id]
    assert [activity["type"] for activity in world.m.received] == ["Accept"]


# --- B01 ---------------------------------------------------------------------------------------------------


async def test_b01_no_signature_is_401(world: World) -> None:
    await world.v.refuses(follow(world))


@pytest.mark.parametrize(
    "headers",
    [
        [("signature", "")],
        [("signature-input", "")],
        [("signature-input", ""), ("signature", "")],
        [("signature-input", "sig1=()"), ("signature", "sig1=::")],
        [("authorization", "Signature ")],
        [("authorization", "Bearer token")],
        [("signature", 'keyId="https://m.example/actors/mallory#main-key"')],
    ],
)
async def test_b01_an_empty_signature_is_401(world: World, headers: list[tuple[str, str]]) -> None:
    await world.v.refuses(follow(world).with_headers(*headers))


@pytest.mark.parametrize("kept", ["signature", "signature-input"])
async def test_b01_half_a_signature_is_401(world: World, kept: str) -> None:
    signed = by_rfc9421(world, follow(world))
    half = tuple(pair for pair in signed.headers if not pair[0].startswith("signature") or pair[0] == kept)
    await world.v.refuses(replace(signed, headers=half))


async def test_b01_a_proof_alone_is_no_request_signature(world: World) -> None:
    activity = world.m.prove(a_cast(world.m, world.v.actor("shop")))
    await world.v.refuses(world.v.request(activity, "shop"))


# --- B02 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "covered",
    [
        ("@method",),
        ("@target-uri", "content-digest"),
        ("@method", "content-digest"),
        ("@method", "@target-uri"),
        ("@method", "@path", "@query", "content-digest"),
        ("@method", "@authority", "@path", "content-digest"),
        ("@method", "@request-target", "content-digest"),
        (),
    ],
    ids=lambda covered: " ".join(covered) or "nothing",
)
async def test_b02_covering_too_little_is_401(world: World, covered: tuple[str, ...]) -> None:
    await world.v.refuses(by_rfc9421(world, follow(world), covered=covered))


@pytest.mark.parametrize(
    "covered",
    [
        ("@method;req", "@target-uri", "content-digest"),
        ("@method", "@target-uri;req", "content-digest"),
        ("@method", "@target-uri", "content-digest;bs"),
        ("@method", "@target-uri", 'content-digest;key="sha-256"'),
        ("@method", "@target-uri", "content-digest;tr"),
        ("@method", "@target-uri", "Content-Digest"),
        ("@method", "@method", "@target-uri", "content-digest"),
        ("@method", "@target-uri", "content-digest", "@status"),
        ("@method", "@target-uri", "content-digest", "@unheard-of"),
        ("@method", "@target-uri", "content-digest", "absent-header"),
    ],
    ids=" ".join,
)
async def test_b02_components_that_only_look_covered_are_401(world: World, covered: tuple[str, ...]) -> None:
    await world.v.refuses(by_rfc9421(world, follow(world), covered=covered))


@pytest.mark.parametrize("missing", CAVAGE_COVERED)
async def test_b02_the_old_scheme_covering_too_little_is_401(world: World, missing: str) -> None:
    covered = tuple(name for name in CAVAGE_COVERED if name != missing)
    await world.v.refuses(by_cavage(world, follow(world), covered=covered))


async def test_b02_the_old_scheme_with_no_list_covers_the_date_alone(world: World) -> None:
    await world.v.refuses(by_cavage(world, follow(world), covered=("date",)))


async def test_b02_a_digest_that_is_covered_but_absent_is_401(world: World) -> None:
    await world.v.refuses(by_rfc9421(world, follow(world), digest=""))
    await world.v.refuses(by_cavage(world, follow(world), digest=""))


async def test_b02_the_old_scheme_cannot_name_a_host_that_is_not_ours(world: World) -> None:
    elsewhere = replace(follow(world), url="https://t.example/actors/shop/inbox")
    signed = by_cavage(world, elsewhere)
    moved = replace(signed, url=world.v.inbox("shop"))
    await world.v.refuses(moved, 401, 421)
    await world.v.refuses(moved.with_headers(("host", "v.example")))


# --- B03 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [by_rfc9421, by_cavage])
async def test_b03_altered_body_with_stale_digest_is_401(world: World, sign: Any) -> None:
    signed = sign(world, follow(world))
    altered = signed.body.replace(b'"Follow"', b'"Follow" ')
    await world.v.refuses(replace(signed, body=altered))


@pytest.mark.parametrize("sign", [by_rfc9421, by_cavage])
async def test_b03_altered_body_with_fresh_digest_is_401(world: World, sign: Any) -> None:
    signed = sign(world, follow(world))
    altered = signed.body + b" "
    fresh = replace(signed, body=altered).with_headers(
        ("digest", legacy_digest(altered)), ("content-digest", content_digest(altered))
    )
    await world.v.refuses(fresh)


@pytest.mark.parametrize("first", [True, False])
async def test_b03_a_second_digest_line_that_fits_the_altered_body_is_401(world: World, first: bool) -> None:
    signed = by_rfc9421(world, follow(world))
    altered = signed.body + b" "
    line = (("content-digest", content_digest(altered)),)
    headers = line + signed.headers if first else signed.headers + line
    await world.v.refuses(replace(signed, body=altered, headers=headers))


@pytest.mark.parametrize("body", [b"", b" ", b"{}"])
async def test_b03_an_emptied_body_is_401(world: World, body: bytes) -> None:
    await world.v.refuses(replace(by_rfc9421(world, follow(world)), body=body))


async def test_b03_a_body_altered_in_its_last_chunk_is_401(world: World) -> None:
    signed = by_rfc9421(world, follow(world))
    chunks = [signed.body[:10], b"", signed.body[10:-1], b" }"]
    await world.v.refuses(signed, chunks=chunks)


async def test_b03_the_same_body_in_single_bytes_is_taken(world: World) -> None:
    signed = by_rfc9421(world, follow(world))
    answer = await world.v.ask(signed, chunks=[bytes([byte]) for byte in signed.body])
    assert answer.status == 202


# --- B05, B06 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [("md5", "md5"), ("sha1", "sha"), ("sha1", "sha-1"), ("sha256", "unknown"), ("sha256", "md5")],
)
async def test_b05_digest_only_weak_or_unknown_is_401(world: World, algorithm: str, name: str) -> None:
    request = follow(world)
    await world.v.refuses(by_rfc9421(world, request, digest=content_digest(request.body, algorithm, name)))
    await world.v.refuses(
        by_cavage(world, request, digest=legacy_digest(request.body, algorithm, name.upper()))
    )


@pytest.mark.parametrize(
    "digest",
    [
        "sha-256=::",
        "sha-256=?1",
        'sha-256="text"',
        "sha-256",
        "sha-256=:!!!:",
        "sha-256=:AAAA:",
        ",",
        "a b c",
    ],
)
async def test_b05_a_digest_that_digests_nothing_is_401(world: World, digest: str) -> None:
    await world.v.refuses(by_rfc9421(world, follow(world), digest=digest))
    await world.v.refuses(by_cavage(world, follow(world), digest=digest.upper()))


@pytest.mark.parametrize("wrong_first", [True, False])
@pytest.mark.parametrize("wrong_name", ["sha-512", "sha-256"])
async def test_b06_sha256_right_and_another_wrong_is_401(
    world: World, wrong_first: bool, wrong_name: str
) -> None:
    request = follow(world)
    algorithm = wrong_name.replace("-", "")
    right, wrong = content_digest(request.body), content_digest(b"other", algorithm, wrong_name)
    members = [wrong, right] if wrong_first else [right, wrong]
    await world.v.refuses(by_rfc9421(world, request, digest=", ".join(members)))
    right, wrong = legacy_digest(request.body), legacy_digest(b"other", algorithm, wrong_name.upper())
    members = [wrong, right] if wrong_first else [right, wrong]
    await world.v.refuses(by_cavage(world, request, digest=",".join(members)))


async def test_b06_both_right_is_taken(world: World) -> None:
    request = follow(world)
    both = f"{content_digest(request.body, 'sha512', 'sha-512')}, {content_digest(request.body)}"
    await world.v.takes(by_rfc9421(world, request, digest=both))


# --- B07, B08, B09: time -----------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-600, -10, -5.5])
async def test_b07_created_ten_minutes_old_is_401(world: World, minutes: float) -> None:
    now = world.clock.now + timedelta(minutes=minutes)
    await world.v.refuses(forge_rfc9421(follow(world), world.m.ed25519, now))


@pytest.mark.parametrize("minutes", [5.5, 10, 600, 60 * 24 * 365 * 5000])
async def test_b08_created_ten_minutes_ahead_is_401(world: World, minutes: float) -> None:
    now = world.clock.now + timedelta(minutes=minutes)
    await world.v.refuses(forge_rfc9421(follow(world), world.m.ed25519, now))


@pytest.mark.parametrize("minutes", [-4.9, 4.9])
async def test_b07_within_the_window_is_taken(world: World, minutes: float) -> None:
    now = world.clock.now + timedelta(minutes=minutes)
    await world.v.takes(forge_rfc9421(follow(world), world.m.ed25519, now))


@pytest.mark.parametrize("minutes", [-6000, -66, 66, 6000])
async def test_b07_the_wide_window_of_rsa_has_an_end_too(world: World, minutes: float) -> None:
    then = world.clock.now + timedelta(minutes=minutes)
    await world.v.refuses(forge_rfc9421(follow(world), world.m.rsa, then))
    await world.v.refuses(by_cavage(world, follow(world), date=then))
    created = {"(created)": str(int(then.timestamp()))}
    covered = ("(request-target)", "host", "(created)", "digest")
    old = by_cavage(
        world,
        follow(world),
        covered=covered,
        algorithm="hs2019",
        values=created,
        extra=f"created={created['(created)']},",
    )
    await world.v.refuses(old)


@pytest.mark.parametrize(
    "changes",
    [
        {"created": None},
        {"created": '"now"'},
        {"created": "1795262400.0"},
        {"created": "-1"},
        {"created": "?1"},
        {"created": "99999999999999999999"},
        {"created": "999999999999999"},
        {"expires": "1795262399"},
        {"expires": "0"},
        {"expires": '"never"'},
    ],
    ids=str,
)
async def test_b09_created_absent_or_expires_past_is_401(
    world: World, changes: dict[str, str | None]
) -> None:
    text = parameters(world, world.m.ed25519, **changes)
    await world.v.refuses(by_rfc9421(world, follow(world), parameters=text))


async def test_b09_the_old_scheme_expired_is_401(world: World) -> None:
    past = str(int(world.clock.now.timestamp()) - 1)
    covered = ("(request-target)", "host", "(created)", "(expires)", "digest")
    values = {"(created)": str(int(past) - 10), "(expires)": past}
    extra = f"created={values['(created)']},expires={past},"
    await world.v.refuses(
        by_cavage(world, follow(world), covered=covered, algorithm="hs2019", values=values, extra=extra)
    )


async def test_b09_an_expiry_that_is_far_ahead_does_not_widen_the_window(world: World) -> None:
    now = int(world.clock.now.timestamp())
    text = parameters(world, world.m.ed25519, created=str(now - 1200), expires=str(now + 36000))
    await world.v.refuses(by_rfc9421(world, follow(world), parameters=text))


# --- B10, B11: replay --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [by_rfc9421, by_cavage])
async def test_b10_byte_identical_resend_is_2xx_twice_with_one_effect(world: World, sign: Any) -> None:
    signed = sign(world, follow(world))
    first = await world.v.takes(signed)
    state, posts = world.v.snapshot(), len(world.v.engine.posts)
    second = await world.v.takes(signed)
    assert second.status == first.status
    assert world.v.snapshot() == state
    assert len(world.v.engine.posts) == posts


async def test_b10_a_resend_signed_anew_has_no_second_effect(world: World) -> None:
    request = follow(world)
    await world.v.takes(by_rfc9421(world, request))
    state, posts = world.v.snapshot(), len(world.v.engine.posts)
    world.clock.advance(hours=30 * 24)
    await world.v.takes(by_rfc9421(world, request))
    assert len(world.v.engine.posts) == posts
    assert world.v.snapshot()["follower"] == state["follower"]


async def test_b10_after_the_window_a_resend_is_401(world: World) -> None:
    signed = by_rfc9421(world, follow(world))
    await world.v.takes(signed)
    world.clock.advance(minutes=6)
    await world.v.refuses(signed)


async def test_b10_twenty_at_once_have_one_effect(world: World) -> None:
    activity = world.m.prove(a_cast(world.m, world.v.actor("shop")))
    signed = by_rfc9421(world, world.v.request(activity, "shop"))
    anew = forge_rfc9421(signed, world.m.ed25519, world.clock.now - timedelta(seconds=1))
    statuses: list[int] = []

    async def post(request: HttpMessage) -> None:
        statuses.append((await world.v.ask(request)).status)

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(post, signed if number % 2 else anew)
    await world.v.settle()
    assert statuses == [202] * 20
    tables = world.v.snapshot()
    assert [len(tables[name]) for name in ("deal", "evidence", "notice", "seen")] == [1, 1, 1, 1]


async def test_b10_the_same_id_with_another_body_is_refused_and_shown(world: World) -> None:
    activity = a_follow(world.m, world.v.actor("shop"))
    await world.v.takes(by_rfc9421(world, world.v.request(activity, "shop")))
    state = world.v.snapshot(besides=("conflict",))
    undo = {**activity, "type": "Undo", "object": {**activity, "id": world.m.fresh()}}
    answer = await world.v.ask(by_rfc9421(world, world.v.request(undo, "shop")))
    await world.v.settle()
    assert answer.status == 403
    assert world.v.snapshot(besides=("conflict",)) == state
    assert len(world.v.snapshot()["conflict"]) == 1
    assert await world.v.followers() == [world.m.id]


@pytest.mark.parametrize("sign", [by_rfc9421, by_cavage])
async def test_b11_signature_for_one_inbox_sent_to_another_is_401(world: World, sign: Any) -> None:
    signed = sign(world, follow(world))
    await world.v.refuses(replace(signed, url=world.v.inbox("ana")))
    await world.v.refuses(replace(signed, url=world.v.inbox("")))
    shared = sign(world, replace(follow(world), url=world.v.inbox("")))
    await world.v.refuses(replace(shared, url=world.v.inbox("shop")))


async def test_b11_a_message_to_the_shop_does_nothing_in_anas_inbox(world: World) -> None:
    activity = world.m.prove(a_cast(world.m, world.v.actor("shop")))
    await world.v.takes(by_rfc9421(world, world.v.request(activity, "ana")))
    tables = world.v.snapshot()
    assert (tables["deal"], tables["intent"]) == ([], [])
    assert [answer["instrument"]["reasonCode"] for answer in world.m.received] == ["obv:notAddressed"]


# --- B13: the address --------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["a=b", "type=Accept", "%00"])
@pytest.mark.parametrize("sign", [by_rfc9421, by_cavage])
async def test_b13_query_appended_after_signing_is_401(world: World, sign: Any, query: str) -> None:
    signed = sign(world, follow(world))
    await world.v.refuses(replace(signed, url=f"{signed.url}?{query}"))


@pytest.mark.parametrize("sign", [by_rfc9421, by_cavage])
async def test_b13_query_taken_away_after_signing_is_401(world: World, sign: Any) -> None:
    request = follow(world)
    signed = sign(world, replace(request, url=f"{request.url}?a=b"))
    await world.v.refuses(replace(signed, url=request.url))


@pytest.mark.parametrize(
    "path", ["/actors/%73hop/inbox", "/actors//shop/inbox", "/actors/./shop/inbox", "//inbox"]
)
async def test_b13_another_spelling_of_the_path_is_no_inbox(world: World, path: str) -> None:
    signed = by_rfc9421(world, follow(world))
    await world.v.refuses(replace(signed, url=f"{world.v.base}{path}"), 401, 404, 405)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "post"])
async def test_b13_another_method_than_was_signed_is_refused(world: World, method: str) -> None:
    signed = by_rfc9421(world, follow(world))
    await world.v.refuses(replace(signed, method=method), 401, 405)


# --- B14: two signatures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", ["m", "t"])
@pytest.mark.parametrize("valid_first", [True, False])
@pytest.mark.parametrize("in_lines", [True, False])
async def test_b14_one_valid_for_m_and_one_claiming_t_is_401(
    world: World, valid_first: bool, in_lines: bool, sender: str
) -> None:
    request = follow(world, getattr(world, sender))
    ours = by_rfc9421(world, request, label="sig1")
    claim = parameters(world, world.t.ed25519)
    theirs = by_rfc9421(world, request, label="sig2", parameters=claim)
    pair = [ours, theirs] if valid_first else [theirs, ours]
    lines = [(name, [each.header(name) or "" for each in pair]) for name in ("signature-input", "signature")]
    kept = tuple(item for item in ours.headers if not item[0].startswith("signature"))
    if in_lines:
        both = tuple((name, value) for name, values in lines for value in values)
    else:
        both = tuple((name, ", ".join(values)) for name, values in lines)
    await world.v.refuses(replace(ours, headers=kept + both))


async def test_b14_two_that_are_both_valid_for_m_are_401(world: World) -> None:
    request = follow(world)
    first, second = by_rfc9421(world, request), by_rfc9421(world, request, label="sig2")
    names = ("signature-input", "signature")
    both = [(name, f"{first.header(name)}, {second.header(name)}") for name in names]
    await world.v.refuses(first.with_headers(*both))


@pytest.mark.parametrize("sender", ["m", "t"])
async def test_b14_one_label_twice_is_401(world: World, sender: str) -> None:
    request = follow(world, getattr(world, sender))
    ours = by_rfc9421(world, request)
    theirs = by_rfc9421(world, request, parameters=parameters(world, world.t.ed25519))
    for order in ((ours, theirs), (theirs, ours)):
        names = ("signature-input", "signature")
        both = [(name, f"{order[0].header(name)}, {order[1].header(name)}") for name in names]
        await world.v.refuses(ours.with_headers(*both))


@pytest.mark.parametrize("sender", ["m", "t"])
async def test_b14_a_parameter_twice_is_401(world: World, sender: str) -> None:
    ids = (world.m.ed25519.id, world.t.ed25519.id)
    for one, other in (ids, ids[::-1]):
        text = f';created={int(world.clock.now.timestamp())};keyid="{one}";keyid="{other}"'
        request = follow(world, getattr(world, sender))
        await world.v.refuses(by_rfc9421(world, request, parameters=text))


@pytest.mark.parametrize("sender", ["m", "t"])
async def test_b14_two_of_the_old_scheme_are_401(world: World, sender: str) -> None:
    request = follow(world, getattr(world, sender))
    ours = by_cavage(world, request)
    theirs = by_cavage(world, request, key_id=world.t.rsa.id)
    for pair in ((ours, theirs), (theirs, ours)):
        values = [each.header("signature") or "" for each in pair]
        kept = tuple(item for item in ours.headers if item[0] != "signature")
        await world.v.refuses(replace(ours, headers=(*kept, *(("signature", v) for v in values))))
        await world.v.refuses(ours.with_headers(("signature", ",".join(values))))
        spread = ours.with_headers(("signature", values[0]), ("authorization", f"Signature {values[1]}"))
        await world.v.refuses(spread)


async def test_b14_a_broken_new_signature_does_not_fall_back_to_the_old_scheme(world: World) -> None:
    old = by_cavage(world, follow(world))
    new = by_rfc9421(world, old, parameters=parameters(world, world.m.ed25519, keyid='"https://m.example/x"'))
    mixed = new.with_headers(("signature", old.header("signature") or ""))
    await world.v.refuses(mixed)
    await world.v.refuses(old.with_headers(("signature-input", "")))
    in_authorization = new.with_headers(("authorization", f"Signature {old.header('signature')}"))
    await world.v.refuses(in_authorization)


# --- B16, B17, B18: the key id -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keyid",
    [
        None,
        "17",
        '""',
        "?1",
        f'"https://m.example/{"k" * 10_000}"',
        "token",
        ":aGVsbG8=:",
        '"mallory"',
        '"\\""',
    ],
    ids=lambda keyid: str(keyid)[:20],
)
async def test_b16_keyid_absent_integer_or_long_is_401(world: World, keyid: str | None) -> None:
    text = parameters(world, world.m.ed25519, keyid=keyid)
    await world.v.refuses(by_rfc9421(world, follow(world), parameters=text), 401, 431)
    assert world.v.engine.sent == []


@pytest.mark.parametrize("key_id", ["", "k" * 10_000, f"https://m.example/{'k' * 10_000}", "17"])
async def test_b16_the_old_scheme_without_a_key_id_is_401(world: World, key_id: str) -> None:
    await world.v.refuses(by_cavage(world, follow(world), key_id=key_id), 401, 431)
    assert world.v.engine.sent == []


@pytest.mark.parametrize("form", ["pem", "raw", "der"])
@pytest.mark.parametrize("actor", ["m", "t"])
async def test_b17_hmac_with_the_public_key_as_secret_is_401(world: World, form: str, actor: str) -> None:
    peer: Peer = getattr(world, actor)
    for key in (peer.rsa, peer.ed25519):
        public = key.public.material
        secret = {
            "pem": key.public.pem.encode(),
            "raw": key.public.multibase.encode(),
            "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        }[form]

        def sign(data: bytes, secret: bytes = secret) -> bytes:
            return hmac.new(secret, data, hashlib.sha256).digest()

        text = parameters(world, key, alg='"hmac-sha256"')
        request = follow(world, peer)
        await world.v.refuses(by_rfc9421(world, request, parameters=text, sign=sign))
        old = by_cavage(world, request, key_id=key.id, algorithm="hmac-sha256", sign=sign)
        await world.v.refuses(old)


@pytest.mark.parametrize(
    "alg", ["none", "hmac-sha256", "rsa-pss-sha512", "ecdsa-p256-sha256", "rsa-v1_5-sha256", ""]
)
async def test_b17_an_alg_that_is_not_the_keys_own_is_401(world: World, alg: str) -> None:
    text = parameters(world, world.m.ed25519, alg=f'"{alg}"')
    await world.v.refuses(by_rfc9421(world, follow(world), parameters=text))


@pytest.mark.parametrize(
    "algorithm", ["none", "hmac-sha256", "rsa-sha1", "rsa-sha512", "ed25519", "ecdsa-sha256"]
)
async def test_b17_an_algorithm_of_the_old_scheme_that_is_not_ours_is_401(
    world: World, algorithm: str
) -> None:
    await world.v.refuses(by_cavage(world, follow(world), algorithm=algorithm))


NOWHERE = [
    "data:application/activity+json,{}",
    "file:///etc/passwd",
    "http://127.0.0.1/key",
    "https://127.0.0.1/key",
    "https://127.0.0.1:8080/key",
    "https://127.1/key",
    "https://2130706433/key",
    "https://0x7f.0.0.1/key",
    "https://0177.0.0.1/key",
    "https://127。0。0。1/key",
    "https://[::1]/key",
    "https://[::ffff:127.0.0.1]/key",
    "https://[64:ff9b::7f00:1]/key",
    "https://0.0.0.0/key",
    "https://10.0.0.1/key",
    "https://192.168.1.1/key",
    "https://169.254.169.254/latest/meta-data",
    "https://m.example:22/key",
    "http://m.example/actors/mallory#main-key",
    "ftp://m.example/key",
    "gopher://m.example/key",
    "javascript:alert(1)",
    "//m.example/key",
    "/actors/mallory#main-key",
    "acct:mallory@m.example",
    "https://",
    "https:///key",
    "https://m.example\\@127.0.0.1/",
    "https://user@m.example/actors/mallory#main-key",
    "https://m.example/actors/mal lory",
    "did:web:m.example",
]


@pytest.mark.parametrize("key_id", NOWHERE)
async def test_b18_keyid_that_is_not_ours_to_open_is_401_with_zero_sockets(world: World, key_id: str) -> None:
    if key_id.isascii() and "\\" not in key_id:
        text = parameters(world, world.m.ed25519, keyid=f'"{key_id}"')
        await world.v.refuses(by_rfc9421(world, follow(world), parameters=text), 400, 401)
        await world.v.refuses(by_cavage(world, follow(world), key_id=key_id), 400, 401)
    proven = world.m.prove(a_cast(world.m, world.v.actor("shop")), key=replace(world.m.ed25519, id=key_id))
    world.v.engine.sent.clear()
    await world.v.refuses(by_rfc9421(world, world.v.request(proven, "shop")), 400, 401)
    assert not [url for url in world.v.engine.gets if url != world.m.id]


@pytest.mark.parametrize("key_id", [key_id for key_id in NOWHERE if key_id.isascii()])
async def test_b18_before_any_key_is_known_nothing_is_opened(world: World, key_id: str) -> None:
    text = parameters(world, world.m.ed25519, keyid=f'"{key_id}"'.replace("\\", "\\\\"))
    await world.v.refuses(by_rfc9421(world, follow(world), parameters=text), 400, 401)
    assert world.v.engine.sent == []


async def test_b18_a_did_key_signs_no_request(world: World) -> None:
    did = f"did:key:{world.m.ed25519.public.multibase}"
    text = parameters(world, world.m.ed25519, keyid=f'"{did}#{did[8:]}"')
    await world.v.refuses(by_rfc9421(world, follow(world), parameters=text))
    assert world.v.engine.sent == []


async def test_b18_a_key_id_on_our_own_origin_asks_nobody(world: World) -> None:
    for key_id in (f"{world.v.actor('ana')}#ed25519-key", f"{world.v.base}/actor#main-key"):
        text = parameters(world, world.m.ed25519, keyid=f'"{key_id}"')
        await world.v.refuses(by_rfc9421(world, follow(world), parameters=text), 401, 403)
    assert world.v.engine.sent == []


# --- B19, B20: keys that prove nothing ---------------------------------------------------------------------


def der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def spki_pem(modulus: int, exponent: int) -> str:
    """An RSA public key in SPKI, of any numbers, as no library writes it."""
    numbers = b"".join(der(2, n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in (modulus, exponent))
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d010101") + der(5, b""))
    whole = der(0x30, algorithm + der(3, b"\0" + der(0x30, numbers)))
    text = base64.encodebytes(whole).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n"


def padded(data: bytes, modulus: int) -> int:
    """EMSA-PKCS1-v1_5 with SHA-256, as a number."""
    info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(data).digest()
    size = (modulus.bit_length() + 7) // 8
    return int.from_bytes(b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info, "big")


WEAK_P = 0xE0000000000000000000000000000000000000000000000000000000000000AB
"""Where the search for the primes of the 512-bit key starts."""


def is_prime(number: int) -> bool:
    if any(number % small == 0 for small in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(base, odd, number)
        if x in (1, number - 1):
            continue
        if all((x := x * x % number) != number - 1 for _ in range(twos - 1)):
            return False
    return True


def weak_primes() -> tuple[int, int]:
    found: list[int] = []
    candidate = WEAK_P
    while len(found) < 2:
        candidate += 2
        if candidate % 65537 != 1 and is_prime(candidate):
            found.append(candidate)
    return found[0], found[1]


def publish_pem(world: World, pem: Any) -> None:
    world.m.document["publicKey"] = {"id": world.m.rsa.id, "owner": world.m.id, "publicKeyPem": pem}


async def test_b19_rsa_512_is_refused_though_the_signature_holds(world: World) -> None:
    p, q = weak_primes()
    private = pow(65537, -1, (p - 1) * (q - 1))

    def sign(data: bytes) -> bytes:
        return pow(padded(data, p * q), private, p * q).to_bytes(64, "big")

    assert pow(int.from_bytes(sign(b"x"), "big"), 65537, p * q) == padded(b"x", p * q)
    publish_pem(world, spki_pem(p * q, 65537))
    await world.v.refuses(by_cavage(world, follow(world), sign=sign))
    text = parameters(world, world.m.rsa)
    await world.v.refuses(by_rfc9421(world, follow(world), parameters=text, sign=sign))


async def test_b19_exponent_1_is_refused_though_everybody_can_sign(world: World) -> None:
    """The signature is then the padded digest itself."""
    modulus = world.m.rsa.public.material.public_numbers().n  # type: ignore[union-attr]
    publish_pem(world, spki_pem(modulus, 1))

    def sign(data: bytes) -> bytes:
        return padded(data, modulus).to_bytes(256, "big")

    await world.v.refuses(by_cavage(world, follow(world), sign=sign))
    text = parameters(world, world.m.rsa)
    await world.v.refuses(by_rfc9421(world, follow(world), parameters=text, sign=sign))


async def test_b19_exponent_3_is_refused_though_the_signature_holds(world: World) -> None:
    """Not forged here, but with sloppy padding checks it would be; nobody honest has one today."""
    weak = replace(world.m.rsa, material=rsa.generate_private_key(3, 2048))
    publish_pem(world, weak.public.pem)
    await world.v.refuses(forge_cavage(follow(world), weak, world.clock.now))


@pytest.mark.parametrize("exponent", [0, 2, 65536, 2**256])
async def test_b19_an_exponent_that_no_key_has_is_refused(world: World, exponent: int) -> None:
    modulus = world.m.rsa.public.material.public_numbers().n  # type: ignore[union-attr]
    publish_pem(world, spki_pem(modulus, exponent))
    await world.v.refuses(by_cavage(world, follow(world)))


async def test_b19_malformed_pem_is_refused(world: World) -> None:
    good, other = world.m.rsa.public.pem, world.t.rsa.public.pem
    point = generate_private_key(SECP256R1()).public_key()
    curve = point.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    pkcs1 = world.m.rsa.public.material.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    for pem in (
        "",
        "no key",
        good[:-60],
        good.replace("A", "!", 1),
        good + other,
        other + good,
        good.replace("PUBLIC", "PRIVATE"),
        curve,
        pkcs1,
        "\0" + good,
        good * 200,
        17,
        None,
        [good],
        {"@value": good},
    ):
        publish_pem(world, pem)
        world.clock.advance(minutes=6)
        await world.v.refuses(by_cavage(world, follow(world)))


P25519 = 2**255 - 19
D25519 = -121665 * pow(121666, -1, P25519) % P25519


def small_points() -> Iterator[bytes]:
    """All encodings of the points of order 1, 2, 4 and 8, those that are not canonical too."""
    ys = {0, 1, P25519 - 1, P25519, P25519 + 1}
    for y in range(P25519 - 1, P25519 + 19):
        ys.add(y)
    root = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    other = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
    for encoded in (root, other):
        ys.add(int.from_bytes(encoded, "little"))
    for y in sorted(ys):
        for sign in (0, 1):
            yield (y | sign << 255).to_bytes(32, "little")


def forges(public: bytes) -> Any:
    """A signer for a small-order key without its secret: R of small order, S = 0, tried until it verifies."""
    key = Ed25519PublicKey.from_public_bytes(public)

    def sign(data: bytes) -> bytes:
        for point in small_points():
            try:
                key.verify(point + bytes(32), data)
            except InvalidSignature:
                continue
            return point + bytes(32)
        return bytes(64)

    return sign


SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]
"""The eight points, and spellings of them that are not canonical."""


@pytest.mark.parametrize("public", SMALL, ids=lambda text: text[:4] + text[-2:])
async def test_b20_small_order_ed25519_key_is_refused(world: World, public: str) -> None:
    raw = bytes.fromhex(public)
    world.m.document["assertionMethod"][0]["publicKeyMultibase"] = encode_multibase(b"\xed\x01" + raw)
    sign = forges(raw)
    await world.v.refuses(by_rfc9421(world, follow(world), sign=sign))


async def test_b20_the_forger_of_small_order_signatures_works() -> None:
    """Else the test above would prove nothing."""
    raw = bytes.fromhex(SMALL[0])
    signature = forges(raw)(b"anything at all")
    Ed25519PublicKey.from_public_bytes(raw).verify(signature, b"anything at all")
    assert signature != bytes(64)


async def test_b20_a_small_order_key_proves_no_object_either(world: World) -> None:
    raw = bytes.fromhex(SMALL[0])
    world.m.document["assertionMethod"][0]["publicKeyMultibase"] = encode_multibase(b"\xed\x01" + raw)
    activity = world.m.prove(a_cast(world.m, world.v.actor("shop")))
    activity["proof"]["proofValue"] = encode_multibase(raw + bytes(32))
    signed = forge_rfc9421(world.v.request(activity, "shop"), world.m.rsa, world.clock.now)
    await world.v.refuses(signed)


@pytest.mark.parametrize("text", ["", "z", "z6Mk", "m7QE", 17, None, "z" + "1" * 5000, "zzzzzzzz"])
async def test_b20_a_multikey_that_is_no_key_is_refused(world: World, text: Any) -> None:
    world.m.document["assertionMethod"][0]["publicKeyMultibase"] = text
    await world.v.refuses(by_rfc9421(world, follow(world)))


# --- B22 ---------------------------------------------------------------------------------------------------


def unknown(world: World, number: int, *, hosts: int = 1) -> HttpMessage:
    key_id = f"https://h{number % hosts}.m.example/keys/{number}#main-key"
    return by_rfc9421(
        world, follow(world), parameters=parameters(world, world.m.ed25519, keyid=f'"{key_id}"')
    )


@pytest.mark.parametrize("hosts", [1, 1000])
async def test_b22_a_thousand_unknown_keyids_respect_the_fetch_cap_then_429(world: World, hosts: int) -> None:
    for number in range(hosts):
        world.host(f"h{number}.m.example")
    before = world.v.snapshot()
    answers = [await world.v.ask(unknown(world, n, hosts=hosts)) for n in range(1000)]
    statuses = [answer.status for answer in answers]
    assert set(statuses) == {401, 429}
    assert statuses[-1] == 429
    assert statuses.index(429) == statuses.count(401), "once over the cap, all are told so"
    assert len(world.v.engine.gets) <= world.v.config.limits.key_fetches_per_minute * 2
    assert int(answers[-1].header("retry-after") or 0) > 0
    assert world.v.snapshot() == before
    assert await world.v.is_alive()


async def test_b22_who_is_known_is_served_during_the_flood(world: World) -> None:
    await world.v.takes(by_cavage(world, follow(world)))
    for number in range(200):
        await world.v.ask(unknown(world, number))
    await world.v.takes(by_cavage(world, world.v.request(a_note(world.m, world.v.actor("ana")), "ana")))


async def test_b22_after_a_minute_strangers_of_that_host_are_heard_again(world: World) -> None:
    for number in range(100):
        key_id = f'"https://m.example/keys/{number}#main-key"'
        text = parameters(world, world.m.ed25519, keyid=key_id)
        await world.v.ask(by_rfc9421(world, follow(world), parameters=text))
    await world.v.refuses(by_rfc9421(world, follow(world)), 429)
    world.clock.advance(seconds=61)
    await world.v.takes(by_rfc9421(world, follow(world)))


async def test_b22_one_flooding_host_does_not_shut_out_another(world: World) -> None:
    for number in range(100):
        await world.v.ask(unknown(world, number))
    await world.v.takes(forge_rfc9421(follow(world, world.t), world.t.ed25519, world.clock.now))


async def test_b22_one_dead_keyid_a_hundred_times_respects_the_cap(world: World) -> None:
    answers = [await world.v.ask(unknown(world, 7)) for _ in range(100)]
    assert answers[-1].status in (401, 429)
    assert len(world.v.engine.gets) <= world.v.config.limits.key_fetches_per_minute


# --- in no list --------------------------------------------------------------------------------------------


async def test_headers_in_capitals_and_odd_spaces_do_not_hide_a_second_signature(world: World) -> None:
    signed = by_cavage(world, follow(world))
    doubled = replace(
        signed, headers=(*signed.headers, ("Signature", 'keyId="https://t.example/actors/tess#main-key"'))
    )
    await world.v.refuses(doubled)


async def test_a_second_host_or_date_line_is_refused(world: World) -> None:
    signed = by_cavage(world, follow(world))
    await world.v.refuses(replace(signed, headers=(*signed.headers, ("host", "v.example"))), 400, 401)
    later = (world.clock.now + timedelta(minutes=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    await world.v.refuses(replace(signed, headers=(*signed.headers, ("date", later))))


@pytest.mark.parametrize(
    "extra",
    [
        "http://v.example/inbox",
        "https://t.example/inbox",
        "https://v.example:443/inbox",
        "https://V.example/inbox",
    ],
)
async def test_another_spelling_of_the_target_is_not_what_was_signed(world: World, extra: str) -> None:
    request = replace(follow(world), url=extra)
    signed = forge_rfc9421(request, world.m.ed25519, world.clock.now)
    await world.v.refuses(replace(signed, url=world.v.inbox("")).with_headers(("host", "v.example")))


async def test_a_signature_by_a_key_of_another_kind_under_the_right_id_is_401(world: World) -> None:
    confused = replace(world.m.ed25519, id=world.m.rsa.id)
    await world.v.refuses(forge_rfc9421(follow(world), confused, world.clock.now))
    confused = replace(world.m.rsa, id=world.m.ed25519.id)
    await world.v.refuses(forge_rfc9421(follow(world), confused, world.clock.now))
    await world.v.refuses(forge_cavage(follow(world), confused, world.clock.now))


async def test_a_truncated_or_doubled_signature_is_401(world: World) -> None:
    for sign in (
        lambda data: world.m.ed25519.sign(data)[:-1],
        lambda data: world.m.ed25519.sign(data) + b"\0",
        lambda data: b"",
        lambda data: world.m.ed25519.sign(data) * 2,
    ):
        await world.v.refuses(by_rfc9421(world, follow(world), sign=sign))


async def test_an_ed25519_signature_with_s_plus_the_order_is_401(world: World) -> None:
    """The malleable twin of a valid signature: another replay key for the same message."""
    order = 2**252 + 27742317777372353535851937790883648493

    def twin(data: bytes) -> bytes:
        made = world.m.ed25519.sign(data)
        s = int.from_bytes(made[32:], "little") + order
        return made[:32] + s.to_bytes(32, "little")

    await world.v.refuses(by_rfc9421(world, follow(world), sign=twin))


@pytest.mark.parametrize(
    "header",
    [
        ("x-forwarded-host", "t.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-prefix", "/actors/ana"),
        ("forwarded", "host=t.example;proto=http"),
        ("x-original-url", "/actors/ana/inbox"),
        ("x-rewrite-url", "/actors/ana/inbox"),
        ("x-http-method-override", "DELETE"),
    ],
)
async def test_headers_that_proxies_believe_change_nothing_of_what_was_signed(
    world: World, header: tuple[str, str]
) -> None:
    await world.v.takes(by_rfc9421(world, follow(world).with_headers(header)))
    assert await world.v.followers() == [world.m.id]
    elsewhere = replace(follow(world, world.t), url="https://t.example/actors/ana/inbox")
    signed = forge_rfc9421(elsewhere, world.t.ed25519, world.clock.now)
    moved = replace(signed, url=world.v.inbox("shop")).with_headers(header, ("host", "v.example"))
    await world.v.refuses(moved)
