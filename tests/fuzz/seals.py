"""Targets: request signatures and digests, changed after they were made.

What verifies must be what was signed: the input holds the honest request beside the changed one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from federation import cavage, signatures
from federation.digest import cavage_digest, content_digest, verify_cavage_digest, verify_content_digest
from federation.errors import AuthenticationFailed, SignatureInvalid
from federation.heads import authorities_of, check_head
from federation.keys import SigningKey, ed25519_from_seed, generate_rsa
from federation.messages import HttpMessage, Limits
from federation.usual_signatures import build_base, read_usual
from tests.fuzz.corpus import AFTER
from tests.fuzz.mutation import mutate_text
from tests.fuzz.targets import Finding, Target, plain

__all__ = ["SEALS"]

ACTOR = "https://m.example/actors/mallory"
RSA = generate_rsa(f"{ACTOR}#main-key", ACTOR)
ED25519 = ed25519_from_seed(f"{ACTOR}#ed25519-key", ACTOR, bytes(range(32)))
INBOX = "https://v.example/actors/shop/inbox"
BODY = b'{"type":"Like"}'
Pairs = list[list[str]]
Verify = Callable[..., Any]

PARTS = (
    ';created=1', ';expires=1', ';expires=99999999999', ';nonce="x"', ';tag="y"', ';alg="ed25519"',
    ';alg="hmac-sha256"', ";alg=1",
    ';keyid="x"', ";keyid=x", ';sf', ';bs', ';req', ';key="a"', '"@method"', '"@path"', '"@query"',
    '"@authority"',
    '"@request-target"', '"content-length"', '"host"', '"digest"', '"date"', '"signature"', "sig1=",
    "sig2=", "sig1=()", ", ", "=:", ":",
    '(created)', '(expires)', "(request-target)", 'algorithm="hs2019",', 'algorithm="rsa-sha256",',
    "created=1,", "expires=1,",
    'headers="date",', 'keyId="x",', "sha-256=:", "sha-512=:", "SHA-256=", "sha-256=", "md5=", "?1",
    "?0", "1.5", "@1659578233",
)  # fmt: skip


def _mutate(text: str, rng: Random) -> str:
    if rng.random() < 0.5:
        at = rng.randint(0, len(text))
        return text[:at] + rng.choice(PARTS) + text[min(len(text), at + rng.choice((0, 0, 1, 8))) :]
    return mutate_text(text, rng)


def _request(rng: Random, sign: Callable[..., HttpMessage], key: SigningKey) -> HttpMessage:
    headers = (
        ("host", "v.example"),
        ("content-type", "application/activity+json"),
        ("content-length", str(len(BODY))),
    )
    return sign(HttpMessage.request("POST", INBOX, headers, BODY), key, now=AFTER)


def _changed(message: HttpMessage, rng: Random) -> bytes:
    pairs: Pairs = [list(pair) for pair in message.headers]
    method, url, body = message.method, message.url, message.body.decode()
    for _ in range(rng.randint(1, 2)):
        match rng.randrange(10):
            case 0:
                method = rng.choice(("GET", "post", "PUT", "", "POST ", _mutate(method, rng)))
            case 1:
                url = rng.choice(
                    (url + "?x=1", url + "?", url.upper(), url.replace("shop", "ana"), _mutate(url, rng))
                )
            case 2:
                body = mutate_text(body, rng)
            case 3:
                pairs.append(list(rng.choice(pairs)))
            case 4:
                pairs.pop(rng.randrange(len(pairs)))
            case _:
                pair = rng.choice(pairs)
                pair[rng.random() < 0.95] = _mutate(pair[1], rng)
    return json.dumps({"method": method, "url": url, "headers": pairs, "body": body}).encode()


def _as_message(data: bytes) -> HttpMessage:
    found = json.loads(data)
    headers = [(str(name), str(value)) for name, value in found["headers"]]
    return HttpMessage.request(
        found["method"], found["url"], headers, found["body"].encode("utf-8", "surrogatepass")
    )


def make_rfc9421(rng: Random) -> bytes:
    return _changed(_request(rng, signatures.sign, rng.choice((RSA, ED25519))), rng)


def make_cavage(rng: Random) -> bytes:
    return _changed(_request(rng, cavage.sign, RSA), rng)


def judge_rfc9421(data: bytes) -> None:
    message = _as_message(data)
    try:
        claim = signatures.parse_signature(message)
    except AuthenticationFailed:
        if read_usual(message) is not None:
            raise Finding("the short way reads what the long one refuses") from None
        return
    _compare_readings(message, claim)
    _judge_verified(message, signatures.verify)


def _compare_readings(message: HttpMessage, claim: signatures.SignatureClaim) -> None:
    """The short way and the library say the same of one request."""
    if not claim.input:
        return
    slow = signatures._parse_with_library(message)
    said = (claim.key_id, claim.created, claim.expires, claim.algorithm, claim.covered, claim.signature)
    if said != (slow.key_id, slow.created, slow.expires, slow.algorithm, slow.covered, slow.signature):
        raise Finding("the two ways read two things")
    if build_base(message, claim.covered, claim.input) is None:
        return
    for key in (RSA.public, ED25519.public):
        answers = {signatures._signed_base(message, one, key) for one in (claim, slow)}
        if len(answers) != 1:
            raise Finding("the two ways verify two things")


def _judge_verified(message: HttpMessage, verify: Verify) -> None:
    for key in (RSA.public, ED25519.public):
        try:
            verify(message, key, now=AFTER, limits=Limits())
        except AuthenticationFailed:
            continue
        if (message.method, message.url.partition("#")[0], message.body) != ("POST", INBOX, BODY):
            raise Finding(f"a signature holds for {message.method} {message.url}")


def judge_cavage(data: bytes) -> None:
    message = _as_message(data)
    try:
        cavage.parse_signature(message)
    except AuthenticationFailed:
        return
    _judge_verified(message, cavage.verify)


# --- digests and heads -------------------------------------------------------------------------------------


def make_digest(rng: Random) -> bytes:
    return _mutate(rng.choice((content_digest(BODY), cavage_digest(BODY))), rng).encode(
        "utf-8", "surrogatepass"
    )


def judge_digest(data: bytes) -> None:
    text = data.decode("latin-1")
    for verify in (verify_content_digest, verify_cavage_digest):
        for body in (BODY, BODY + b" "):
            try:
                verify(text, body)
            except SignatureInvalid:
                continue
            if body != BODY:
                raise Finding("the digest of another body holds")


AUTHORITIES = authorities_of("https://v.example")


def make_head(rng: Random) -> bytes:
    request = _request(rng, signatures.sign, ED25519)
    pairs = [list(pair) for pair in request.headers] + [["transfer-encoding", "chunked"]]
    path = rng.choice(
        ("/actors/shop/inbox", "/inbox", "/actor", "//", "/%2e%2e/x", "*", "https://v.example/inbox")
    )
    for _ in range(rng.randint(0, 3)):
        pair = rng.choice(pairs)
        pair[1] = _mutate(pair[1], rng)
    if rng.random() < 0.7:
        pairs = [pair for pair in pairs if pair[0] != rng.choice(("transfer-encoding", "content-length"))]
    if rng.random() < 0.3:
        pairs.append(list(rng.choice(pairs)))
    return json.dumps(
        [rng.choice(("POST", "GET", "PRI", "")), _mutate(path, rng), _mutate("", rng), pairs]
    ).encode()


def judge_head(data: bytes) -> None:
    method, path, query, pairs = json.loads(data)
    headers = [(_latin(name), _latin(value)) for name, value in pairs]
    fault = check_head(
        method,
        _latin(path),
        _latin(query),
        headers,
        http_version="1.1",
        authorities=AUTHORITIES,
        most_bytes=16384,
        most_body_bytes=262144,
    )
    if fault is not None:
        if not 400 <= fault.status < 500:
            raise Finding(f"{fault.status} for a bad head")
        return
    names = [name for name, _ in headers]
    if names.count(b"host") != 1 or (b"content-length" in names and b"transfer-encoding" in names):
        raise Finding("a head with two readings passes")
    if not path.startswith("/") or any(char in path for char in "?#\\ \r\n\t\x00"):
        raise Finding(f"the path {path!r} passes")


def _latin(text: str) -> bytes:
    return text.encode("latin-1", "replace")


SEALS: tuple[Target, ...] = (
    plain("rfc9421", make_rfc9421, judge_rfc9421, share=3),
    plain("cavage", make_cavage, judge_cavage, share=2),
    plain("digest", make_digest, judge_digest),
    plain("head", make_head, judge_head),
)
