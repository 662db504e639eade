"""Nudges a browser by its push service: without a payload, so that nobody on the way learns but the time.

The browser then asks this node, with its own cookie, what there is to say (`node.web.screens.notices`). Where
a push service lies is told by a browser, that is from outside: everything goes through the guarded client.
Spec: RFC 8030 (Web Push), RFC 8292 (VAPID).
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from py_vapid import Vapid02, VapidException

from federation.errors import AddressRefused, DocumentRefused, FetchFailed, InvalidIri
from federation.ids import parse_iri
from federation.messages import HttpMessage
from node.context import Node
from node.desk import Desk

__all__ = ["Outcome", "PushKey", "Pushed", "load_push_key", "outlet_id", "parse_endpoint", "push"]

_NAME = "vapid"
_MOST_CHARS = 1000
_SIGNED_FOR = timedelta(hours=12)
"""RFC 8292 §2 allows 24."""
_KEPT_FOR_S = 24 * 3600
_TOPIC = "obverse-news"
"""One that was not fetched yet is replaced by the next (RFC 8030 §5.4): a phone that was off rings once."""
_LONGEST_WAIT_S = 6 * 3600
_DELAY = re.compile(r"[0-9]{1,9}", re.ASCII)


class Outcome(Enum):
    TAKEN = "taken"
    LATER = "later"
    GONE = "gone"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of one nudge. Units: `wait_s` is what the service asked to wait, 0 for nothing."""

    outcome: Outcome
    detail: str = ""
    wait_s: int = 0


@dataclass(frozen=True, slots=True)
class PushKey:
    """The key by which push services know this node (VAPID), the same for ever: browsers are bound to it."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def public(self) -> str:
        """As browsers take it: the point, uncompressed, in base64url."""
        raw = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def authorization(self, endpoint: str, *, subject: str, now: datetime) -> str:
        """The header that says who pushes. Raises: ValueError for an endpoint that no push service has."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((now + _SIGNED_FOR).timestamp()),
            "sub": subject,
        }
        try:
            # `no-strict`: its pattern for `sub` knows no port, which a node's address may have.
            made = Vapid02(self.private, {"no-strict": True}).sign(claims)
        except VapidException as error:
            raise ValueError(str(error)) from None
        return str(made["Authorization"])


async def load_push_key(node: Node) -> PushKey:
    """The node's key, made at the first question and sealed at rest. Raises: KeyRefused, StoreRefused."""
    sealed = await node.look(lambda desk: desk.tx.meta.get(_NAME))
    if sealed is None:
        fresh = ec.generate_private_key(ec.SECP256R1())
        plain = fresh.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        made = base64.b64encode(node.keys.seal_secret(_NAME, plain)).decode()

        def keep(desk: Desk) -> str:
            there = desk.tx.meta.get(_NAME)
            if there is None:
                desk.tx.meta.set(_NAME, made)
            return there or made

        sealed = await node.work(keep)
    key = load_der_private_key(node.keys.open_secret(_NAME, base64.b64decode(sealed)), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return PushKey(key)


def parse_endpoint(text: str) -> str:
    """A browser's address at its push service, in canonical form; "" for what is none."""
    try:
        iri = parse_iri(text)
    except InvalidIri:
        return ""
    return iri if iri.startswith("https://") and "#" not in iri and len(iri) <= _MOST_CHARS else ""


def outlet_id(endpoint: str) -> str:
    """What stands for a browser's address where others may see it; the page's script finds its own by it."""
    return hashlib.sha256(endpoint.encode()).hexdigest()[:32]


async def push(node: Node, endpoint: str) -> Pushed:
    """Nudge one browser. Raises: KeyRefused, StoreRefused; all that the network does is an outcome."""
    key = await load_push_key(node)
    try:
        authorization = key.authorization(endpoint, subject=f"https://{node.config.host}", now=node.now())
        headers = (
            ("authorization", authorization),
            ("ttl", str(_KEPT_FOR_S)),
            ("urgency", "normal"),
            ("topic", _TOPIC),
        )
        answer = await node.client.send(HttpMessage.request("POST", endpoint, headers))
    except (AddressRefused, ValueError) as error:
        return Pushed(Outcome.REFUSED, str(error)[:200])
    except (FetchFailed, DocumentRefused) as error:
        return Pushed(Outcome.LATER, str(error)[:200])
    return _judge(answer)


def _judge(answer: HttpMessage) -> Pushed:
    """Spec: RFC 8030 §5, §7.3: 404 and 410 say that the browser is gone; 429 and 5xx ask for another time."""
    detail = f"HTTP {answer.status}"
    if 200 <= answer.status < 300:
        return Pushed(Outcome.TAKEN)
    if answer.status in (404, 410):
        return Pushed(Outcome.GONE, detail)
    if answer.status in (408, 425, 429) or answer.status >= 500:
        asked = answer.header("retry-after") or ""
        wait_s = min(int(asked), _LONGEST_WAIT_S) if _DELAY.fullmatch(asked) else 0
        return Pushed(Outcome.LATER, detail, wait_s)
    return Pushed(Outcome.REFUSED, detail)
