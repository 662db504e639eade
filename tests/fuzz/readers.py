"""Targets: everything that reads strangers' text without a world around it."""

from __future__ import annotations

import json
import math
from random import Random
from typing import Any
from urllib.parse import urlsplit

import rfc8785
from yarl import URL

from federation.activity import parse_activity
from federation.actors import learn_host, parse_actor
from federation.errors import DocumentRefused, InvalidIri, InvalidJson, KeyRefused, Refused
from federation.ids import MAX_IRI_CHARS, host, origin, parse_iri, same_origin
from federation.jcs import canonicalize
from federation.keys import (
    PublicKey,
    generate_rsa,
    keys_of_actor,
    parse_did_key,
    parse_multikey,
    parse_public_pem,
)
from federation.nodeinfo import parse_wellknown
from federation.strictjson import dump_json, parse_json
from federation.vocab import is_activity_content_type, is_inbox_content_type
from federation.webfinger import parse_handle
from node.wire.html import clean_html, plain_text
from tests.fuzz.corpus import AFTER, documents, examples
from tests.fuzz.mutation import mutate_bytes, mutate_json, mutate_text
from tests.fuzz.nasty import TEXTS, TOKENS
from tests.fuzz.targets import Finding, Target, plain

__all__ = ["READERS"]

DEPTH = 32
MOST_BYTES = 256 * 1024
MOST = 2**53 - 1


def expect(holds: bool, words: str) -> None:
    if not holds:
        raise Finding(words)


# --- JSON --------------------------------------------------------------------------------------------------

JSON_TOKENS = (
    *(token.encode() for token in TOKENS),
    b"null", b"true", b"false", b"NaN", b"Infinity", b"-Infinity", b"-0", b"1e400", b"1E5", b"0.1e1",
    b"9007199254740993",
    b"9007199254740991", b"-9007199254740992", b"00", b"1.", b"\\u0000", b"\\u00e9", b"\\ud800",
    b"\\ud83d\\ude00", b"\\uDC00",
    b"\\", b'\\"', b"\\/", b"\\x", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x00",
    b"\x1f", b"\x7f",
    b'"id":1,"id":2', b'"\\u0069d":1', b"[" * 33, b"]" * 33, b'{"a":' * 31, b"{}", b"[]", b"/**/", b"//",
    b"1" * 30,
)  # fmt: skip


def make_json(rng: Random) -> bytes:
    value: Any = rng.choice(list(documents().values()))
    if rng.random() < 0.6:
        value = mutate_json(value, rng, donors=examples(), keep=0.2)
    if rng.random() < 0.5 and isinstance(value, dict):
        value = rng.choice(list(value.values()) or [value])
    try:
        compact = (",", ":") if rng.random() < 0.7 else None
        data = json.dumps(value, ensure_ascii=rng.random() < 0.3, separators=compact).encode()
    except (ValueError, UnicodeEncodeError):
        data = b"{}"
    return mutate_bytes(data[:MOST_BYTES], rng, JSON_TOKENS) if rng.random() < 0.7 else data[:MOST_BYTES]


class _Lax(Exception):
    """Python's parser takes it; a strict one must not."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise _Lax
    return dict(pairs)


def _constant(_: str) -> Any:
    raise _Lax


def _is_within(value: Any, depth: int) -> bool:
    """What I-JSON and the bounds of this house leave."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, int | float):
        return math.isfinite(value) and abs(value) <= MOST
    if depth == 0:
        return False
    if isinstance(value, dict):
        return all(_is_within(name, 1) and _is_within(item, depth - 1) for name, item in value.items())
    return all(_is_within(item, depth - 1) for item in value)


def _reference(data: bytes) -> tuple[bool, Any]:
    """Whether the bytes are one strict document, and its value, by other means."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_constant)
    except (ValueError, _Lax, RecursionError):
        return False, None
    return _is_within(value, DEPTH), value


def _same(one: Any, other: Any) -> bool:
    """Equal in type and value; Python holds 1, 1.0 and True for one."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) and (
        not isinstance(one, float) or math.copysign(1, one) == math.copysign(1, other)
    )


def judge_json(data: bytes) -> None:
    strict, wanted = _reference(data)
    try:
        value = parse_json(data, max_depth=DEPTH)
    except InvalidJson as error:
        expect(not strict, f"refused what is strict: {error} {error.place}")
        expect(error.place.isprintable() and len(error.place) < 400, "the place is not for people")
        return
    expect(strict, "took what is not strict")
    expect(_same(value, wanted), "read another value")
    expect(_same(parse_json(dump_json(value)), value), "what is written is read as something else")
    expect(canonicalize(value) == rfc8785.dumps(value), "another canonical form")


# --- addresses ---------------------------------------------------------------------------------------------


def make_text(rng: Random) -> bytes:
    return mutate_text(rng.choice(TEXTS), rng).encode("utf-8", "surrogatepass")


def judge_address(data: bytes) -> None:
    text = data.decode("utf-8", "surrogatepass")
    _judge_handle(text)
    try:
        iri = parse_iri(text)
    except InvalidIri:
        expect(not same_origin(text, text), "an address that is none has an origin")
        return
    expect(iri.isascii() and iri.isprintable() and " " not in iri, "not plain")
    expect(len(iri) <= MAX_IRI_CHARS, "too long")
    expect(parse_iri(iri) == iri, "its one spelling has another")
    expect(same_origin(text, iri) and origin(iri) == origin(text), "the spelling changes the origin")
    _judge_host(iri)


def _judge_host(iri: str) -> None:
    """Who opens it goes where who compares it thinks."""
    ours, parts, opened = host(iri), urlsplit(iri), URL(iri, encoded=True)
    expect(parts.hostname == ours, f"urlsplit goes to {parts.hostname}, not {ours}")
    expect(opened.raw_host == ours, f"the client goes to {opened.raw_host}, not {ours}")
    expect(parts.username is None and opened.user is None, "has a user")
    expect(origin(iri) == f"{parts.scheme}://{parts.netloc}", "another origin")
    expect(iri.startswith(origin(iri) + "/"), "the origin is not its beginning")


def _judge_handle(text: str) -> None:
    try:
        handle = parse_handle(text)
    except InvalidIri:
        return
    expect(parse_handle(str(handle)) == handle == parse_handle(handle.acct), "a handle is read in two ways")
    expect(
        handle.acct.isascii() and not any(char in handle.acct for char in " \r\n/?#"), "not for an address"
    )


# --- keys --------------------------------------------------------------------------------------------------

ACTOR = "https://m.example/actors/mallory"
RSA = generate_rsa(f"{ACTOR}#main-key", ACTOR).public
KEY_TOKENS = (
    b"-----BEGIN PUBLIC KEY-----\n", b"-----END PUBLIC KEY-----", b"-----BEGIN RSA PUBLIC KEY-----",
    b"\n", b"\r\n", b" ",
    b"=", b"==", b"A", b"MII", b"MCowBQYDK2VwAyEA", b"z6Mk", b"z4MX", b"z", b"1", b"u", b"did:key:",
    b"#", b"\x00",
    b"AQAB", b"\xc3\xa9", b"0", b"O", b"I", b"l",
)  # fmt: skip


def make_key(rng: Random) -> bytes:
    ed25519 = rng.choice(documents()["99-test-keys"]["keys"])["publicKeyMultibase"]
    good = rng.choice((RSA.pem, RSA.multibase, ed25519, f"did:key:{ed25519}", f"did:key:{ed25519}#{ed25519}"))
    return mutate_bytes(good.encode(), rng, KEY_TOKENS) if rng.random() < 0.98 else good.encode()


def judge_key(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        key = parse_public_pem(text, key_id="k", owner=ACTOR)
        expect(parse_public_pem(key.pem, key_id="k", owner=ACTOR) == key, "written, it is another key")
        _judge_key(key)
    except KeyRefused:
        pass
    try:
        key = parse_multikey(text, key_id="k", owner=ACTOR)
        expect(key.multibase == text, "a second spelling of one key")
        _judge_key(key)
    except KeyRefused:
        pass
    try:
        key = parse_did_key(text)
        expect(text in (key.owner, f"{key.owner}#{key.multibase}"), "a second spelling of one did:key")
        _judge_key(key)
    except KeyRefused:
        pass


def _judge_key(key: PublicKey) -> None:
    expect(not key.verify(b"x", bytes(64)) and not key.verify(b"x", b"\x01" + bytes(63)), "proves anything")
    expect(not key.verify(b"x", b""), "proves with nothing")
    expect(len(key.fingerprint) == 64, "no fingerprint")


# --- documents of others -----------------------------------------------------------------------------------


def make_actor(rng: Random) -> bytes:
    known = documents()
    names = (
        "00-account-person",
        "00-account-vendor",
        "00-node",
        "00-persona",
        "42-webfinger",
        "30-standing-offer-post",
    )
    actors = [known[name] for name in names]
    changed = mutate_json(rng.choice(actors), rng, donors=actors, keep=0.5, most=4)
    return json.dumps(changed).encode("utf-8", "surrogatepass")[:MOST_BYTES]


def judge_actor(data: bytes) -> None:
    try:
        document = parse_json(data)
    except InvalidJson:
        return
    if not isinstance(document, dict):
        return
    parse_wellknown(document)
    address = document.get("id") if isinstance(document.get("id"), str) else "https://ana.example/actors/ana"
    for key in keys_of_actor(document):
        expect(key.owner == document["id"], "a key of somebody else")
        expect(same_origin(key.id, key.owner) or key.id.startswith(key.owner + "#"), "a key from elsewhere")
    try:
        actor = parse_actor(document, str(address))
    except (DocumentRefused, InvalidIri):
        return
    for found in (actor.inbox, actor.shared_inbox, actor.followers, actor.url):
        expect(found == "" or same_origin(found, actor.id), f"{found} is on another origin")
    learn_host(actor, None, AFTER)


def make_activity(rng: Random) -> bytes:
    changed = mutate_json(rng.choice(examples()), rng, donors=examples(), keep=0.3, most=4)
    return json.dumps(changed, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")[:MOST_BYTES]


def judge_activity(data: bytes) -> None:
    try:
        activity = parse_activity(data)
    except Refused:
        return
    expect(parse_iri(activity.id) == activity.id and parse_iri(activity.actor) == activity.actor, "an odd id")
    expect(activity.is_public in (True, False) and activity.is_self_delete in (True, False), "no answer")


# --- words -------------------------------------------------------------------------------------------------


def make_page(rng: Random) -> bytes:
    parts = [rng.choice(TEXTS) for _ in range(rng.randint(1, 4))] + ["<p class='mention h-card'>x</p><br>"]
    rng.shuffle(parts)
    return mutate_text("".join(parts)[:20_000], rng).encode("utf-8", "surrogatepass")


def judge_page(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    clean = clean_html(text)
    lowered = clean.lower()
    for bad in ("<script", "<svg", "<img", "<style", "<iframe", "onerror=", "onload="):
        at = lowered.find(bad)
        inside_a_tag = at >= 0 and lowered.rfind("<", 0, at + 1) > lowered.rfind(">", 0, at + 1)
        expect(not inside_a_tag, f"{bad} is left")
    expect('href="javascript:' not in lowered, "a script behind a link")
    # Of a text's first characters a byte order mark is dropped, one each time.
    again = clean_html(clean).lstrip("\ufeff")
    expect(len(clean) > 20_000 or again == clean.lstrip("\ufeff"), "cleaning twice is not cleaning once")
    plain_text(text)


# --- headers -----------------------------------------------------------------------------------------------


def make_content_type(rng: Random) -> bytes:
    good = rng.choice(
        (
            "application/activity+json; charset=utf-8",
            'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
            'application/ld+json;profile="a b https://www.w3.org/ns/activitystreams";x="\\"";y=z',
        )
    )
    return mutate_text(good, rng).encode("utf-8", "surrogatepass")


def judge_content_type(data: bytes) -> None:
    text = data.decode("latin-1")
    if is_activity_content_type(text) or is_inbox_content_type(text):
        name = text.split(";")[0].strip().lower()
        expect(name in ("application/activity+json", "application/ld+json"), f"{name!r} is no activity")


READERS: tuple[Target, ...] = (
    plain("json", make_json, judge_json, share=3),
    plain("address", make_text, judge_address, share=2),
    plain("key", make_key, judge_key, share=2),
    plain("actor", make_actor, judge_actor, share=2),
    plain("activity", make_activity, judge_activity, share=2),
    plain("page", make_page, judge_page),
    plain("content-type", make_content_type, judge_content_type),
)
