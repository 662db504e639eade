"""What one message costs before anything is decided about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from federation.jcs import canonicalize
from federation.keys import ed25519_from_seed, parse_multikey
from federation.messages import Limits
from federation.proofs import verify_proof
from federation.strictjson import dump_json, parse_json_object
from tests.benchmarks.figures import Figure, Row
from tests.benchmarks.measure import compare
from tests.benchmarks.stage import Stage

__all__ = ["ROWS", "measuring"]

MESSAGES = Path(__file__).parents[1] / "golden" / "messages"
OFFER = "06-offer.json"
PROOF = Row(
    "proof",
    "verify the proof of an offer (JCS, SHA-256, Ed25519)",
    "µs",
    "one Ed25519 verification",
    1.5,
    "lower",
)
PARSER = Row(
    "parser", "strict parse of an offer", "µs", "json.loads of the same bytes", 2.0, "lower", bar=5.0
)
ROWS = (PROOF, PARSER)


def measuring(stage: Stage, rows: Sequence[Row]) -> Iterator[Figure]:
    """Proof and parser, each on the golden signed offer: the largest message of a usual deal."""
    if PROOF in rows:
        yield _proof(stage)
    if PARSER in rows:
        yield _parse(stage)


def _proof(stage: Stage) -> Figure:
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
        PROOF,
        lambda: verify_proof(offer, key, now=None, limits=limits),
        lambda: key.verify(data, signature),
        rounds=stage.rounds,
    )


def _parse(stage: Stage) -> Figure:
    body = dump_json(parse_json_object((MESSAGES / OFFER).read_bytes()))
    return compare(PARSER, lambda: parse_json_object(body), lambda: json.loads(body), rounds=stage.rounds)
