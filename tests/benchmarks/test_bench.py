"""The benchmark judges, reports and sends as it says."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from federation import cavage, signatures
from federation.digest import verify_cavage_digest
from federation.messages import HttpMessage, Limits
from federation.proofs import verify_proof
from federation.strictjson import parse_json_object
from node.container import utc_now
from node.web.visits import Who
from tests.benchmarks import filling, scaling
from tests.benchmarks.addresses import addresses
from tests.benchmarks.crowds import crowd_person, crowd_vendor
from tests.benchmarks.dealings import play
from tests.benchmarks.figures import Row, figure_of, is_lost
from tests.benchmarks.limits import PLENTY, unhurried
from tests.benchmarks.load import read_requests, write_requests
from tests.benchmarks.machine import running
from tests.benchmarks.nodes import Sender, found, senders
from tests.benchmarks.pages import Taken, p95_of
from tests.benchmarks.report import BEGIN, END, load_report, save_report, show, write_readme
from tests.benchmarks.requests import by_cavage, by_ed25519, casts, feedback

HIGHER = Row("fast", "something fast", "/s", "its floor", 0.6, "higher")
LOWER = Row("lean", "something lean", "µs", "its floor", 1.4, "lower")
ABSOLUTE = Row("soon", "something soon", "ms", "", 150, "lower")


@pytest.mark.parametrize(
    ("row", "value", "holds", "collapsed"),
    [
        (HIGHER, 0.6, True, False),
        (HIGHER, 0.59, False, False),
        (HIGHER, 0.29, False, True),
        (LOWER, 1.4, True, False),
        (LOWER, 1.41, False, False),
        (LOWER, 2.81, False, True),
    ],
)
def test_a_ratio_collapses_when_it_is_worse_than_half_its_target(
    row: Row, value: float, holds: bool, collapsed: bool
) -> None:
    figure = figure_of(row, value * 100, 100)
    assert (figure.holds, figure.collapsed) == (holds, collapsed)


@pytest.mark.parametrize(("bar", "ratio", "lost"), [(None, 0.2, True), (0.15, 0.2, False), (0.15, 0.1, True)])
def test_a_row_with_a_bar_is_lost_when_it_falls_under_that(
    bar: float | None, ratio: float, lost: bool
) -> None:
    row = replace(HIGHER, bar=bar)
    assert is_lost(row, figure_of(row, ratio * 100, 100)) is lost


def test_an_absolute_figure_has_no_ratio_and_never_collapses() -> None:
    figure = figure_of(ABSOLUTE, 900)
    assert (figure.ratio, figure.floor, figure.holds, figure.collapsed) == (None, None, False, False)


@pytest.mark.parametrize(("bar", "value", "lost"), [(None, 900, False), (300, 300, False), (300, 301, True)])
def test_an_absolute_row_is_lost_only_beyond_a_bar_of_its_own(
    bar: float | None, value: float, lost: bool
) -> None:
    assert is_lost(replace(ABSOLUTE, bar=bar), figure_of(ABSOLUTE, value)) is lost


def test_the_report_has_the_agreed_members_and_no_others(tmp_path: Path) -> None:
    save_report(tmp_path / "bench.json", [figure_of(HIGHER, 60, 100), figure_of(ABSOLUTE, 10)])
    listed = json.loads((tmp_path / "bench.json").read_text())
    assert listed[0] == {
        "name": "something fast",
        "value": 60,
        "unit": "/s",
        "floor": 100,
        "ratio": 0.6,
        "target": 0.6,
        "better": "higher",
    }
    assert listed[1]["ratio"] is None
    assert load_report(tmp_path / "bench.json")[0] == figure_of(HIGHER, 60, 100)


def _readme(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_table_replaces_what_stood_between_the_marks_and_nothing_else(tmp_path: Path) -> None:
    readme = _readme(tmp_path / "README.md", f"before\n{BEGIN}\nold\n{END}\nafter\n")
    figures = [figure_of(HIGHER, 30, 100), figure_of(ABSOLUTE, 10)]
    for _ in range(2):
        write_readme(readme, [HIGHER, ABSOLUTE], figures)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}\n\n| |")
    assert text.endswith(f"\n\n{END}\nafter\n")
    assert "old" not in text
    assert "| something fast | 30/s | its floor: 100/s | 0.30 | ≥ 0.60 (missed) |" in text
    assert "| something soon | 10 ms |  |  | ≤ 150 ms |" in text


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_a_readme_without_one_place_for_the_table_is_left_alone(tmp_path: Path, text: str) -> None:
    readme = _readme(tmp_path / "README.md", text)
    with pytest.raises(ValueError, match="needs one line"):
        write_readme(readme, [HIGHER], [figure_of(HIGHER, 1, 1)])
    assert readme.read_text(encoding="utf-8") == text


def test_a_report_that_is_not_whole_does_not_reach_the_readme(tmp_path: Path) -> None:
    readme = _readme(tmp_path / "README.md", f"{BEGIN}\n{END}")
    with pytest.raises(ValueError, match="something lean"):
        write_readme(readme, [HIGHER, LOWER], [figure_of(HIGHER, 1, 1)])


def test_every_figure_is_shown_with_its_floor_and_what_is_wanted() -> None:
    console = Console(width=150, record=True, file=io.StringIO())
    show(console, [HIGHER, ABSOLUTE], [figure_of(HIGHER, 60, 100), figure_of(ABSOLUTE, 10)], quick=True)
    shown = console.export_text()
    for words in ("something fast", "its floor", "≥ 0.60", "≤ 150 ms", "quick"):
        assert words in shown


def test_quick_rows_are_named_by_their_size() -> None:
    assert all("100,000" in row.name for row in scaling.rows_with(scaling.QUICK))
    assert not {row.name for row in scaling.rows_with(scaling.QUICK)} & {
        row.name for row in scaling.rows_with(scaling.MILLION)
    }


# --- what is sent ------------------------------------------------------------------------------------------

VENDOR = "http://shop.localhost:8000/actors/shop"


def _parsed(raw: bytes) -> HttpMessage:
    head, _, body = raw.partition(b"\r\n\r\n")
    _, *lines = head.decode().split("\r\n")
    return HttpMessage.request("POST", f"{VENDOR}/inbox", [tuple(x.split(": ", 1)) for x in lines], body)  # type: ignore[misc]


def _one(kind: str) -> tuple[Sender, HttpMessage]:
    sign = by_cavage if kind == "cavage" else by_ed25519
    sender, body = next(iter(feedback(senders(1), VENDOR, 1)))
    return sender, _parsed(sign(sender, f"{VENDOR}/inbox", body))


def test_signed_requests_hold_before_the_code_that_is_measured() -> None:
    sender, older = _one("cavage")
    verify_cavage_digest(older.header("digest") or "", older.body)
    assert cavage.verify(older, sender.rsa.public, now=utc_now(), limits=Limits()).key_id == sender.rsa.id
    sender, newer = _one("ed25519")
    verified = signatures.verify(newer, sender.ed25519.public, now=utc_now(), limits=Limits())
    assert verified.key_id == sender.ed25519.id


def test_each_cast_is_a_deal_of_its_own_with_a_proof_that_holds() -> None:
    made = list(casts(senders(2), VENDOR, 4))
    activities = [parse_json_object(body) for _, body in made]
    assert len({activity["object"]["context"] for activity in activities}) == 4
    for (sender, _), activity in zip(made, activities, strict=True):
        assert activity["actor"] == sender.actor
        verify_proof(activity, sender.ed25519.public, now=utc_now(), limits=Limits())


def test_requests_come_out_of_the_file_as_they_went_in(tmp_path: Path) -> None:
    requests = [b"POST / HTTP/1.1\r\n\r\n", b"", b"\0" * 70_000]
    assert write_requests(tmp_path / "requests", requests) == 3
    assert read_requests(tmp_path / "requests") == requests


def test_only_bounds_on_what_comes_in_a_time_are_raised() -> None:
    raised, shipped = unhurried(Limits()), Limits()
    assert raised.host_per_second == raised.key_fetches_per_minute == PLENTY
    assert (raised.inbox_body_bytes, raised.header_bytes) == (shipped.inbox_body_bytes, shipped.header_bytes)
    assert (raised.signature_window_s, raised.fetches_per_message) == (65 * 60, shipped.fetches_per_message)


# --- processes ---------------------------------------------------------------------------------------------


def test_the_load_counts_every_answer_of_a_real_server(tmp_path: Path) -> None:
    write_requests(tmp_path / "requests", [b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx"] * 40)
    with (
        running("-m", "tests.benchmarks.sink", core=None, log=tmp_path / "sink.log") as sink,
        running("-m", "tests.benchmarks.load", core=None, log=tmp_path / "load.log") as load,
    ):
        port = sink.read()
        assert load.ask(do="load", path=str(tmp_path / "requests")) == 40
        answer = load.ask(do="fire", port=port, first=10, count=30, connections=4)
        assert answer["statuses"] == {"202": 30}
        assert sink.ask(do="count") == 30
    assert (sink.process.returncode, load.process.returncode) == (0, 0)


def test_a_process_that_dies_is_told_with_its_last_words(tmp_path: Path) -> None:
    with (
        running("-c", "raise SystemExit('no room')", core=None, log=tmp_path / "log") as child,
        pytest.raises(RuntimeError, match="no room"),
    ):
        child.read()


def test_a_long_past_has_as_many_messages_as_it_says_and_no_two_alike(tmp_path: Path) -> None:
    config = found(tmp_path, "long", "vendor", account="shop")
    filling.fill(config, 160)
    with closing(sqlite3.connect(config.database_path)) as database:
        counts = {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("evidence", "deal", "intent", "deal_handle", "seen", "delivery", "notice")
        }
        token = f"SELECT count(*) FROM evidence WHERE instr(body, '{filling.TOKEN}')"
        assert database.execute(token).fetchone()[0] == 0
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    live = 2 * filling.LIVE
    assert counts["evidence"] == 160 + 3 * live
    assert counts["deal"] == 160 // filling.PER_DEAL + live
    assert counts["intent"] == counts["deal"] // 2
    assert counts["deal_handle"] == 3 * 160 // filling.PER_DEAL + live + filling.LIVE
    assert min(counts.values()) > 0


# --- pages -------------------------------------------------------------------------------------------------


def test_every_page_of_both_accounts_has_an_address_and_a_crowd_behind_it(tmp_path: Path) -> None:
    allowed = ["ana.localhost:8000", "shop.localhost:8000"]
    person, vendor = (
        found(tmp_path, name, kind, port=8000, allowed=allowed)
        for name, kind in (("ana", "person"), ("shop", "vendor"))
    )
    played = play(person, vendor)
    for kind in (Who.PERSON, Who.VENDOR):
        asked = addresses(kind, played, 1)
        assert not [one for one in asked if "{" in one.url]
        assert len({one.path for one in asked}) == len(asked)
    crowd_person(person, "ana", deals=40)
    crowd_vendor(vendor, "shop", deals=40, items=30)
    for config, name, more in ((person, "ana", 266), (vendor, "shop", 261)):
        with closing(sqlite3.connect(config.database_path)) as database:
            of_account = "SELECT count(*) FROM deal WHERE account LIKE ?"
            assert database.execute(of_account, (f"%/actors/{name}",)).fetchone()[0] == 40 + more
            changes = "SELECT count(*), count(DISTINCT changed) FROM deal WHERE account LIKE ?"
            count, places = database.execute(changes, (f"%/actors/{name}",)).fetchone()
            assert count == places
            assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_of_two_passes_the_better_one_counts() -> None:
    slow, quick = [9.0] * 57 + [900.0] * 3, [8.0] * 57 + [20.0] * 3
    assert p95_of(slow) == 900
    assert Taken("/my", [slow, quick]).p95 == 20
