"""The demo's shelves, its people and its words, without any node."""

from __future__ import annotations

import csv
import io
import socket
from datetime import date, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from node.demo.catalogue import BICYCLE, RANGES, build_rows, to_csv
from node.demo.entrances import new_password
from node.demo.people import coming_friday
from node.demo.stage import Network, Player, StageFailed, free_ports, log_tails, open_stage
from node.demo.words import Held, Teller
from node.domain.accounts import SHORTEST_PASSWORD
from node.domain.catalogue import CatalogueItem, parse_rows


def shelf(vendor: str) -> list[CatalogueItem]:
    reader = csv.DictReader(io.StringIO(to_csv(build_rows(vendor)), newline=""))
    items, problems = parse_rows(reader.fieldnames or (), list(reader))
    assert problems == []
    return items


@pytest.mark.parametrize("vendor", RANGES)
def test_shelf_holds_a_thousand_things_that_can_be_imported(vendor: str) -> None:
    items = shelf(vendor)
    assert len(items) == RANGES[vendor].count >= 1000
    assert len({item.category for item in items}) >= 5
    assert len({item.lead_days for item in items}) > 2
    assert len({item.stock for item in items}) > 2


def test_same_seed_fills_the_same_shelf_and_another_seed_another() -> None:
    assert to_csv(build_rows("north")) == to_csv(build_rows("north"))
    assert to_csv(build_rows("north")) != to_csv(build_rows("north", seed=1))


def test_west_sells_no_bicycles_and_the_others_do() -> None:
    sells = {vendor: any(item.category == BICYCLE for item in shelf(vendor)) for vendor in RANGES}
    assert sells == {"north": True, "south": True, "west": False}


@pytest.mark.parametrize("day", range(7))
def test_friday_is_at_least_three_days_off_and_never_ten(day: int) -> None:
    today = date(2026, 11, 23) + timedelta(days=day)
    friday = coming_friday(today)
    assert friday.isoweekday() == 5
    assert timedelta(days=3) <= friday - today < timedelta(days=10)


def test_step_is_one_line_that_counts_and_says_what_held() -> None:
    out = io.StringIO()
    teller = Teller(Console(file=out, soft_wrap=True))
    teller.step("Ana", "looks around", Held(0, 0, 0.5))
    teller.step("Ana → North", "offer", Held(1, 2, 0.1) + Held(1, 1, 0.25))
    first, second = out.getvalue().splitlines()
    assert first.startswith(" 1. Ana ")
    assert " ok " not in first
    assert second.endswith("ok        ok     3 ok    0.25 s")


def test_failure_names_the_step_the_reason_and_the_logs(tmp_path: Path) -> None:
    out = io.StringIO()
    (tmp_path / "ana.log").write_text("".join(f"line {number}\n" for number in range(40)))
    (tmp_path / "west.log").write_text("")
    Teller(Console(file=out)).failed("Ana confirms", "it does not hold", log_tails(tmp_path))
    said = out.getvalue()
    assert "FAILED: Ana confirms\nit does not hold\n" in said
    assert "ana.log" in said
    assert "line 39" in said
    assert "line 5\n" not in said
    assert "west.log" not in said


def test_ports_that_are_asked_for_are_given_or_named_as_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StageFailed, match=f"port {port} is in use"):
            free_ports(1, port)
    found = free_ports(4)
    assert found == list(range(found[0], found[0] + 4))


def test_directory_that_holds_a_node_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ana").mkdir()
    with (
        pytest.raises(StageFailed, match="is there already"),
        open_stage(tmp_path, Network([1]), [("ana", "person", "Ana")]),
    ):
        pytest.fail("it was used")
    assert list(tmp_path.iterdir()) == [tmp_path / "ana"]


def test_node_that_does_not_run_is_told(tmp_path: Path) -> None:
    player = Player("ana", "person", "Ana", 1, Network([1]), tmp_path)
    player.data.mkdir()
    (player.data / "config.toml").write_text('base_url = "https://ana.example"\n')
    with pytest.raises(StageFailed, match="ana's node does not answer"):
        player.ask("user.list")


def test_password_can_be_typed_and_is_another_one_each_time() -> None:
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    assert all(password.replace("-", "").isalpha() and password.islower() for password in made)
    assert min(len(password) for password in made) > SHORTEST_PASSWORD
