"""The systemd units are read by systemd, let the node do little, and agree with what else is shipped."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from federation.messages import Limits
from node.runtime.serve import BACKLOG
from tests.deploy.proxies import DEPLOY
from tests.needs import need_command

UNITS = DEPLOY / "systemd"
SERVICES = ("obverse.service", "obverse-backup.service")
GUIDE = (DEPLOY / "README.md").read_text(encoding="utf-8")


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    command = need_command("systemd-analyze", package="systemd")
    return subprocess.run(
        [command, "--no-pager", *words], capture_output=True, text=True, timeout=60, check=False
    )


def settings(unit: str) -> dict[str, list[str]]:
    """All values of each setting of a unit, sections aside; an empty one resets nothing here."""
    found: dict[str, list[str]] = {}
    for line in (UNITS / unit).read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith(("#", ";")):
            found.setdefault(name.strip(), []).append(value.strip())
    return found


def test_units_are_verified(tmp_path: Path) -> None:
    """With a program that is here in place of the installed one; nothing else is changed."""
    for unit in [*UNITS.glob("*.service"), *UNITS.glob("*.socket"), *UNITS.glob("*.timer")]:
        text = unit.read_text(encoding="utf-8")
        text = re.sub(r"/opt/obverse/(?:current/)?bin/\w+", sys.executable, text)
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    units = sorted(str(path) for path in tmp_path.iterdir())
    assert len(units) == 4
    ran = analyze("verify", "--man=no", "--recursive-errors=no", *units)
    said = [line for line in ran.stderr.splitlines() if str(tmp_path) in line or "obverse" in line]
    assert (ran.returncode, said) == (0, []), ran.stderr


def test_wrong_setting_is_found_by_verification(tmp_path: Path) -> None:
    """That the test above can fail."""
    unit = tmp_path / "obverse.service"
    text = (
        (UNITS / unit.name).read_text(encoding="utf-8").replace("/opt/obverse/current/bin/obverse", "/bin/sh")
    )
    unit.write_text(text.replace("ProtectSystem=strict", "ProtectSistem=strict"), encoding="utf-8")
    ran = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    assert "ProtectSistem" in ran.stderr


@pytest.mark.parametrize("unit", SERVICES)
def test_exposure_is_what_the_guide_publishes(unit: str) -> None:
    published = re.search(rf"`{re.escape(unit)}` \| (\d\.\d)", GUIDE)
    assert published, f"the guide gives no figure for {unit}"
    threshold = str(round(float(published[1]) * 10))
    ran = analyze("security", "--offline=true", f"--threshold={threshold}", str(UNITS / unit))
    assert ran.returncode == 0, ran.stdout
    measured = re.search(r"Overall exposure level for \S+: (\d+\.\d)", ran.stdout)
    assert measured
    assert measured[1] == published[1]


def test_stop_leaves_time_for_the_drain_and_for_the_store() -> None:
    [stop] = settings("obverse.service")["TimeoutStopSec"]
    assert int(stop.removesuffix("s")) > Limits().request_s
    compose = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert f"stop_grace_period: {stop}" in compose


def test_units_run_what_the_installer_installs() -> None:
    installer = (DEPLOY / "install").read_text(encoding="utf-8")
    assert settings("obverse.service")["ExecStart"] == ["/opt/obverse/current/bin/obverse serve"]
    assert settings("obverse-backup.service")["ExecStart"] == ["/opt/obverse/bin/backup"]
    assert "prefix=/opt/obverse\n" in installer
    assert '"$prefix/bin/backup"' in installer
    assert '"$units"/obverse*.service "$units"/obverse*.socket "$units"/obverse*.timer' in installer


@pytest.mark.parametrize("unit", SERVICES)
def test_services_are_those_of_one_user_over_one_directory(unit: str) -> None:
    found = settings(unit)
    assert found["User"] == ["obverse"]
    assert found["Environment"] == ["OBVERSE_DATA=/var/lib/obverse"]
    # The node writes a backup itself, so that both directories are open to both.
    assert found["StateDirectory"] == ["obverse obverse-backups"]
    assert found["StateDirectoryMode"] == ["0700"]
    assert "u obverse " in (UNITS / "obverse.sysusers").read_text(encoding="utf-8")


def test_node_tells_systemd_when_it_is_ready_and_that_it_lives() -> None:
    found = settings("obverse.service")
    assert (found["Type"], found["NotifyAccess"]) == (["notify"], ["main"])
    assert found["Restart"] == ["on-failure"]
    assert "StartLimitBurst" in found
    assert "WatchdogSec" in found


def test_door_that_systemd_keeps_is_where_the_proxies_knock() -> None:
    (address,) = settings("obverse.socket")["ListenStream"]
    for site in ("caddy/Caddyfile", "nginx/obverse.conf"):
        assert address in (DEPLOY / site).read_text(encoding="utf-8")
    assert settings("obverse.socket")["Backlog"] == [str(BACKLOG)]
    for command in ("enable --now obverse.socket", "stop obverse.socket obverse"):
        assert f"sudo systemctl {command}" in GUIDE


def test_timer_starts_the_backup_and_makes_up_for_a_missed_one() -> None:
    parser = ConfigParser()
    parser.read(UNITS / "obverse-backup.timer", encoding="utf-8")
    assert parser["Timer"]["Persistent"] == "yes"
    ran = analyze("calendar", parser["Timer"]["OnCalendar"])
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("script", ["install", "backup", "systemd/obverse"])
def test_scripts_are_read_by_the_plainest_shell(script: str) -> None:
    path = DEPLOY / script
    assert path.stat().st_mode & 0o111, f"{script} cannot be run"
    assert path.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    shell = shutil.which("dash") or "/bin/sh"
    subprocess.run([shell, "-n", str(path)], check=True, timeout=20)
