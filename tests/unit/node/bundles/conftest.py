"""Bundles made of the golden messages, signed anew: so that whoever holds the keys may say anything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from federation.digest import object_digest
from federation.keys import SigningKey, ed25519_from_seed
from federation.messages import Limits
from federation.proofs import add_proof
from federation.strictjson import dump_json, parse_json_object
from node.wire.verification import Report, verify_bundle

GOLDEN = Path(__file__).resolve().parents[3] / "golden" / "messages"
NOW = datetime(2027, 1, 1, tzinfo=UTC)
ANA = "https://ana.example/p/NNQSzoUrVZvVMmYqduP3mq"
SHOP = "https://shop.example/actors/shop"
DEAL = ("01-intent", "02-intent-update", "06-offer", "10-accept", "11-conclusion")

Json = dict[str, Any]
Edit = Callable[[Json], None]


def load(name: str) -> Json:
    return parse_json_object((GOLDEN / f"{name}.json").read_bytes())


def signing_key(actor: str, seed: bytes) -> SigningKey:
    return ed25519_from_seed(f"{actor}#ed25519-key", actor, seed)


SEEDS = {entry["actor"]: bytes.fromhex(entry["seed"]) for entry in load("99-test-keys")["keys"]}


def encoded(document: Json) -> str:
    return base64.b64encode(dump_json(document)).decode()


@dataclass
class Maker:
    """Signs the golden messages anew, one after the other, with whatever was changed in them.

    `salt` "" takes the keys of the examples; anything else fresh ones, and puts them into the documents.
    """

    salt: str = ""
    edits: Mapping[str, Edit] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    def key(self, actor: str) -> SigningKey:
        seed = SEEDS.get(actor, hashlib.sha256(actor.encode()).digest())
        return signing_key(actor, hashlib.sha256(seed + self.salt.encode()).digest() if self.salt else seed)

    def bundle(self, names: Sequence[str] = DEAL) -> Json:
        messages = [self.message(name) for name in names]
        deal = next(found["context"] for found in map(_unsigned, messages) if "context" in found)
        actors = sorted({found.get("actor") or found["attributedTo"] for found in messages})
        bundle: Json = {**load("40-bundle"), "deal": deal}
        bundle["messages"] = [
            {
                "receivedAt": "2026-11-25T10:00:00Z",
                "digest": object_digest(message),
                "bytes": encoded(message),
            }
            for message in messages
        ]
        bundle["actors"] = [
            {"fetchedAt": "2026-11-21T09:59:00Z", "from": actor, "bytes": encoded(self.document(actor))}
            for actor in actors
        ]
        return bundle

    def document(self, actor: str) -> Json:
        found = load("00-account-vendor") if actor == SHOP else load("00-persona")
        if actor != SHOP:
            found = parse_json_object(dump_json(found).replace(found["id"].encode(), actor.encode()))
        public = self.key(actor).public
        found["assertionMethod"] = [
            {"id": public.id, "type": "Multikey", "controller": actor, "publicKeyMultibase": public.multibase}
        ]
        return found

    def message(self, name: str) -> Json:
        old = load(name)
        text = dump_json({key: value for key, value in old.items() if key != "proof"}).decode()
        for before, after in self.renamed.items():
            text = text.replace(before, after)
        fresh = self._credentials(parse_json_object(text.encode()))
        if name in self.edits:
            self.edits[name](fresh)
        author = fresh.get("actor") or fresh["attributedTo"]
        signed = add_proof(fresh, self.key(author), created=datetime.fromisoformat(old["proof"]["created"]))
        self.renamed[object_digest(old)] = object_digest(signed)
        return signed

    def _credentials(self, message: Json) -> Json:
        """The vendor's own signatures inside a message, made anew."""
        inner = message.get("object")
        if isinstance(inner, dict) and "proof" in inner:
            message["object"] = self.resigned(inner)
        if "purchaseCredential" in message:
            credential = parse_json_object(message["purchaseCredential"].encode())
            message["purchaseCredential"] = dump_json(self.resigned(credential)).decode()
        return message

    def resigned(self, document: Json) -> Json:
        bare = {key: value for key, value in document.items() if key != "proof"}
        created = datetime.fromisoformat(document["proof"]["created"])
        return add_proof(bare, self.key(document["issuer"]), created=created)


def _unsigned(message: Json) -> Json:
    return {key: value for key, value in message.items() if key != "proof" and message["type"] != "Note"}


def pins(*actors: str) -> dict[str, set[str]]:
    return {actor: {signing_key(actor, SEEDS[actor]).public.multibase} for actor in actors}


def judged(bundle: Json, *, pinned: Any = None, known: Any = None, now: datetime = NOW) -> Report:
    return verify_bundle(dump_json(bundle), pinned=pinned or {}, known=known or {}, now=now, limits=Limits())


@pytest.fixture
def maker() -> type[Maker]:
    return Maker


@pytest.fixture
def judge() -> Callable[..., Report]:
    return judged


@pytest.fixture
def pin() -> Callable[..., dict[str, set[str]]]:
    return pins


@pytest.fixture
def golden() -> Callable[[str], Json]:
    return load
