"""A second make of server, which shares no code with us or Fedify: cattle-grid, with authorized fetch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest

from federation.messages import JsonObject
from federation.vocab import PUBLIC
from node.demo.people import stock
from node.demo.stage import Network, Player, Stage, open_stage
from node.demo.waiting import await_sight
from node.domain.values import format_time
from tests.e2e.conftest import free_rows
from tests.interop.cattle_grid import Authority, CattleGrid, open_cattle_grid
from tests.interop.peers import throw_away_tls
from tests.needs import need

pytestmark = [pytest.mark.slow, pytest.mark.processes]
PYTHON = Path(__file__).parents[2] / "build" / "cattle" / "bin" / "python"
CAST = (("ana", "person", "Ana"), ("south", "vendor", "South Wheels and Toys"))
T = TypeVar("T")


@dataclass
class Lane:
    """Ana's node, a shop's, and the other server."""

    stage: Stage
    grid: CattleGrid

    @property
    def ana(self) -> Player:
        return self.stage["ana"]

    @property
    def shop(self) -> Player:
        return self.stage["south"]

    def awaits(self, what: str, look: Callable[[], T | None]) -> T:
        return await_sight(self.stage, what, look)


@pytest.fixture(scope="session")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lane]:
    need(PYTHON.exists(), "cattle-grid (make peers)")
    place = tmp_path_factory.mktemp("lane")
    ana, south, front, inner, *broker = next(free_rows())[:7]
    names = [f"{name}.example" for name in ("ana", "south", "grid")]
    tls = throw_away_tls(place, names)
    host = f"grid.example:{front}"
    network = Network([ana, south], "example", tls, neighbours=[host])
    with (
        open_stage(place, network, CAST) as stage,
        open_cattle_grid(
            place / "grid",
            PYTHON,
            host=host,
            port=front,
            inner_port=inner,
            broker_ports=(broker[0], broker[1], broker[2]),
            names=dict.fromkeys(names, "127.0.0.1"),
            authority=Authority(tls.ca_file, tls.cert_file, tls.key_file),
        ) as grid,
    ):
        stock(stage["south"])
        yield Lane(stage, grid)


def notes(grid: CattleGrid) -> list[JsonObject]:
    """The Notes that came to it, newest first."""
    return [create["object"] for create in grid.received("Create")]


def heard(lane: Lane, words: str) -> JsonObject:
    """What came to it with these words, once it is there."""
    return lane.awaits(
        f"it hears: {words}",
        lambda: next((note for note in notes(lane.grid) if words in note["content"]), None),
    )


def thread_with(lane: Lane, player: Player, words: str) -> JsonObject:
    """The conversation of an account of ours in which these words were said, once it is there."""

    def look() -> JsonObject | None:
        for line in player.ask("talk.list", all=True)["threads"]:
            thread = player.ask("talk.show", thread=line["id"])
            if any(words in said["text"] for said in thread["said"]):
                return thread
        return None

    return lane.awaits(f"{player.name} hears: {words}", look)


def say(grid: CattleGrid, player: Player, text: str, **more: Any) -> None:
    """Write to an account of ours alone, or to the public where `more` says so."""
    mention = {"type": "Mention", "href": player.actor, "name": player.handle}
    note = {"type": "Note", "content": f"<p>{text}</p>", "to": [player.actor], "tag": [mention]}
    grid.publish({**note, "published": format_time(datetime.now(UTC)), **more})


def follow(lane: Lane, player: Player) -> str:
    """Follow an account of ours that lets everybody; the id of the Follow."""
    grid, before = lane.grid, len(lane.grid.received("Accept"))
    grid.send({"type": "Follow", "actor": grid.actor, "object": player.actor, "to": [player.actor]})
    lane.awaits("the Accept is there", lambda: len(grid.received("Accept")) > before or None)
    return str(grid.sent("Follow")[0]["id"])


def followers(player: Player) -> list[str]:
    return [line["actor"] for line in player.ask("followers.list")["followers"]]


def test_it_follows_a_vendor_sees_its_posts_and_leaves(lane: Lane) -> None:
    grid, shop = lane.grid, lane.shop
    asked = follow(lane, shop)
    assert followers(shop) == [grid.actor]
    post = shop.ask("post.new", text="New bells have come in.")
    assert heard(lane, "New bells have come in.")["id"] == post["id"]
    item = shop.ask("catalogue.list", search="ball", limit=1)["items"][0]
    offer = shop.ask("post.add", sku=item["sku"], text="Pumped up, and ready to kick.")
    seen = heard(lane, "Pumped up, and ready to kick.")
    assert (seen["id"], seen["purpose"]) == (offer["id"], "offer")
    assert grid.lookup(offer["id"])["content"] == seen["content"]
    shop.ask("post.delete", post=post["id"])
    gone = lane.awaits("it hears of the end", lambda: next(iter(grid.received("Delete")), None))
    assert gone["object"]["id"] == post["id"]
    grid.send({"type": "Undo", "actor": grid.actor, "object": asked, "to": [shop.actor]})
    lane.awaits("nobody follows", lambda: not followers(shop) or None)


def test_it_asks_a_vendor_is_answered_and_buys_by_its_word(lane: Lane) -> None:
    grid, shop = lane.grid, lane.shop
    say(grid, shop, "Do you mend gears?", to=[PUBLIC], cc=[shop.actor])
    thread = thread_with(lane, shop, "Do you mend gears?")
    assert (thread["actor"], thread["peer"]) == (grid.actor, grid.handle)
    shop.ask("talk.answer", thread=thread["id"], text="We do.")
    answer = heard(lane, "We do.")
    assert (answer["attributedTo"], answer["inReplyTo"]) == (shop.actor, thread["said"][0]["id"])
    say(grid, shop, "Then I want new ones, too.", inReplyTo=answer["id"])
    assert thread_with(lane, shop, "Then I want new ones, too.")["id"] == thread["id"]
    quote = shop.ask(
        "talk.quote", thread=thread["id"], goods="New gears", price="40.00 EUR", terms="Collected."
    )
    offered = heard(lane, quote["reference"])
    say(grid, shop, f"accept {quote['reference']}", inReplyTo=offered["id"])
    heard(lane, f"cancel {quote['reference']}")
    sold = shop.ask("talk.quotes")["quotes"]
    assert [(line["reference"], line["state"]) for line in sold] == [(quote["reference"], "concluded")]


def test_our_person_follows_it_reads_answers_and_leaves(lane: Lane) -> None:
    grid, ana = lane.grid, lane.ana
    asked = ana.ask("following.add", who=grid.handle)
    assert asked["actor"] == grid.actor
    lane.awaits(
        "it has accepted",
        lambda: next(
            (True for line in ana.ask("following.list")["following"] if line["state"] == "accepted"), None
        ),
    )
    grid.publish(
        {
            "type": "Note",
            "content": "<p>The market is open.</p>",
            "to": [PUBLIC],
            "cc": [f"{grid.actor}/followers"],
            "published": format_time(datetime.now(UTC)),
        }
    )
    read = lane.awaits(
        "Ana reads it",
        lambda: next(
            (r for r in ana.ask("reading.list")["readings"] if "The market is open." in r["text"]), None
        ),
    )
    ana.ask("reading.answer", post=read["id"], text="I am on my way.")
    answer = heard(lane, "I am on my way.")
    assert (answer["attributedTo"], answer["inReplyTo"]) == (ana.actor, read["id"])
    ana.ask("reading.like", post=read["id"])
    liked = lane.awaits("it hears that she likes it", lambda: next(iter(grid.received("Like")), None))
    assert liked["object"] == read["id"]
    say(grid, ana, "See you there.", inReplyTo=answer["id"])
    assert thread_with(lane, ana, "See you there.")["actor"] == grid.actor
    ana.ask("following.remove", who=grid.handle)
    undone = lane.awaits("it hears that she left", lambda: next(iter(grid.received("Undo")), None))
    assert undone["object"]["type"] == "Follow"


def test_strangers_who_do_not_sign_are_told_nothing_by_it_and_it_reads_us_all_the_same(lane: Lane) -> None:
    assert (
        lane.grid.client.get(urlsplit(lane.grid.actor).path, headers={"authorization": ""}).status_code == 401
    )
    assert lane.grid.lookup(lane.shop.actor)["preferredUsername"] == "south"
