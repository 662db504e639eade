"""Requests as they stand on the wire, signed beforehand.

Written out here, and not by the code that is measured: a faster signer must not make a slower check, and
thousands are needed in a moment.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from federation.messages import JsonObject
from federation.proofs import add_proof
from tests.benchmarks.nodes import Sender

__all__ = ["Sign", "by_cavage", "by_ed25519", "casts", "feedback"]

GOLDEN = Path(__file__).parents[1] / "golden" / "messages"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
Sign = Callable[[Sender, str, bytes], bytes]
_NUMBERS = count(1)


def by_cavage(sender: Sender, url: str, body: bytes) -> bytes:
    """A POST as the fediverse signs it: draft-cavage-12, RSA-SHA256."""
    parts = urlsplit(url)
    date = format_datetime(datetime.now(UTC), usegmt=True)
    digest = "SHA-256=" + _base64(hashlib.sha256(body).digest())
    text = f"(request-target): post {parts.path}\nhost: {parts.netloc}\ndate: {date}\ndigest: {digest}"
    signature = _base64(sender.rsa.sign(text.encode()))
    named = f'keyId="{sender.rsa.id}",algorithm="rsa-sha256"'
    return _request(
        url,
        body,
        ("date", date),
        ("digest", digest),
        ("signature", f'{named},headers="(request-target) host date digest",signature="{signature}"'),
    )


def by_ed25519(sender: Sender, url: str, body: bytes) -> bytes:
    """A POST as our own kind signs it: RFC 9421, Ed25519."""
    digest = f"sha-256=:{_base64(hashlib.sha256(body).digest())}:"
    created = int(datetime.now(UTC).timestamp())
    parameters = f'("@method" "@target-uri" "content-digest");created={created};keyid="{sender.ed25519.id}"'
    parameters += ';alg="ed25519"'
    base = (
        f'"@method": POST\n"@target-uri": {url}\n"content-digest": {digest}\n'
        f'"@signature-params": {parameters}'
    )
    return _request(
        url,
        body,
        ("content-digest", digest),
        ("signature-input", f"sig1={parameters}"),
        ("signature", f"sig1=:{_base64(sender.ed25519.sign(base.encode()))}:"),
    )


def _request(url: str, body: bytes, *headers: tuple[str, str]) -> bytes:
    parts = urlsplit(url)
    lines = [
        f"POST {parts.path} HTTP/1.1",
        f"host: {parts.netloc}",
        "user-agent: bench/1 (+https://peer.example)",
        "content-type: application/activity+json",
        f"content-length: {len(body)}",
        "accept-encoding: gzip",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


# --- what they say -----------------------------------------------------------------------------------------


def feedback(known: Sequence[Sender], vendor: str, amount: int) -> Iterator[tuple[Sender, bytes]]:
    """Create/Note, as any fediverse server sends one: a public post about the vendor, which keeps it."""
    now = _stamp(datetime.now(UTC))
    for number in range(amount):
        sender = known[number % len(known)]
        name = f"{next(_NUMBERS):012d}"
        audience = {"to": [PUBLIC], "cc": [vendor]}
        note = {
            "id": f"{sender.origin}/posts/{name}",
            "type": "Note",
            "attributedTo": sender.actor,
            **audience,
            "published": now,
            "content": "<p>They swapped a faulty bicycle at my door within a week. I would go again.</p>",
            "withRegardTo": vendor,
        }
        activity = {
            "@context": ["https://www.w3.org/ns/activitystreams", _ABOUT],
            "id": f"{sender.origin}/posts/{name}/activity",
            "type": "Create",
            "actor": sender.actor,
            **audience,
            "published": now,
            "object": note,
        }
        yield sender, json.dumps(activity, separators=(",", ":")).encode()


_ABOUT = {"withRegardTo": {"@id": "https://neodb.net/ns#withRegardTo", "@type": "@id"}}


def casts(known: Sequence[Sender], vendor: str, amount: int) -> Iterator[tuple[Sender, bytes]]:
    """The intent of the signed examples, each in a deal of its own, proven by its sender."""
    golden: JsonObject = json.loads((GOLDEN / "01-intent.json").read_text())
    del golden["proof"]
    template = json.dumps(golden)
    for number in range(amount):
        sender = known[number % len(known)]
        activity = _as_own(template, golden, sender, vendor)
        proven = add_proof(activity, sender.ed25519, created=datetime.now(UTC))
        yield sender, json.dumps(proven, separators=(",", ":")).encode()


def _as_own(template: str, golden: JsonObject, sender: Sender, vendor: str) -> JsonObject:
    old, name, now = golden["object"], f"{next(_NUMBERS):022d}", datetime.now(UTC)
    changes = {
        old["id"]: f"{sender.origin}/proposals/{name}",
        golden["id"]: f"{sender.origin}/activities/{name}",
        old["context"]: f"{sender.origin}/deals/{name}",
        golden["actor"]: sender.actor,
        golden["to"][0]: vendor,
        golden["published"]: _stamp(now),
        old["endTime"]: _stamp(now + timedelta(days=3)),
        old["publishes"]["due"]: _stamp(now + timedelta(days=7)),
    }
    for before, after in changes.items():
        template = template.replace(before, after)
    activity: JsonObject = json.loads(template)
    return activity


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
