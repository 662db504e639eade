"""Nodes that are measured: made for the benchmark, with senders whose keys they know already."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import anyio

from federation.actors import FEP_8B32, RFC9421, Account, Capability, build_account
from federation.keys import SigningKey, generate_ed25519, generate_rsa
from federation.ports import KnownKey
from federation.strictjson import dump_json
from node.commands import build_commands
from node.config import Config, make_config
from node.runtime.control import run_once
from node.runtime.founding import found_node
from node.store.sqlite import open_sqlite
from tests.benchmarks.machine import free_port

__all__ = ["BICYCLE", "CATALOGUE", "Sender", "found", "run_command", "senders", "teach"]

BICYCLE = "https://www.wikidata.org/wiki/Q11442"
CATALOGUE = """\
sku,name,category,price,currency,stock,lead_days,brand,condition,delivery,prop.bodyHeight
KID,North Kid 20,https://www.wikidata.org/wiki/Q11442,279.00,EUR,900000,2,North,new,10.00,105..125 centimetre
BIG,North Big 28,https://www.wikidata.org/wiki/Q11442,479.00,EUR,900000,2,North,new,10.00,155..195 centimetre
"""
PROTOCOL_1 = Capability("https://w3id.org/obverse/ns#protocol-1", "Obverse protocol 1")


@dataclass(frozen=True, slots=True)
class Sender:
    """A remote actor, on a host of its own, whose keys the benchmark holds."""

    actor: str
    rsa: SigningKey
    ed25519: SigningKey
    document: bytes

    @property
    def origin(self) -> str:
        return "/".join(self.actor.split("/")[:3])


@cache
def _one_rsa_key() -> SigningKey:
    """One for all senders: making them costs much, and verifying does not know whose they are."""
    return generate_rsa("all", "all")


def senders(count: int) -> list[Sender]:
    """So many actors on as many hosts."""
    return [_sender(number) for number in range(count)]


def _sender(number: int) -> Sender:
    home = f"https://peer{number}.example"
    actor = f"{home}/actors/someone"
    rsa = replace(_one_rsa_key(), id=f"{actor}#main-key", owner=actor)
    ed25519 = generate_ed25519(f"{actor}#ed25519-key", actor)
    account = Account(
        id=actor,
        type="Person",
        username="someone",
        name="Someone",
        page=f"{home}/@someone",
        published=datetime.now(UTC) - timedelta(days=100),
        node_actor=f"{home}/actor",
        shared_inbox=f"{home}/inbox",
    )
    document = build_account(
        account, rsa=rsa.public, ed25519=ed25519.public, implements=(RFC9421, FEP_8B32, PROTOCOL_1)
    )
    return Sender(actor, rsa, ed25519, dump_json(document))


def found(
    directory: Path, name: str, kind: str, *, account: str = "", port: int = 0, **settings: Any
) -> Config:
    """A new node with one account, in place of one that was.

    Shapes: `name` is that of its host and, without `account`, of its account; `settings` are as in its
            configuration file.
    """
    shutil.rmtree(directory / name, ignore_errors=True)
    port = port or free_port()
    host = f"{name}.localhost:{port}"
    raw = {
        "base_url": f"http://{host}",
        "bind_port": port,
        "cast_spread_s": 0.0,
        **settings,
        "allowed": [host, *settings.get("allowed", ())],
        "names": {f"{name}.localhost": "127.0.0.1", **settings.get("names", {})},
    }
    config = make_config(directory / name, raw)
    named = account or name
    first = {"name": named, "display": named.title(), "kind": kind, "terms": []}
    anyio.run(lambda: found_node(config, build_commands(), first, progress=lambda text: None))
    return config


def run_command(config: Config, command: str, **arguments: Any) -> Mapping[str, Any]:
    """One command of a node that is not running."""
    return anyio.run(lambda: run_once(config, build_commands(), command, arguments)).result


def teach(config: Config, known: Sequence[Sender]) -> None:
    """Let a node that is not running know the keys of these senders, as if it had looked them up."""
    anyio.run(_teach, config, known)


async def _teach(config: Config, known: Sequence[Sender]) -> None:
    now = datetime.now(UTC)
    database = await open_sqlite(config.database_path, clock=lambda: datetime.now(UTC))
    try:
        for sender in known:
            for key in (sender.rsa, sender.ed25519):
                await database.public_keys.save(KnownKey(key.public, sender.actor, sender.document, now))
    finally:
        await database.aclose()
