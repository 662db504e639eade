"""P13: a whole story at debug level, and what goes wrong beside it, leave no secret in logs or metrics."""

from __future__ import annotations

import base64
import http.client
import io
import json
import logging
import re
import socket
import sqlite3
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import base58
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from federation import signatures
from federation.keys import SigningKey, generate_ed25519
from federation.messages import HttpMessage, JsonObject
from node.demo.stage import Network, Player, Stage, await_ready, free_ports, open_stage, start
from node.observability.logs import configure_logs
from node.signing import OwnKeys, load_node_key
from node.store.ports import StoreRefused
from node.store.records import KeyRow
from node.store.sqlite.codec import Json
from tests.security.forging import forge_cavage
from tests.security.peers import ACTIVITY, a_note
from tests.security.world import World

PATIENCE_S = 30.0

# --- P13: a whole story at debug level, and nothing of it in what the nodes say ----------------------------

WANTED: dict[str, Any] = {
    "name": "zimtsternfarbenes fahrrad",
    "text": "<p>For Quirinus, who turns seven; he limps since the accident.</p>",
    "category": "Q11442",
    "budget": "413 EUR",
    "until": "2d",
    "wishes": [{"wish": "must fit 117 cm because of the brace", "weight": "must"}],
}
DISCLOSED = {
    "name": "Philomena Xanthippe Obermoser",
    "addresses": "77 Quittenweg, Hinterzarten",
    "emails": "philomena.xo@quittenpost.example",
    "phones": "+49 7652 9182736",
}
SPOKEN = (
    "Is the saddle of vegan leather, Frau Nordwind?",
    "It is of cork, dear unknown one.",
    "Yes at 271 if you are kind",
    "Bremsen quietschen wie ein Murmeltier",
    "They oiled it in the rain for me",
)


def play(stage: Stage) -> list[str]:
    """Cast, ask, offer, counter, accept, progress, receipt, confirmation, feedback; the ids of all of it."""
    ana, shop = stage["ana"], stage["shop"]
    ana.ask("vendors.add", vendor=shop.handle)
    intent = ana.ask("intent.cast", to=[shop.handle], **WANTED)
    deal = str(intent["deals"][0]["id"])
    until(shop, deal, lambda shown: True)
    ana.ask("deal.ask", deal=deal, text=SPOKEN[0])
    until(shop, deal, lambda shown: len(shown["messages"]) == 2)
    shop.ask("deal.ask", deal=deal, text=SPOKEN[1])
    offer = {"name": "Zimtrad Modell Murmel", "fields": list(DISCLOSED)}
    shop.ask("deal.offer", deal=deal, price="289.31", **offer)
    until(ana, deal, lambda shown: shown["state"] == "offered")
    ana.ask("deal.counter", offer=deal, price="271.00", text=SPOKEN[2])
    until(shop, deal, lambda shown: len(shown["messages"]) == 5)
    shop.ask("deal.offer", deal=deal, price="277.77", **offer)
    until(ana, deal, lambda shown: len(shown["messages"]) == 6)
    ana.ask("deal.accept", offer=deal, price="277.77", disclose=DISCLOSED)
    until(ana, deal, lambda shown: shown["state"] == "concluded")
    for stage_name in ("dispatched", "delivered"):
        shop.ask("deal.progress", deal=deal, stage=stage_name)
    shop.ask("deal.receipt", deal=deal, return_until="2027-01-31", guarantee_until="2028-11-30")
    until(ana, deal, lambda shown: shown["receipt"])
    ana.ask("deal.confirm", deal=deal)
    ana.ask("deal.feedback", deal=deal, text=SPOKEN[3])
    ana.ask("deal.feedback", deal=deal, text=SPOKEN[4], title="Gute Menschen", public=True)
    shown = until(shop, deal, lambda shown: shown["state"] == "confirmed" and len(shown["messages"]) >= 13)
    return [deal, str(shown["own"]), *(str(line["id"]) for line in shown["messages"])]


def until(player: Player, deal: str, holds: Callable[[JsonObject], Any]) -> JsonObject:
    """The deal as this side holds it, once that is so."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            shown = player.ask("deal.show", deal=deal)
        except Exception:
            shown = None
        if shown is not None and holds(shown):
            return shown
        assert time.monotonic() < deadline, (
            player.name,
            shown and shown["state"],
            player.log.read_text()[-2000:],
        )
        time.sleep(0.05)


def provoke(player: Player) -> None:
    """What goes wrong at a node, by strangers and by its owner, with words that it must not repeat."""
    forger = generate_ed25519(f"{player.actor}x#k", f"{player.actor}x")
    body = json.dumps({"type": "Create", "actor": f"{player.actor}x", "content": SPOKEN[0]}).encode()
    request = HttpMessage.request("POST", f"{player.actor}/inbox", {"content-type": ACTIVITY}, body)
    for message in (request, signatures.sign(request, forger, now=datetime.now(UTC))):
        connection = http.client.HTTPConnection("127.0.0.1", player.port, timeout=10)
        headers = {"host": player.host, **dict(message.headers)}
        connection.request("POST", f"/actors/{player.name}/inbox", body, headers)
        assert connection.getresponse().status in (400, 401, 403)
        connection.close()
    for broken in (b"GET /" + SPOKEN[1].encode() + b" HTTP/1.1\r\n\r\n", SPOKEN[2].encode() * 9):
        with socket.create_connection(("127.0.0.1", player.port), 10) as line:
            line.sendall(broken)
    for command, args in (("deal.show", {"deal": DISCLOSED["name"]}), (SPOKEN[3], {"text": SPOKEN[4]})):
        with pytest.raises(Exception):  # noqa: B017 - whatever it is, it is told to whoever asked
            player.ask(command, **args)


def keys_of(player: Player) -> list[SigningKey]:
    """Every private key of a node, read from its store with its node key."""
    rows = Json(KeyRow)
    keys = OwnKeys(load_node_key(player.data / "node.key"))
    with closing(sqlite3.connect(player.data / "obverse.db")) as store:
        return [keys.unsealed(rows.load(data)) for (data,) in store.execute("SELECT data FROM own_key")]


def spellings(secret: bytes) -> Iterator[str]:
    """The ways in which bytes get into a text."""
    yield from (secret.hex(), secret.hex().upper(), repr(secret)[2:-1])
    yield from (
        base64.b64encode(secret).decode().rstrip("="),
        base64.urlsafe_b64encode(secret).decode().rstrip("="),
    )
    yield base58.b58encode(secret).decode()


def secrets_of(player: Player) -> Iterator[str]:
    yield from spellings((player.data / "node.key").read_bytes())
    found = keys_of(player)
    assert len(found) >= 3
    for key in found:
        material: Any = key.material
        if hasattr(material, "private_bytes_raw"):
            yield from spellings(material.private_bytes_raw())
        pem = material.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        yield from (line for line in pem.splitlines() if len(line) > 30)
        if hasattr(material, "private_numbers") and hasattr(material.private_numbers(), "d"):
            numbers = material.private_numbers()
            yield from (str(numbers.d), f"{numbers.d:x}", str(numbers.p), f"{numbers.p:x}")


def bodies_of(player: Player) -> list[bytes]:
    """Every message that a node has kept."""
    with closing(sqlite3.connect(player.data / "obverse.db")) as store:
        return [bytes(body) for (body,) in store.execute("SELECT body FROM evidence")]


def proofs_of(player: Player) -> Iterator[str]:
    """The proof values of every message that a node has kept: they stand in bodies and nowhere else."""
    found = [
        match
        for body in bodies_of(player)
        for match in re.findall(rb'"proofValue": ?"(z[1-9A-Za-z]+)"', body)
    ]
    assert len(found) >= 13
    yield from (value.decode() for value in found)


def watched(player: Player, port: int) -> None:
    """Start a node anew, to be heard at debug level and asked for its metrics."""
    assert player.process is not None
    player.process.terminate()
    player.process.wait(30)
    settings = player.data / "config.toml"
    lines = settings.read_text().splitlines()
    lines[2:2] = ['log_level = "debug"', f'metrics_bind = "127.0.0.1:{port}"']
    settings.write_text("\n".join(lines) + "\n")
    start(player)
    await_ready(player)


@pytest.mark.slow
@pytest.mark.processes
def test_p13_a_whole_story_at_debug_level_leaves_no_secret_in_logs_or_metrics(tmp_path: Path) -> None:
    ports = free_ports(4)
    cast = (("ana", "person", "Ana"), ("shop", "vendor", "The Shop"))
    with open_stage(tmp_path, Network(ports[:2]), cast) as stage:
        players = [stage["ana"], stage["shop"]]
        for player, port in zip(players, ports[2:], strict=True):
            watched(player, port)
        ids = play(stage)
        for player in players:
            provoke(player)
        metrics = [
            urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
            for port in ports[2:]
        ]
    kept = b"".join(bodies_of(stage["shop"])).decode()
    for told in (*SPOKEN[:3], WANTED["name"], DISCLOSED["name"], "Quittenweg", "Quirinus"):
        assert told in kept, "else there would be nothing to find"
    logs = [player.log.read_text() for player in players]
    for said in logs:
        assert "took a message: accepted" in said, "the level was debug, and the story was heard"
        assert "refused a message" in said
    forbidden = {
        *DISCLOSED.values(),
        *SPOKEN,
        "zimtsternfarbenes",
        "Quirinus",
        "Murmel",
        "117 cm",
        "Quittenweg",
    }
    forbidden |= {"quittenpost", "9182736", "Obermoser", "271.00", "277.77", "289.31", *ids}
    forbidden |= {"@context", "proofValue", "keyId", "signature=", "PRIVATE KEY", "attributedTo"}
    for player in players:
        forbidden |= {*secrets_of(player), *proofs_of(player)}
    for text in [*logs, *metrics]:
        assert [secret for secret in forbidden if secret in text] == []
    for text in metrics:
        assert 'obverse_inbox_messages_total{outcome="accepted",reason=""}' in text
        assert 'obverse_deliveries_total{outcome="delivered"}' in text
        assert not re.search(r"localhost|actors|https?:", text)


def by_cavage(world: World, request: HttpMessage) -> HttpMessage:
    return forge_cavage(request, world.m.rsa, world.clock.now)


@pytest.mark.anyio
async def test_p13_failures_quote_nothing_of_what_they_stumbled_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "a wheelchair for Philomena Obermoser"
    out = io.StringIO()
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    level = logging.getLogger().level
    handler = configure_logs(out, level=logging.DEBUG, speaking=(StoreRefused,))
    try:
        note = {"content": secret, **a_note(world.m, world.v.actor("ana"))}

        async def fails(inbound: Any) -> None:
            raise ValueError(f"cannot read {inbound.entry.body!r} of {inbound!r}")

        monkeypatch.setattr(world.v.open.worker, "_dispatch", fails)
        await world.v.takes(by_cavage(world, world.v.request(note, "ana")))

        async def breaks(fn: Any) -> None:
            raise sqlite3.IntegrityError(f"cannot insert {secret} in {world.v.config.database_path}")

        monkeypatch.setattr(world.v.open.inbox.log, "_write", breaks)
        answered = await world.v.ask(
            by_cavage(world, world.v.request({**note, "id": note["id"] + "2"}, "ana"))
        )
        assert answered.status == 503
        forged = {"content": secret, **a_note(world.t, world.v.actor("ana"))}
        await world.v.ask(by_cavage(world, world.v.request(forged, "ana")))
    finally:
        handler.close()
        logging.getLogger().setLevel(level)
    said = out.getvalue()
    for line in ("process failed", "inbox failed", "refused a message", "IntegrityError"):
        assert line in said
    for word in ("wheelchair", "Philomena", str(world.v.config.data_dir), note["id"]):
        assert word not in said
