"""What one message costs before anything is decided about it."""

from __future__ import annotations

import json
from pathlib import Path

from federation.jcs import canonicalize
from federation.keys import ed25519_from_seed, parse_multikey
from federation.messages import Limits
from federation.proofs import verify_proof
from federation.strictjson import dump_json, parse_json_object
from tests.benchmarks.measure import Figure, compare

__all__ = ["figures"]

MESSAGES = Path(__file__).parents[1] / "golden" / "messages"
OFFER = "06-offer.json"


def figures() -> list[Figure]:
    """Proof and parser, each on the golden signed offer: the largest message of a usual deal."""
    return [_proof(), _parse()]


def _proof() -> Figure:
    offer = parse_json_object((MESSAGES / OFFER).read_bytes())
    entries = json.loads((MESSAGES / "99-test-keys.json").read_bytes())["keys"]
    entry = next(entry for entry in entries if entry["actor"] == offer["actor"])
    key_id, owner = f"{entry['actor']}#ed25519-key", entry["actor"]
    key = parse_multikey(entry["publicKeyMultibase"], key_id=key_id, owner=owner)
    limits = Limits()

    data = canonicalize(offer)
    bare = ed25519_from_seed(key_id, owner, bytes.fromhex(entry["seed"]))
    signature = bare.sign(data)
    return compare(
        "verify the proof of an offer (JCS, SHA-256, Ed25519)",
        lambda: verify_proof(offer, key, now=None, limits=limits),
        "one Ed25519 verification",
        lambda: key.verify(data, signature),
        target=1.5,
    )


def _parse() -> Figure:
    body = dump_json(parse_json_object((MESSAGES / OFFER).read_bytes()))
    return compare(
        f"strict parse of an offer ({len(body)} bytes)",
        lambda: parse_json_object(body),
        "json.loads of the same bytes",
        lambda: json.loads(body),
        target=2.0,
    )
