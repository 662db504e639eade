"""Each trouble of a node is found, and named with what mends it."""

from __future__ import annotations

import os
import socket
import ssl
from collections import namedtuple
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme

from node.cli import doctor
from node.cli.doctor import Finding, diagnose
from node.config import load_config
from node.runtime.asking import CommandFailed

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


HEALTHY: dict[str, Any] = {
    "base_url": "https://ana.example",
    "accounts": ["ana"],
    "keys": 3,
    "keys_unopened": [],
    "deliveries": {"queued": 0, "held": 0, "dead": 0},
    "dead_letters": 0,
    "store": {"refusal": None, "shortage": None},
    "clock": {"doubt": None},
    "telling": {"mail": True, "ways": 1, "troubles": [], "waiting_for_a_server": 0},
    "backup": {"at": "2026-11-20T12:00:00+00:00", "path": "/media/b", "size_bytes": 1, "keys_since": 0},
    "restored": None,
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


def asked_health(data: Path, **over: Any) -> Asked:
    return Asked(data, node_health={**HEALTHY, **over})


@pytest.mark.parametrize("trouble", ["refusal", "shortage"])
def test_x04_x05_store_that_does_not_write_is_found(data: Path, trouble: str) -> None:
    store = {"refusal": None, "shortage": None, trouble: "it is broken"}
    finding = found(asked_health(data, store=store), "database")
    assert (finding.state, finding.detail) == ("failed", "it is broken")


def test_x11_clock_that_jumped_is_found_with_both_ways_out(data: Path) -> None:
    finding = found(asked_health(data, clock={"doubt": "the clock has jumped"}), "clock")
    assert finding.state == "failed"
    assert "timedatectl" in finding.fix
    assert "obverse clock --trust" in finding.fix


@pytest.mark.parametrize(
    ("last", "state", "words"),
    [
        (None, "warning", "none was made"),
        ({"keys_since": 2}, "warning", "it lacks 2 newer keys"),
        ({"at": "2026-11-01T12:00:00+00:00"}, "warning", "20 days old"),
        ({}, "ok", "/media/b, 1 day old"),
    ],
)
def test_backup_that_is_missing_old_or_lacks_keys_is_found(
    data: Path, last: dict[str, Any] | None, state: str, words: str
) -> None:
    backup = None if last is None else {**HEALTHY["backup"], **last}
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    finding = found(asked_health(data, backup=backup), "backup", now=noon)
    assert finding.state == state
    assert words in finding.detail


@pytest.mark.parametrize(
    ("telling", "state", "words"),
    [
        ({}, "ok", "mail can be sent; 1 way out"),
        ({"mail": False, "ways": 0}, "ok", "no mail server is named"),
        ({"mail": False, "waiting_for_a_server": 1}, "warning", "mail was chosen"),
        (
            {"troubles": [{"by": "mail", "what": "address", "detail": "550 gone", "stopped": True}]},
            "warning",
            "by mail: address, 550 gone; nothing is sent there any more",
        ),
        (
            {"troubles": [{"by": "push", "what": "unreachable", "detail": "", "stopped": False}]},
            "warning",
            "by push: unreachable; it is tried again",
        ),
    ],
)
def test_notices_that_do_not_get_through_are_found(
    data: Path, telling: dict[str, Any], state: str, words: str
) -> None:
    finding = found(asked_health(data, telling={**HEALTHY["telling"], **telling}), "notices")
    assert finding.state == state
    assert words in finding.detail


def test_x16_restored_node_is_told_what_it_lacks(data: Path) -> None:
    restored = {"made_at": "2026-11-20T12:00:00+00:00", "at": None}
    finding = found(asked_health(data, restored=restored), "restored")
    assert "a backup of 2026-11-20T12:00" in finding.detail


def test_log_that_is_never_taken_in_is_found(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(Asked(data), "size").state == "ok"
    monkeypatch.setattr(doctor, "LONGEST_LOG_BYTES", 10)
    (data / "obverse.db-wal").write_bytes(b"x" * 11)
    assert found(Asked(data), "size").state == "warning"


def test_certificate_that_others_are_shown_is_judged_by_its_end(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "is_running", lambda config: True)
    now = datetime.now(UTC)
    shown: dict[str, Any] = {}

    def show(host: str, address: tuple[str, int]) -> bytes:
        if shown["pem"] is None:
            raise ConnectionRefusedError(111, "refused")
        return ssl.PEM_cert_to_DER_cert(str(shown["pem"]))

    monkeypatch.setattr(doctor, "_shown_certificate", show)
    for days, state in ((-1, "failed"), (5, "warning"), (60, "ok"), (None, "warning")):
        if days is None:
            shown["pem"] = None
        else:
            issued = trustme.CA().issue_cert("ana.example", not_after=now + timedelta(days=days))
            shown["pem"] = issued.cert_chain_pems[0].bytes().decode()
        assert found(Asked(data), "public certificate").state == state


def test_certificate_is_looked_at_where_the_settings_say_that_the_name_is(data: Path) -> None:
    """Behind a router that does not lead back, a name says an address that is not reached from within."""
    issued = trustme.CA().issue_cert("shop.invalid", not_after=datetime.now(UTC) + timedelta(days=60))
    context, asked_for = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), list[str | None]()
    issued.configure_cert(context)
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer() -> None:
            plain, _ = server.accept()
            with plain, context.wrap_socket(plain, server_side=True) as served:
                served.recv(1)

        thread = Thread(target=answer)
        thread.start()
        config = replace(
            load_config(data), base_url=f"https://shop.invalid:{port}", names={"shop.invalid": "127.0.0.1"}
        )
        [finding] = doctor._public_certificate(config, datetime.now(UTC))
        thread.join(10)
    assert finding.state == "ok"
    assert asked_for == ["shop.invalid"]
