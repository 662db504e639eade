"""`obverse doctor HANDLE`: a running node looked at from outside, by itself and by another, as processes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from federation.messages import JsonObject
from node.demo.stage import OBVERSE, Network, Player, Stage, open_stage
from tests.e2e.test_two_processes import obverse, stop

pytestmark = [pytest.mark.slow, pytest.mark.processes]

CAST = (("ana", "person", "Ana"), ("shop", "vendor", "The Bicycle Shop"))


@pytest.fixture
def stage(tmp_path: Path, ports: Callable[[int], list[int]]) -> Iterator[Stage]:
    with open_stage(tmp_path, Network(ports(2)), CAST) as stage:
        yield stage


def troubles(report: JsonObject) -> list[tuple[str, str]]:
    return [(one["what"], one["state"]) for one in report["findings"] if one["state"] != "ok"]


def said(player: Player, *words: str) -> tuple[int, str]:
    """The same command for people."""
    done = subprocess.run(
        [*OBVERSE, "--data", str(player.data), *words], capture_output=True, timeout=60, check=False
    )
    return done.returncode, done.stdout.decode()


def test_node_is_looked_at_by_itself_and_by_another(stage: Stage) -> None:
    ana, shop = stage["ana"], stage["shop"]
    own = obverse(ana, "doctor", ana.handle)
    assert (own["examined"], own["healthy"], troubles(own)) == (ana.handle, True, [])
    assert {"arrives as sent", "large body", "proxy headers"} <= {one["what"] for one in own["findings"]}
    by_another = obverse(ana, "doctor", shop.handle)
    assert (by_another["healthy"], troubles(by_another)) == (True, [])
    assert "ourselves" not in {one["what"] for one in by_another["findings"]}
    code, shown = said(ana, "doctor", shop.url)
    assert code == 0
    assert "unsigned message is answered 401" in " ".join(shown.split())

    # whoever has stopped is found to be away, also by a node that is opened for the question alone
    stop(shop)
    stop(ana)
    away = obverse(ana, "doctor", shop.handle, code=1)
    assert troubles(away) == [("WebFinger", "failed")]
    assert "no answer" in next(one["detail"] for one in away["findings"] if one["state"] == "failed")
    itself = obverse(ana, "doctor", ana.url, code=1)
    assert not itself["healthy"]
    code, shown = said(ana, "doctor", shop.handle)
    assert code == 1
    assert ". Answer /.well-known/webfinger" in " ".join(shown.split()), "what was seen, then what mends it"


def test_what_is_no_handle_is_an_input_to_mend(stage: Stage) -> None:
    refused = obverse(stage["ana"], "doctor", "@ana", code=2)
    assert refused["error"]["field"] == "who"


def test_somebody_without_a_node_looks_unsigned_and_at_public_addresses_only(tmp_path: Path) -> None:
    nobody = Player("nobody", "", "", 0, Network([1]), tmp_path)
    for address in ("https://127.0.0.1/", "http://shop.example/"):
        report = obverse(nobody, "doctor", address, code=1)
        assert troubles(report) == [("address", "failed")]
    assert obverse(nobody, "doctor", "nothing at all", code=2)["error"]["field"] == "who"
