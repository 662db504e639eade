"""What is good before it is made worse: the signed examples, and keys whose seeds are in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from federation.keys import SigningKey, ed25519_from_seed
from federation.messages import JsonObject

__all__ = ["AFTER", "documents", "examples", "key_of"]

GOLDEN = Path(__file__).parents[1] / "golden" / "messages"
AFTER = datetime(2026, 12, 31, tzinfo=UTC)
"""Later than every example was signed."""


@cache
def documents() -> dict[str, JsonObject]:
    """Every example by its name; do not change them."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(GOLDEN.glob("*.json"))}


@cache
def examples() -> tuple[JsonObject, ...]:
    """The messages: what has an actor."""
    return tuple(found for found in documents().values() if "actor" in found and "type" in found)


@cache
def key_of(actor: str) -> SigningKey:
    """The key that signed an actor's examples."""
    entries: list[dict[str, Any]] = documents()["99-test-keys"]["keys"]
    for entry in entries:
        if entry["actor"] == actor:
            return ed25519_from_seed(f"{actor}#ed25519-key", actor, bytes.fromhex(entry["seed"]))
    raise LookupError(actor)
