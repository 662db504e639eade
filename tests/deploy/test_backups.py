"""Backup, restore and the image's health check, as the guide has them: on a node that runs, and on one that
does not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.config import load_config
from tests.deploy.proxies import DEPLOY, free_port

pytestmark = [pytest.mark.slow, pytest.mark.processes]

PASSPHRASE = "correct horse battery staple\n"
READY_S = 60.0


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node's data, at plain HTTP on loopback."""
    place = tmp_path_factory.mktemp("node") / "data"
    port = free_port()
    host = f"ana.localhost:{port}"
    words = ["init", "--url", f"http://{host}", "--name", "ana", "--bind", f"127.0.0.1:{port}"]
    ran = obverse(place, *words, "--allow", host, "--resolve", "ana.localhost=127.0.0.1")
    assert ran.returncode == 0, ran.stderr
    return place


@pytest.fixture
def running(data: Path) -> Iterator[Path]:
    with (data.parent / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "node", "--data", str(data), "serve"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + READY_S
        while healthcheck(data).returncode != 0:
            assert process.poll() is None, (data.parent / "serve.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield data
    finally:
        process.terminate()
        assert process.wait(40) == 0


def obverse(data: Path, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "node", "--data", str(data), *words]
    return subprocess.run(command, input=said, capture_output=True, text=True, timeout=120, check=False)


def healthcheck(data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DEPLOY / "healthcheck")]
    environment = {**os.environ, "OBVERSE_DATA": str(data)}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """`obverse` as the script calls it; here it is not installed."""
    script = tmp_path / "obverse"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m node "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script


def back_up(command: Path, data: Path, place: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(DEPLOY / "backup")],
        input=PASSPHRASE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=DEPLOY.parent,
        env={
            "PATH": os.environ["PATH"],
            "OBVERSE": str(command),
            "OBVERSE_DATA": str(data),
            "OBVERSE_BACKUP_DIR": str(place),
            **more,
        },
    )


def test_backup_of_a_running_node_is_restored_and_found_healthy(
    running: Path, command: Path, tmp_path: Path
) -> None:
    place, stick, credentials = tmp_path / "backups", tmp_path / "stick", tmp_path / "credentials"
    for directory in (place, stick, credentials):
        directory.mkdir(mode=0o700)
    (credentials / "passphrase").write_text(PASSPHRASE, encoding="utf-8")
    more = {"CREDENTIALS_DIRECTORY": str(credentials), "OBVERSE_BACKUP_COPY_TO": str(stick)}
    ran = back_up(command, running, place, **more)
    assert ran.returncode == 0, ran.stderr
    [made] = place.iterdir()
    [copied] = stick.iterdir()
    assert copied.name == made.name
    assert copied.read_bytes() == made.read_bytes()
    assert made.stat().st_mode & 0o077 == 0

    again = tmp_path / "restored"
    ran = obverse(again, "restore", str(copied), said=PASSPHRASE)
    assert ran.returncode == 0, ran.stderr
    assert load_config(again).base_url == load_config(running).base_url
    found = {one["what"]: one for one in json.loads(obverse(again, "doctor", "--json").stdout)["findings"]}
    for part in ("configuration", "files", "node key", "database", "keys"):
        assert found[part]["state"] == "ok", found[part]
    wrong = obverse(tmp_path / "other", "restore", str(copied), said="another passphrase\n")
    assert wrong.returncode != 0


def test_node_that_does_not_run_is_backed_up_too_and_the_oldest_go(
    data: Path, command: Path, tmp_path: Path
) -> None:
    place = tmp_path / "backups"
    place.mkdir()
    for day in range(1, 5):
        (place / f"obverse-2026010{day}T033000Z.backup").write_bytes(b"old")
    (place / "holiday.jpg").write_bytes(b"mine")
    ran = back_up(command, data, place, OBVERSE_BACKUPS_KEPT="3")
    assert ran.returncode == 0, ran.stderr
    left = sorted(path.name for path in place.iterdir())
    assert left[:3] == ["holiday.jpg", "obverse-20260103T033000Z.backup", "obverse-20260104T033000Z.backup"]
    assert len(left) == 4


def test_failed_backup_removes_none_of_the_old_ones(data: Path, command: Path, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    place.mkdir()
    (place / "obverse-20260101T033000Z.backup").write_bytes(b"old")
    ran = back_up(command, data / "nowhere", place, OBVERSE_BACKUPS_KEPT="1")
    assert ran.returncode != 0
    assert [path.name for path in place.iterdir()] == ["obverse-20260101T033000Z.backup"]


def test_copy_that_fails_leaves_no_half_backup(data: Path, command: Path, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    place.mkdir()
    ran = back_up(command, data, place, OBVERSE_BACKUP_COPY_TO=str(tmp_path / "no stick"))
    assert ran.returncode != 0
    assert len(list(place.iterdir())) == 1, "the backup itself is made"


@pytest.mark.parametrize("kept", ["0", "many", "-1"])
def test_number_of_backups_is_checked_before_anything_is_done(
    data: Path, command: Path, tmp_path: Path, kept: str
) -> None:
    ran = back_up(command, data, tmp_path, OBVERSE_BACKUPS_KEPT=kept)
    assert ran.returncode == 2
    assert not list(tmp_path.glob("*.backup"))


def test_health_check_tells_a_node_that_answers_from_one_that_does_not(data: Path) -> None:
    assert healthcheck(data).returncode == 1
