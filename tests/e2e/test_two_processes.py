"""Two nodes as two real processes, and the command line alone: a deal, a stop, a start, the rest of it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from federation.messages import JsonObject
from node.demo.stage import OBVERSE, Network, Player, Stage, await_ready, open_stage, start

pytestmark = [pytest.mark.slow, pytest.mark.processes]

CAST = (("ana", "person", "Ana"), ("shop", "vendor", "The Bicycle Shop"))
CATALOGUE = """\
sku,name,category,price,currency,stock,lead_days,delivery,prop.bodyHeight
NK20,North Kid 20,Q11442,279.00,EUR,3,2,10.00,105..125 centimetre
"""
PATIENCE_S = 30.0


def obverse(player: Player, *words: str, code: int = 0) -> JsonObject:
    """Run the command line in a process of its own; its JSON."""
    done = subprocess.run(
        [*OBVERSE, "--data", str(player.data), *words, "--json"], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == code, (words, done.returncode, done.stdout.decode(), done.stderr.decode())
    said: JsonObject = json.loads(done.stdout)
    return said


def until(player: Player, deal: str, holds: Callable[[JsonObject], Any]) -> JsonObject:
    """The deal as this side holds it, once that is so."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        shown = player.ask("deal.show", deal=deal)
        if holds(shown):
            return shown
        assert time.monotonic() < deadline, (player.name, shown["state"], player.log.read_text()[-2000:])
        time.sleep(0.05)


def stop(player: Player) -> None:
    assert player.process is not None
    player.process.terminate()
    assert player.process.wait(20) == 0, player.log.read_text()[-2000:]
    player.process = None


@pytest.fixture
def stage(tmp_path: Path, ports: Callable[[int], list[int]]) -> Iterator[Stage]:
    with open_stage(tmp_path, Network(ports(2)), CAST) as stage:
        yield stage


def test_deal_survives_that_either_node_is_away(stage: Stage, tmp_path: Path) -> None:
    ana, shop = stage["ana"], stage["shop"]
    table = tmp_path / "items.csv"
    table.write_text(CATALOGUE)
    assert obverse(shop, "catalogue", "import", str(table))["new"] == 1
    obverse(shop, "rules", "add", "At once", "--ask-field", "name")

    # looked up, cast, and answered by rule
    obverse(ana, "vendors", "add", shop.handle)
    must = "for 115 cm [bodyHeight fits 115 centimetre]"
    wanted = ["child bicycle", "--category", "Q11442", "--budget", "300 EUR", "--must", must]
    intent = obverse(ana, "intent", "cast", *wanted, "--to", shop.handle)
    deal = intent["deals"][0]["id"]
    offer = until(ana, deal, lambda shown: shown["state"] == "offered")["offers"][0]
    assert offer["price"] == {"amount": "289.00", "currency": "EUR"}

    # she accepts with her node stopped: the command opens it for a moment; the conclusion waits for her
    stop(ana)
    accepted = obverse(ana, "accept", offer["id"], "--price", "289.00", "--disclose", "name=Ana Perez")
    assert accepted["state"] == "accepting"
    start(ana)
    await_ready(ana)
    concluded = until(ana, deal, lambda shown: shown["state"] == "concluded")
    theirs = until(shop, deal, lambda shown: shown["state"] == "concluded")
    for name in ("id", "price", "offer_digest", "accept_digest", "conclusion_digest", "disclosed"):
        assert concluded["agreement"][name] == theirs["agreement"][name]
    assert "Ana Perez" in theirs["agreement"]["disclosed"]

    # so does the shop: what it reports leaves at once, since her node is there again
    stop(shop)
    assert obverse(shop, "catalogue", "list")["items"][0]["stock"] == "2"
    for words in (["progress", deal, "dispatched"], ["progress", deal, "delivered"], ["receipt", deal]):
        obverse(shop, *words)
    start(shop)
    await_ready(shop)
    until(ana, deal, lambda shown: shown["receipt"] and len(shown["progress"]) == 2)
    obverse(ana, "confirm", deal[-8:])
    done = until(shop, deal, lambda shown: shown["state"] == "confirmed")
    assert all(line["signature"]["holds"] and not line["refused"] for line in done["messages"])

    # the evidence leaves the house; whoever has it can pin both keys
    bundle = tmp_path / "deal.json"
    obverse(ana, "export", deal, "-o", str(bundle))
    report = obverse(Player("nobody", "", "", 0, stage["ana"].network, tmp_path),
                     "verify", str(bundle), code=3)  # fmt: skip
    assert (report["signed"], report["whose"]) == (True, "recorded")
    keys = [f"{party['actor']}={party['keys'][0]['key']}" for party in report["parties"]]
    pins = [word for key in keys for word in ("--key", key)]
    assert obverse(ana, "verify", str(bundle), *pins)["whose"] == "pinned"
    assert obverse(ana, "confirm", deal, code=1)["error"]["reason"]
