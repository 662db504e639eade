"""The units leave the node all that it needs: what it asks of the kernel, while four nodes strike a deal and
one of them is backed up, is held against what the units permit.

A service manager is not there to be asked, so that its rules are applied by hand to what strace saw.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.test_units import analyze, settings
from tests.needs import need, need_command

pytestmark = [pytest.mark.slow, pytest.mark.processes]

WATCHED = ("mmap", "mprotect", "pkey_mprotect", "shmat", "socket", "socketpair")
"""Permitted by name, and restricted by what is asked of them."""
PASSPHRASE = "a long passphrase\n"
OUR_NODES_ALONE = (
    "from node.demo import performance; performance.find_runtime = lambda: None; "
    "from node.cli import main; main()"
)
"""The command line without the server of another make: Node.js writes code as it runs; no unit runs it."""


def permitted_calls(unit: str) -> set[str]:
    """The system calls that a unit's filters leave over."""
    groups = _groups()
    permitted: set[str] = _members("@default", groups)
    for line in settings(unit)["SystemCallFilter"]:
        refused = line.startswith("~")
        for name in line.removeprefix("~").split():
            members = _members(name, groups)
            permitted = permitted - members if refused else permitted | members
    return permitted


def _groups() -> dict[str, list[str]]:
    """Each group of system calls with its members, which may be groups."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in analyze("syscall-filter").stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
            found[name] = []
        elif line.startswith("    ") and not line.strip().startswith("#"):
            found[name].append(line.strip())
    return found


def _members(name: str, groups: dict[str, list[str]]) -> set[str]:
    if not name.startswith("@"):
        return {name}
    return {call for member in groups[name] for call in _members(member, groups)}


def traced(unit: str, place: Path, *command: str) -> list[str]:
    """What a command asked of the kernel that is not permitted, or permitted with restrictions."""
    strace = need_command("strace")
    trace = place / "trace"
    # All but the permitted: the kernel itself passes over those, so that the program is hardly slowed down.
    quiet = sorted(permitted_calls(unit) - set(WATCHED))
    names = ",".join(f"?{call}" for call in quiet)
    ran = subprocess.run(
        [strace, "-f", "-qq", "--seccomp-bpf", "-o", str(trace), *("-e", f"trace=!{names}"), *command],
        input=PASSPHRASE.encode(),
        capture_output=True,
        timeout=240,
        check=False,
        env={**os.environ, "OBVERSE_DATA": str(place)},
    )
    need(b"ptrace" not in ran.stderr, "ptrace, for strace")
    assert ran.returncode == 0, (ran.stdout + ran.stderr).decode()[-3000:]
    return [line.split(maxsplit=1)[1] for line in trace.read_text().splitlines()]


def breaches(unit: str, calls: list[str]) -> set[str]:
    """Those of the calls that a unit would refuse."""
    families = set(settings(unit)["RestrictAddressFamilies"][0].split())
    found = set()
    for call in calls:
        name, _, rest = call.partition("(")
        if name in ("socket", "socketpair"):
            if rest.split(",")[0] not in families:
                found.add(call)
        elif name == "mmap":
            if "PROT_WRITE" in rest and "PROT_EXEC" in rest:  # MemoryDenyWriteExecute=yes
                found.add(call)
        elif name in ("mprotect", "pkey_mprotect"):
            if "PROT_EXEC" in rest:
                found.add(call)
        elif name == "shmat":
            if "SHM_EXEC" in rest:
                found.add(call)
        elif re.match(r"\w+$", name) and not (name == "fchown" and os.geteuid() == 0):
            found.add(call)  # SQLite hands its files on where it is root; as the units' user it does not
    return found


def test_breaches_are_seen(tmp_path: Path) -> None:
    """That the tests below can fail: a program that does what none of the units permits."""
    program = (
        "import mmap, os, socket\n"
        "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)\n"
        "os.setpriority(os.PRIO_PROCESS, 0, 0)\n"
    )
    calls = traced("obverse-backup.service", tmp_path, sys.executable, "-c", program)
    seen = {call.partition("(")[0] for call in breaches("obverse-backup.service", calls)}
    assert seen >= {"mmap", "socket", "setpriority"}


def test_four_nodes_strike_a_deal_and_one_is_backed_up_within_the_sandbox(tmp_path: Path) -> None:
    nodes = tmp_path / "nodes"
    python = [sys.executable, "-m", "node"]
    demo = [sys.executable, "-c", OUR_NODES_ALONE, "demo", "--once", "--keep", str(nodes)]
    calls = traced("obverse.service", tmp_path, *demo)
    assert calls, "nothing was traced"
    assert breaches("obverse.service", calls) == set()

    saved = tmp_path / "ana.backup"
    calls = traced(
        "obverse-backup.service", tmp_path, *python, "--data", str(nodes / "ana"), "backup", str(saved)
    )
    assert saved.stat().st_size > 0
    assert breaches("obverse-backup.service", calls) == set()
