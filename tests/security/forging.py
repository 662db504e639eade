"""Signatures and messages written by hand, for what no honest library would make."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from federation.keys import SigningKey
from federation.messages import HttpMessage, JsonObject
from tests.security.peers import Peer

__all__ = [
    "CAVAGE_COVERED",
    "CONTENT",
    "a_cast",
    "a_follow",
    "content_digest",
    "forge_cavage",
    "forge_rfc9421",
    "legacy_digest",
]

GOLDEN = Path(__file__).parents[1] / "golden" / "messages"
CONTENT = ("@method", "@target-uri", "content-digest")
CAVAGE_COVERED = ("(request-target)", "host", "date", "digest")


def content_digest(body: bytes, algorithm: str = "sha256", name: str = "sha-256") -> str:
    """One member of a Content-Digest."""
    return f"{name}=:{base64.b64encode(hashlib.new(algorithm, body).digest()).decode()}:"


def legacy_digest(body: bytes, algorithm: str = "sha256", name: str = "SHA-256") -> str:
    """One member of a Digest header."""
    return f"{name}={base64.b64encode(hashlib.new(algorithm, body).digest()).decode()}"


def forge_rfc9421(
    request: HttpMessage,
    key: SigningKey,
    now: datetime,
    *,
    covered: Sequence[str] = CONTENT,
    parameters: str | None = None,
    label: str = "sig1",
    digest: str | None = None,
    sign: Callable[[bytes], bytes] | None = None,
) -> HttpMessage:
    """Sign these components by RFC 9421 with exactly this text of parameters, whatever they say.

    Shapes: `parameters` starts with ";" and defaults to honest ones; `digest` is the Content-Digest header's
            value, the body's own by default and "" for none; `sign` replaces the key's arithmetic.
    """
    digest = content_digest(request.body) if digest is None else digest
    if digest:
        request = request.with_headers(("content-digest", digest))
    if parameters is None:
        parameters = f';created={int(now.timestamp())};keyid="{key.id}";alg="{_algorithm(key)}"'
    inner = f"({' '.join(_quoted(name) for name in covered)}){parameters}"
    lines = [f"{_quoted(name)}: {_component(request, name)}" for name in covered]
    base = "\n".join([*lines, f'"@signature-params": {inner}']).encode()
    signature = base64.b64encode((sign or key.sign)(base)).decode()
    return request.with_headers(
        ("signature-input", f"{label}={inner}"), ("signature", f"{label}=:{signature}:")
    )


def _algorithm(key: SigningKey) -> str:
    return "rsa-v1_5-sha256" if key.algorithm.value == "rsa" else "ed25519"


def _quoted(name: str) -> str:
    bare, mark, parameters = name.partition(";")
    return f'"{bare}"{mark}{parameters}'


def _component(request: HttpMessage, name: str) -> str:
    parts = urlsplit(request.url)
    derived = {
        "@method": request.method,
        "@target-uri": request.url,
        "@authority": parts.netloc,
        "@scheme": parts.scheme,
        "@path": parts.path,
        "@query": f"?{parts.query}",
        "@request-target": parts.path,
    }
    bare = name.partition(";")[0]
    return derived.get(bare) or request.header(bare) or ""


def forge_cavage(
    request: HttpMessage,
    key: SigningKey,
    now: datetime,
    *,
    covered: Sequence[str] = CAVAGE_COVERED,
    key_id: str | None = None,
    algorithm: str = "rsa-sha256",
    date: datetime | None = None,
    digest: str | None = None,
    extra: str = "",
    values: dict[str, str] | None = None,
    sign: Callable[[bytes], bytes] | None = None,
) -> HttpMessage:
    """Sign these headers by draft-cavage-12. `values` gives pseudo-headers; `extra` goes in as it stands."""
    moment = (date or now).strftime("%a, %d %b %Y %H:%M:%S GMT")
    request = request.with_headers(("host", urlsplit(request.url).netloc), ("date", moment))
    digest = legacy_digest(request.body) if digest is None else digest
    if digest:
        request = request.with_headers(("digest", digest))
    parts = urlsplit(request.url)
    target = f"{request.method.lower()} {parts.path}{'?' if parts.query else ''}{parts.query}"
    pseudo = {"(request-target)": target, **(values or {})}
    text = "\n".join(f"{name}: {pseudo.get(name, request.header(name) or '')}" for name in covered)
    signature = base64.b64encode((sign or key.sign)(text.encode())).decode()
    named = "" if key_id == "" else f'keyId="{key_id or key.id}",'
    listed = f'headers="{" ".join(covered)}",' if covered != ("date",) else ""
    return request.with_headers(
        ("signature", f'{named}algorithm="{algorithm}",{extra}{listed}signature="{signature}"')
    )


def a_follow(sender: Peer, target: str, **changes: Any) -> JsonObject:
    """A Follow, unproven, as the whole fediverse sends it: the shop takes it, and answers."""
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": sender.fresh(),
        "type": "Follow",
        "actor": sender.id,
        "to": [target],
        "object": target,
        **changes,
    }


def a_cast(sender: Peer, vendor: str, **changes: Any) -> JsonObject:
    """The intent of the signed examples, now the sender's own; unproven. `changes` are of the proposal."""
    activity: JsonObject = json.loads((GOLDEN / "01-intent.json").read_text())
    del activity["proof"]
    old: JsonObject = activity["object"]
    text = json.dumps(activity)
    for before, after in (
        (activity["id"], sender.fresh()),
        (old["id"], sender.fresh("proposals")),
        (old["context"], sender.fresh("deals")),
        (activity["actor"], sender.id),
        (activity["to"][0], vendor),
        (activity["published"], sender.host.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")),
    ):
        text = text.replace(f'{before}"', f'{after}"').replace(f"{before}#", f"{after}#")
    cast: JsonObject = json.loads(text)
    cast["object"].update(changes)
    return cast
