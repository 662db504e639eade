"""Group X, the disk: syncs that fail (X04), and no room (X05), under a node that is a real process."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import need, need_command
from tests.security.served import Premises, Served

pytestmark = pytest.mark.processes

INJECTED = "(INJECTED)"


@pytest.fixture
def home(premises: Premises, tmp_path: Path) -> Premises:
    return premises.moved_to(tmp_path / "v")


@pytest.fixture
def tracer(tmp_path: Path) -> Path:
    """Where strace writes; the test ends here where it cannot trace."""
    strace = need_command("strace")
    tried = subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True, check=False)
    need(tried.returncode == 0, "the right to trace (ptrace), for strace")
    return tmp_path / "strace.log"


def failing_from(sync: int, tracer: Path) -> list[str]:
    """The words that start a process each of whose syncs, from this one on, fails with an I/O error."""
    return [
        *("strace", "-f", "-qq", "-o", str(tracer), "--seccomp-bpf", "-e", "trace=fsync,fdatasync"),
        *("-e", f"inject=fdatasync,fsync:error=EIO:when={sync}+"),
    ]


@pytest.mark.parametrize("sync", [6, 9, 14])
def test_x04_after_a_failed_sync_nothing_is_acknowledged_until_the_restart(
    home: Premises, tracer: Path, tmp_path: Path, sync: int
) -> None:
    """The disk fails each sync from the n-th on; reading goes on, writing does not, and says so."""
    log = tmp_path / "node.log"
    with Served.running(home, log, before=failing_from(sync, tracer)) as node:
        for number in range(40):
            status, headers = node.post(number)
            if status != 202:
                break
        assert (status, headers.get("retry-after")) == (503, "30"), node.said
        failed_at = len(node.journal)
        assert INJECTED in tracer.read_text()
        # not one more 2xx, although each of these would be a sync that might falsely succeed
        assert {node.post(number)[0] for number in range(100, 110)} == {503}
        assert node.get("/actors/shop")[0] == 200
        assert node.get("/@shop", "text/html")[0] == 200
        health = node.command("node.health")
        assert "cannot be written any more" in health["store"]["refusal"], health
        assert node.said.count("cannot be written any more") == 1, "told once, and loudly"
    syncs = len(re.findall(r"f(?:data)?sync\(", tracer.read_text()))
    assert syncs <= sync + 4, "no syncs are tried again on a disk that failed"
    # what was acknowledged is there after the restart, and the node takes what comes
    with Served.running(home, log) as again:
        assert home.holds(node.acknowledged) == node.acknowledged
        assert again.post("after")[0] == 202
        assert again.command("node.health")["store"]["refusal"] is None
    assert failed_at < 40


def test_x04_variant_sync_that_fails_once_stops_writing_all_the_same(
    home: Premises, tracer: Path, tmp_path: Path
) -> None:
    """The sync after the failed one succeeds, and would be a lie: nothing is acknowledged on it."""
    once = failing_from(8, tracer)
    once[-1] = once[-1].replace("when=8+", "when=8")
    with Served.running(home, tmp_path / "node.log", before=once) as node:
        answers = [node.post(number)[0] for number in range(40)]
    first = answers.index(503)
    assert set(answers[:first]) == {202}
    assert set(answers[first:]) == {503}
    assert home.holds(node.acknowledged) == node.acknowledged


# --- no room ----------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    need_command("mount")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    need(not subprocess.run(mount, capture_output=True, check=False).returncode, "the right to mount a tmpfs")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], capture_output=True, check=True)


def fill(disk: Path) -> Path:
    """Takes all the room there is."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = 65536
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    assert shutil.disk_usage(disk).free < 4096
    return ballast


def test_x05_full_disk_gives_503_while_reading_goes_on_and_recovers_unaided(
    premises: Premises, small_disk: Path, tmp_path: Path
) -> None:
    home = premises.moved_to(small_disk / "v")
    log = tmp_path / "node.log"
    with Served.running(home, log) as node:
        assert node.post("before")[0] == 202
        ballast = fill(small_disk)
        answers = [node.post(number) for number in range(200)]
        refused = [headers for status, headers in answers if status != 202]
        assert {status for status, _ in answers} <= {202, 503}
        assert len(refused) >= 100, "the disk is full"
        assert {headers.get("retry-after") for headers in refused} == {"30"}
        assert node.get("/actors/shop")[0] == 200
        assert node.get("/@shop", "text/html")[0] == 200
        assert "disk is full" in node.command("node.health")["store"]["shortage"]
        assert node.said.count("disk is full") == 1, "told once, not for each message"
        ballast.unlink()
        end = time.monotonic() + 20
        while node.post(f"after-{time.monotonic_ns()}")[0] != 202:
            assert time.monotonic() < end, node.said
            time.sleep(0.2)
        assert node.command("node.health")["store"]["shortage"] is None
        assert home.holds(node.acknowledged) == node.acknowledged
        assert node.stop() == 0
    assert home.holds(node.acknowledged) == node.acknowledged
