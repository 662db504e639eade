"""What systemd is told, heard by a socket that plays its part."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from node.runtime.notify import Notifier, notifier_of, passed_listener

pytestmark = pytest.mark.anyio


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(2)
        yield line


def heard(manager: socket.socket) -> list[bytes]:
    """What was said so far."""
    manager.setblocking(False)
    found = []
    while True:
        try:
            found.append(manager.recv(100))
        except BlockingIOError:
            return found


def test_readiness_is_told_where_the_environment_says(manager: socket.socket) -> None:
    notifier_of({"NOTIFY_SOCKET": manager.getsockname()}).tell("READY=1")
    assert heard(manager) == [b"READY=1"]


def test_a_name_in_no_directory_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(f"\0obverse-test-{os.getpid()}")
        Notifier(f"@obverse-test-{os.getpid()}").tell("STOPPING=1")
        assert heard(line) == [b"STOPPING=1"]


def test_a_manager_that_does_not_listen_is_not_worth_failing_for(tmp_path: Path) -> None:
    Notifier(str(tmp_path / "nobody")).tell("READY=1")
    Notifier().tell("READY=1")


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "20000000"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_the_watchdog_is_that_of_this_process(environment: dict[str, str], seconds: float) -> None:
    assert notifier_of(environment).watchdog_s == seconds


async def test_the_watchdog_hears_while_the_node_answers_and_nothing_while_it_does_not(
    manager: socket.socket,
) -> None:
    stuck = anyio.Event()
    asked: list[int] = []

    async def answers() -> None:
        asked.append(1)
        if len(asked) == 2:
            raise OSError("the disk is full, which is an answer")
        if len(asked) > 3:
            await stuck.wait()

    notifier = Notifier(manager.getsockname(), watchdog_s=0.06)
    with anyio.move_on_after(0.5):
        await notifier.keep_alive(answers)
    assert len(asked) > 4
    assert heard(manager) == [b"WATCHDOG=1"] * 3


async def test_without_a_watchdog_nothing_is_asked(manager: socket.socket) -> None:
    async def answers() -> None:
        raise AssertionError("nobody wants to know")

    await Notifier().keep_alive(answers)
    await Notifier("", 5.0).keep_alive(answers)
    await Notifier(manager.getsockname(), 0.0).keep_alive(answers)


# --- the door that systemd keeps ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_FDS": "1", "LISTEN_PID": "1"},
        {"LISTEN_FDS": "0", "LISTEN_PID": str(os.getpid())},
        {"LISTEN_FDS": "", "LISTEN_PID": str(os.getpid())},
    ],
)
def test_socket_that_was_not_passed_to_this_very_process_is_not_taken(environment: dict[str, str]) -> None:
    assert passed_listener(environment) is None
