"""An authenticator in software: it makes passkeys and shows them, as a browser hands them on.

Its flaws can be chosen: another origin, no verification of its owner, a count that stands still.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from html import unescape
from re import search
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["Authenticator", "options_in"]

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def options_in(html: str) -> Any:
    """What a page asks the browser for."""
    found = search(r'data-options="([^"]+)"', html)
    assert found, "the page asks for no passkey"
    return json.loads(unescape(found[1]))


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One device with one key."""

    origin: str = "https://ana.example"
    domain: str = "ana.example"
    verifies: bool = True
    counts: bool = True
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = b"a key of the test"

    def make(self, options: Any) -> str:
        """What `navigator.credentials.create` brings."""
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        )
        data = self._data(ATTESTED) + b"\x00" * 16 + len(self.id).to_bytes(2, "big") + self.id + public
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return self._credential(
            {
                "clientDataJSON": b64(client),
                "attestationObject": b64(attested),
                "transports": ["internal", "x"],
            }
        )

    def show(self, options: Any) -> str:
        """What `navigator.credentials.get` brings."""
        data, client = self._data(), self._client("webauthn.get", options["challenge"])
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(
            {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signed)}
        )

    def _data(self, extra: int = 0) -> bytes:
        self.count += self.counts
        flags = PRESENT | (VERIFIED if self.verifies else 0) | extra
        return hashlib.sha256(self.domain.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _credential(self, response: dict[str, Any]) -> str:
        name = b64(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
