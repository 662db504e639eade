"""The demo's story over HTTPS: certificates of a throw-away authority, names from the static name map."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import trustme
from rich.console import Console

from node.demo.people import stock
from node.demo.proof import prove
from node.demo.scenes import Scenes
from node.demo.stage import Network, Stage, Tls, log_tails, open_stage
from node.demo.story import VENDORS, Story
from node.demo.words import Teller
from node.domain.values import format_time

pytestmark = [pytest.mark.slow, pytest.mark.processes]


def a_throw_away_authority(directory: Path) -> Tls:
    """An authority, and a certificate for the four names and the address that they stand for."""
    authority = trustme.CA()
    names = [f"{name}.example" for name in ("ana", *VENDORS)]
    issued = authority.issue_cert(*names, "127.0.0.1")
    tls = Tls(directory / "authority.pem", directory / "nodes.pem", directory / "nodes.key")
    authority.cert_pem.write_to_path(str(tls.ca_file))
    issued.private_key_pem.write_to_path(str(tls.key_file))
    for number, part in enumerate(issued.cert_chain_pems):
        part.write_to_path(str(tls.cert_file), append=number > 0)
    return tls


def test_story_is_played_over_https(tmp_path: Path, ports: Callable[[int], list[int]]) -> None:
    network = Network(ports(4), "example", a_throw_away_authority(tmp_path))
    said = io.StringIO()
    with open_stage(tmp_path, network) as stage:
        for vendor in VENDORS:
            assert "imported" in stock(stage[vendor])
        story = Story(stage, Teller(Console(file=said, width=200)))
        try:
            told = story.play()
            prove(stage, told, Teller(Console(file=said, width=200)))
            seen = Scenes(stage, told).set_up()
        except Exception as error:
            error.add_note(f"{story.now_at}\n{said.getvalue()}\n{log_tails(tmp_path)}")
            raise
        assert_left_alive(stage)
        assert {whose for whose, _ in seen} == {"Ana", "South"}
        assert told.feedback_url.startswith(f"https://ana.example:{network.ports[0]}/")
        assert stage.ended() is None
    lines = said.getvalue().splitlines()
    assert len(lines) == 20
    assert [line for line in lines[1:] if line.count(" ok ") != 3] == []
    assert all(player.process and player.process.returncode == 0 for player in stage.players.values())


def assert_left_alive(stage: Stage) -> None:
    """What the demo says that there is to look at is there, and stays for longer than an hour."""
    ana, south = stage["ana"], stage["south"]
    soon = format_time(datetime.now(UTC) + timedelta(hours=12))
    chair = next(one for one in ana.ask("intent.list")["intents"] if one["name"] == "A chair to work at")
    offers = ana.ask("offers.list", of=chair["id"])["offers"]
    assert len(offers) == 3
    assert [offer for offer in offers if offer["ends_at"] < soon or not offer["signature"]["holds"]] == []
    prices = {str(offer["peer_name"]): Decimal(offer["price"]["amount"]) for offer in offers}
    assert min(prices.values()) < 180 < max(prices.values()), "one is over her budget"
    waiting = south.ask("inbox.list")["deals"]
    assert {deal["state"] for deal in waiting} >= {"open", "offered", "concluded"}
    lost = [deal for deal in south.ask("inbox.list", all=True)["deals"] if deal["decline_reason"] == "price"]
    assert len(lost) == 1
    ours = {line["kind"] for line in south.ask("notices.list", limit=100)["notices"]}
    assert "feedback" in ours
    assert ana.ask("user.sessions")["sessions"] == [], "whoever set the scenes has logged out"
