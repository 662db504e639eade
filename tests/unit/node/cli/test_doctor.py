"""Each trouble of a node is found, and named with what mends it."""

from __future__ import annotations

import os
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from node.asking import CommandFailed
from node.cli import doctor
from node.cli.doctor import Finding, diagnose

Usage = namedtuple("Usage", "total used free")


class Asked:
    """A front whose node says what a test wants it to."""

    def __init__(self, data: Path, **answers: Any) -> None:
        self.data = data
        self.answers: dict[str, Any] = {"node_health": HEALTHY, "node_reach": REACHED, **answers}

    def ask(self, name: str, **args: Any) -> Any:
        said = self.answers[name.replace(".", "_")]
        if isinstance(said, Exception):
            raise said
        return said


HEALTHY = {
    "base_url": "https://ana.example",
    "accounts": ["ana"],
    "keys": 3,
    "keys_unopened": [],
    "deliveries": {"queued": 0, "held": 0, "dead": 0},
    "dead_letters": 0,
}
REACHED = {"asked": 2, "problems": []}
ERROR = {"field": "", "wrong": "the disk is broken", "right": "", "reason": "failed"}


def found(front: Any, what: str, *, now: datetime | None = None) -> Finding:
    """The one finding of this kind that is not fine, else the last of it."""
    of_kind = [one for one in diagnose(front, now or datetime.now(UTC)) if one.what == what]
    return next((one for one in of_kind if one.state != "ok"), of_kind[-1])


def setting(data: Path, line: str) -> None:
    path = data / "config.toml"
    path.write_text(f"{line}\n{path.read_text()}")


def test_healthy_node_is_healthy(obverse: Any) -> None:
    ran = obverse("doctor", "--json")
    assert (ran.code, ran.json["healthy"]) == (0, True)
    states = {one["what"]: one["state"] for one in ran.json["findings"]}
    assert states.pop("address") == "warning", "nobody asks a node that does not run"
    assert set(states.values()) <= {"ok", "warning"}
    assert "opens; 2 accounts" in obverse("doctor").out


def test_no_node_is_the_first_thing_said(obverse: Any, tmp_path: Path) -> None:
    ran = obverse("doctor", "--data", str(tmp_path / "none"), "--json")
    assert ran.code == 1
    assert [(one["what"], one["state"]) for one in ran.json["findings"]] == [("configuration", "failed")]
    assert "obverse init" in ran.json["findings"][0]["fix"]


def test_files_that_others_may_open_are_named_with_the_command(obverse: Any, data: Path) -> None:
    (data / "node.key").chmod(0o644)
    finding = found(Asked(data), "files")
    assert (finding.state, finding.fix) == ("failed", f"chmod 600 {data / 'node.key'}")
    (data / "node.key").chmod(0o600)
    data.chmod(0o755)
    assert found(Asked(data), "files").fix == f"chmod 700 {data}"
    assert obverse("doctor").code == 1


def test_missing_and_foreign_node_keys_are_found(data: Path) -> None:
    (data / "node.key").write_bytes(b"short")
    assert found(Asked(data), "node key").state == "failed"
    (data / "node.key").unlink()
    assert "obverse restore" in found(Asked(data), "files").fix


def test_node_key_of_another_node_is_found(obverse: Any, data: Path) -> None:
    (data / "node.key").write_bytes(os.urandom(32))
    ran = obverse("doctor", "--json")
    assert ran.code == 1
    assert any("obverse restore" in one["detail"] for one in ran.json["findings"] if one["state"] == "failed")


@pytest.mark.parametrize(("mib", "state"), [(10, "failed"), (500, "warning"), (5000, "ok")])
def test_full_disk_is_found(mib: int, state: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.cli.doctor.shutil.disk_usage", lambda path: Usage(0, 0, mib * 1024**2))
    assert found(Asked(data), "disk").state == state


def test_clock_before_the_nodes_own_past_is_found(data: Path) -> None:
    assert found(Asked(data), "clock", now=datetime(1970, 1, 1, tzinfo=UTC)).state == "failed"
    assert found(Asked(data), "clock", now=datetime.now(UTC) - timedelta(hours=1)).state == "failed"
    (data / "obverse.db").unlink()
    assert found(Asked(data), "clock").state == "ok"


def test_certificate_is_judged_by_its_end(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    setting(data, f'tls_cert = "{path}"')
    assert found(Asked(data), "certificate").state == "failed"
    now = datetime.now(UTC)
    for days, state in ((-1, "failed"), (5, "warning"), (60, "ok")):
        issued = trustme.CA().issue_cert("ana.example", not_after=now + timedelta(days=days))
        issued.cert_chain_pems[0].write_to_path(path)
        assert found(Asked(data), "certificate").state == state


def test_database_that_cannot_be_opened_is_found(obverse: Any, data: Path) -> None:
    (data / "obverse.db").write_bytes(b"not a database" * 100)
    ran = obverse("doctor", "--json")
    assert ran.code == 1
    assert [one["what"] for one in ran.json["findings"] if one["state"] == "failed"] == ["database"]


def test_keys_that_do_not_open_are_found(data: Path) -> None:
    front = Asked(data, node_health={**HEALTHY, "keys_unopened": ["https://ana.example/actor#main-key"]})
    assert found(front, "keys").state == "failed"


def test_given_up_messages_are_found(data: Path) -> None:
    front = Asked(data, node_health={**HEALTHY, "dead_letters": 1})
    assert found(front, "deliveries").fix == "See obverse deliveries list"


def test_node_that_cannot_be_reached_is_found(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "is_running", lambda config: True)
    assert found(Asked(data), "address").state == "ok"
    problem = {"what": "@ana@ana.example", "error": "nobody answers"}
    finding = found(Asked(data, node_reach={"asked": 2, "problems": [problem]}), "address")
    assert (finding.state, finding.detail) == ("failed", "@ana@ana.example: nobody answers")
    assert "DNS, proxy, firewall" in finding.fix
    assert found(Asked(data, node_reach=CommandFailed(ERROR)), "address").detail == "the disk is broken."
