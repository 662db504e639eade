"""The demo as a newcomer runs it: it ends well, it ends in order, and it says what failed."""

from __future__ import annotations

import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from node.demo.neighbour import find_runtime
from tests.needs import want

pytestmark = [pytest.mark.slow, pytest.mark.processes]

DEMO = (sys.executable, "-m", "node", "demo")
DEAL_STEPS, FEDIVERSE_STEPS = 20, 9
PATIENCE_S = 150.0


def test_once_plays_the_story_and_ends(tmp_path: Path, ports: Callable[[int], list[int]]) -> None:
    if find_runtime() is None:
        want("Fedify and Node.js of version 22 or newer (make fediverse, which needs npm)")
    free = ports(5)
    done = subprocess.run(
        [*DEMO, "--once", "--port", str(free[0])],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    steps = re.findall(r"^ ?\d+\. .*", done.stdout, re.MULTILINE)
    assert len(steps) == DEAL_STEPS + FEDIVERSE_STEPS, done.stdout
    assert [step for step in steps[1:DEAL_STEPS] if step.count(" ok ") != 3] == []
    unsigned = [step for step in steps[DEAL_STEPS:] if step.count(" ok ") != 1]
    assert ["Ana → anybody" in step for step in unsigned] == [True], "she is read, and says nothing new"
    assert "TLS is left out here" in done.stdout
    assert "Norrland Kid 340, 273.50 EUR" in done.stdout, "the same shelves at every run"
    for said in ("by rule", "by hand", "no bid: notStocked", "2 of 9 fields", "decline: price", "offline"):
        assert said in done.stdout
    assert leveled(done.stdout) == leveled(shown_in_the_readme()), "the README shows it as it is"
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"
    assert not any(is_served(port) for port in free)


def test_without_a_fediverse_server_the_rest_is_played_and_what_is_missing_is_said(
    tmp_path: Path, ports: Callable[[int], list[int]]
) -> None:
    played = (
        "import sys; from pathlib import Path; from node.demo import performance; "
        "performance.find_runtime = lambda: None; sys.exit(performance.run(True, int(sys.argv[1]), None))"
    )
    done = subprocess.run(
        [sys.executable, "-c", played, str(ports(4)[0])],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^ ?\d+\. .*", done.stdout, re.MULTILINE)) == DEAL_STEPS
    assert "make fediverse" in done.stdout
    assert "Left alive on their pages" in done.stdout


def test_demo_stays_up_as_it_says_and_ends_with_ctrl_c(
    tmp_path: Path, ports: Callable[[int], list[int]]
) -> None:
    free = ports(4)
    with running_demo("--port", str(free[0]), "--keep", str(tmp_path / "kept")) as demo:
        said = read_until(demo, "stay up until Ctrl-C")
        assert all(is_served(port) for port in free)
        # what it says can be typed is typed as it stands
        pasted = re.findall(r"^    (\S*(?:obverse|-m node) .*)$", said, re.MULTILINE)
        exported = re.search(r"^    (export OBVERSE_DATA=.*)$", said, re.MULTILINE)
        assert exported is not None
        assert len(pasted) == 5
        for line in pasted:
            done = subprocess.run(
                ["/bin/sh", "-c", f"{exported[1]}; {line}"],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert_lets_people_in(said, free)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(90) == 0
    assert not any(is_served(port) for port in free)
    assert (tmp_path / "kept" / "ana" / "obverse.db").exists()


def test_demo_that_is_ended_early_takes_its_nodes_along(
    tmp_path: Path, ports: Callable[[int], list[int]]
) -> None:
    free = ports(4)
    with running_demo("--once", "--port", str(free[0]), TMPDIR=str(tmp_path)) as demo:
        read_until(demo, "The deal")
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(30) == 130
    assert not any(is_served(port) for port in free)
    assert list(tmp_path.iterdir()) == []


def test_node_that_dies_is_told_with_the_step_and_its_log(
    tmp_path: Path, ports: Callable[[int], list[int]]
) -> None:
    free = ports(4)
    kept = tmp_path / "kept"
    with running_demo("--once", "--port", str(free[0]), "--keep", str(kept)) as demo:
        read_until(demo, " 2. Ana")
        os.kill(int((kept / "south" / "obverse.db.lock").read_text()), signal.SIGKILL)
        said = read_until(demo, "the last lines of west.log")
        assert demo.wait(30) == 1
    assert re.search(r"^FAILED: (Ana|North|South|West)", said, re.MULTILINE), said
    assert "south" in said
    assert "the last lines of south.log" in said
    assert "Traceback" not in said
    assert not any(is_served(port) for port in free)


def test_port_that_is_taken_is_told_in_a_line(tmp_path: Path, ports: Callable[[int], list[int]]) -> None:
    free = ports(4)
    with socket.create_server(("127.0.0.1", free[2])):
        done = subprocess.run(
            [*DEMO, "--once", "--port", str(free[0])], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert f"port {free[2]} is in use" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def assert_lets_people_in(said: str, free: list[int]) -> None:
    """Every password that it prints lets its owner in, and each link does so by one click."""
    passwords = dict(re.findall(r"^ +name (\w+), password (\S+)$", said, re.MULTILINE))
    assert list(passwords) == ["ana", "north", "south", "west"]
    assert len(set(passwords.values())) == 4
    for port, (name, password) in zip(free, passwords.items(), strict=True):
        assert "/my" in send_form(name, port, "/login", {"name": name, "password": password})
    links = re.findall(
        r"^ +\w+ +http://(\w+)\.localhost:(\d+)(/login/link)\?token=(\S+)$", said, re.MULTILINE
    )
    assert [name for name, *_ in links] == ["ana", "south"]
    for name, port, path, token in links:
        assert "/my/security" in send_form(name, int(port), path, {"token": token})


def send_form(name: str, port: int, path: str, fields: dict[str, str]) -> str:
    """Where a form leads."""
    headers = {"host": f"{name}.localhost:{port}", "sec-fetch-site": "same-origin"}
    answer = httpx.post(f"http://127.0.0.1:{port}{path}", data=fields, headers=headers, trust_env=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


# --- reading ----------------------------------------------------------------------------------------------


def shown_in_the_readme() -> str:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    found = re.search(
        r"<!-- demo-output:begin.*?-->\n+```\n(.*?)```\n+<!-- demo-output:end -->", text, re.DOTALL
    )
    assert found is not None
    return found[1]


def leveled(said: str) -> list[str]:
    """The lines without what differs from run to run: times taken, ports, dates, and the room they take."""
    for found, put in (
        (r"\d+\.\d+ s\b", "TIME"),
        (r"localhost:\d+", "localhost:PORT"),
        (r"\d{4}-\d\d-\d\d", "DATE"),
        (r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", "REFERENCE"),
    ):
        said = re.sub(found, put, said)
    return [" ".join(line.split()) for line in said.splitlines()]


@contextmanager
def running_demo(*words: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A demo that is ended by its own id if the test leaves it running."""
    with subprocess.Popen(
        [*DEMO, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
    ) as demo:
        try:
            yield demo
        finally:
            if demo.poll() is None:
                demo.terminate()


def read_until(demo: subprocess.Popen[bytes], words: str) -> str:
    """What it says until these words; they must come."""
    assert demo.stdout is not None
    said, deadline = "", time.monotonic() + PATIENCE_S
    with selectors.DefaultSelector() as selector:
        selector.register(demo.stdout, selectors.EVENT_READ)
        while words not in said:
            assert selector.select(max(0.0, deadline - time.monotonic())), said
            more = os.read(demo.stdout.fileno(), 65536)
            assert more, said
            said += more.decode()
    return said


def is_served(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
