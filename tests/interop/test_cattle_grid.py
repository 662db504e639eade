"""A second make of server, which shares no code with us or Fedify: cattle-grid, with authorized fetch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from node.demo.people import stock
from node.demo.stage import Network, Player, Stage, open_stage
from node.demo.waiting import await_sight
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


def test_it_follows_a_vendor_sees_its_standing_offer_and_leaves(lane: Lane) -> None:
    grid, shop = lane.grid, lane.shop
    grid.send({"type": "Follow", "actor": grid.actor, "object": shop.actor, "to": [shop.actor]})
    lane.awaits("the Accept is there", lambda: grid.received("Accept") or None)
    followers = shop.ask("followers.list")["followers"]
    assert [line["actor"] for line in followers] == [grid.actor]
    item = shop.ask("catalogue.list", search="ball", limit=1)["items"][0]
    posted = shop.ask("post.add", sku=item["sku"], text="Pumped up, and ready to kick.")
    create = lane.awaits("the standing offer came", lambda: next(iter(grid.received("Create")), None))
    assert create["object"]["id"] == posted["id"]
    assert grid.lookup(posted["id"])["content"] == create["object"]["content"]
    follow = grid.sent("Follow")[0]
    grid.send({"type": "Undo", "actor": grid.actor, "object": follow["id"], "to": [shop.actor]})
    lane.awaits("nobody follows", lambda: None if shop.ask("followers.list")["followers"] else True)
