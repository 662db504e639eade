"""Commands reach a node through its socket where it runs, and open it themselves where it does not."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from federation.keys import SigningKey
from federation.messages import JsonObject
from node.commands import build_commands
from node.commands.arguments import Arguments
from node.commands.registry import Commands, answer
from node.config import Config, save_config
from node.container import open_node
from node.context import Node
from node.domain.errors import InvalidInput
from node.runtime.asking import CommandFailed, is_running
from node.runtime.control import call, run_once, serve_control
from node.signing import create_node_key
from node.store.ports import QueuedJob, StoreRefused
from node.store.sqlite import open_sqlite

pytestmark = pytest.mark.anyio

EXTRA = Commands()


@EXTRA.command("test.slow", "steps")
async def slow(node: Node, arguments: Arguments) -> JsonObject:
    for step in range(arguments.whole("steps")):
        arguments.say(f"step {step}")
    return {"done": True}


@EXTRA.command("test.fault")
async def fault(node: Node, arguments: Arguments) -> JsonObject:
    raise ZeroDivisionError("a fault of ours")


COMMANDS = Commands(build_commands(), EXTRA)


@pytest.fixture
async def config(tmp_path: Path, anyio_backend: str) -> Config:
    """A node without accounts in a directory whose path is longer than a socket's may be."""
    directory = tmp_path / ("long" * 25)
    made = Config(data_dir=directory, base_url="https://ana.example")
    save_config(made)
    create_node_key(made.node_key_path)
    database = await open_sqlite(
        made.database_path, clock=lambda: pytest.fail("the store asks for no time"), create=True
    )
    await database.aclose()
    return made


async def in_thread(work: Callable[[], Any]) -> Any:
    return await anyio.to_thread.run_sync(work)


async def test_command_goes_through_the_socket_of_a_running_node(config: Config) -> None:
    async with open_node(config) as opened, serve_control(opened.node, COMMANDS):
        assert await in_thread(lambda: is_running(config))
        answered = await in_thread(lambda: call(config.data_dir, COMMANDS, "user.list", {}))
        assert (answered.result, answered.queued) == ({"accounts": []}, 0)
    assert not is_running(config)
    assert not config.socket_path.exists()


async def test_same_answer_comes_where_no_node_runs(config: Config) -> None:
    answered = await in_thread(lambda: call(config.data_dir, COMMANDS, "user.list", {}))
    assert answered.result == {"accounts": []}


async def test_socket_is_for_its_owner_alone(config: Config) -> None:
    async with open_node(config) as opened, serve_control(opened.node, COMMANDS):
        assert stat.S_IMODE(config.socket_path.stat().st_mode) == 0o600


async def test_socket_that_was_left_behind_is_replaced(config: Config) -> None:
    left = socket.socket(socket.AF_UNIX)
    here = os.open(config.data_dir, os.O_RDONLY)
    left.bind(f"/proc/self/fd/{here}/obverse.sock")
    left.close()
    os.close(here)
    assert not is_running(config)
    assert (await in_thread(lambda: call(config.data_dir, COMMANDS, "user.list", {}))).result
    async with open_node(config) as opened, serve_control(opened.node, COMMANDS):
        assert await in_thread(lambda: is_running(config))


async def test_file_that_is_no_socket_is_nobody(config: Config) -> None:
    config.socket_path.write_text("")
    assert not is_running(config)


async def test_progress_comes_before_the_result(config: Config) -> None:
    said: list[str] = []
    ask = lambda: call(config.data_dir, COMMANDS, "test.slow", {"steps": 3}, progress=said.append)  # noqa: E731
    async with open_node(config) as opened, serve_control(opened.node, COMMANDS):
        assert (await in_thread(ask)).result == {"done": True}
    assert said == ["step 0", "step 1", "step 2"]
    said.clear()
    await in_thread(ask)
    assert said == ["step 0", "step 1", "step 2"]


async def test_wrong_input_names_its_field_either_way(config: Config) -> None:
    async with open_node(config) as opened, serve_control(opened.node, COMMANDS):
        with pytest.raises(CommandFailed, match="name: 'X!' cannot be a handle") as through:
            await in_thread(lambda: call(config.data_dir, COMMANDS, "user.add", {"name": "X!"}))
    with pytest.raises(CommandFailed) as opening:
        await in_thread(lambda: call(config.data_dir, COMMANDS, "user.add", {"name": "X!"}))
    assert through.value.error == opening.value.error
    assert through.value.error["field"] == "name"


async def test_argument_that_a_command_does_not_take_is_named(config: Config) -> None:
    async with open_node(config) as opened:
        said = await answer(COMMANDS, opened.node, "user.list", {"nmae": "ana"})
        assert said["error"]["field"] == "nmae"
        assert (await answer(COMMANDS, opened.node, "user.lsit", {}))["error"]["field"] == "command"


async def test_fault_of_ours_is_told_and_the_node_goes_on(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_node(config) as opened, serve_control(opened.node, COMMANDS):
        with pytest.raises(CommandFailed, match="its log says why"):
            await in_thread(lambda: call(config.data_dir, COMMANDS, "test.fault", {}))
        assert "ZeroDivisionError" in caplog.text
        assert (await in_thread(lambda: call(config.data_dir, COMMANDS, "user.list", {}))).result


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b'{"command": "user.list"}\n',
        b'{"command": 1, "args": {}}\n',
        b'{"command": "user.list", "args": {}, "args": {}}\n',
        b"",
    ],
)
async def test_odd_request_is_answered_with_an_error(config: Config, line: bytes) -> None:
    async with open_node(config) as opened, serve_control(opened.node, COMMANDS):
        here = os.open(config.data_dir, os.O_RDONLY)
        reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{here}/obverse.sock")
        os.close(here)
        writer.write(line)
        writer.write_eof()
        assert "error" in json.loads(await reader.readline())
        writer.close()
        await writer.wait_closed()


async def test_line_beyond_bounds_is_refused(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.runtime.control.MOST_BYTES", 1000)
    async with open_node(config) as opened, serve_control(opened.node, COMMANDS):
        with pytest.raises(CommandFailed, match="not one line of JSON within bounds"):
            await in_thread(lambda: call(config.data_dir, COMMANDS, "user.add", {"name": "a" * 1200}))


async def test_request_that_never_comes_is_given_up(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.runtime.control.REQUEST_S", 0.05)
    async with open_node(config) as opened, serve_control(opened.node, COMMANDS):
        here = os.open(config.data_dir, os.O_RDONLY)
        reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{here}/obverse.sock")
        os.close(here)
        assert "error" in json.loads(await reader.readline())
        writer.close()
        await writer.wait_closed()


async def test_who_leaves_before_the_answer_disturbs_nobody(config: Config) -> None:
    async with open_node(config) as opened, serve_control(opened.node, COMMANDS):
        here = os.open(config.data_dir, os.O_RDONLY)
        for _ in range(5):
            _, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{here}/obverse.sock")
            writer.write(b'{"command": "test.slow", "args": {"steps": 2000}}\n')
            await writer.drain()
            writer.transport.abort()
        os.close(here)
        assert (await in_thread(lambda: call(config.data_dir, COMMANDS, "user.list", {}))).result


async def test_shortage_of_files_is_waited_out(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.runtime.control.PAUSE_S", 0.05)
    accept = socket.socket.accept
    failed: list[socket.socket] = []

    def short(listener: socket.socket) -> Any:
        if len(failed) < 2:
            failed.append(listener)
            raise OSError(24, "Too many open files")
        return accept(listener)

    monkeypatch.setattr(socket.socket, "accept", short)
    async with open_node(config) as opened, serve_control(opened.node, COMMANDS):
        assert (await in_thread(lambda: call(config.data_dir, COMMANDS, "user.list", {}))).result
    assert len(failed) == 2


async def test_stop_does_not_wait_for_ever(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.runtime.control.STOP_S", 0.05)
    async with open_node(config) as opened, serve_control(opened.node, COMMANDS):
        here = os.open(config.data_dir, os.O_RDONLY)
        reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{here}/obverse.sock")
        os.close(here)
        await asyncio.sleep(0.02)
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_second_process_is_told_who_holds_the_store(config: Config) -> None:
    async with open_node(config):
        with pytest.raises(StoreRefused, match=r"obverse\.db"):
            await in_thread(lambda: call(config.data_dir, COMMANDS, "user.list", {}))


async def test_no_node_is_told_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="obverse init"):
        await in_thread(lambda: call(tmp_path, COMMANDS, "user.list", {}))


async def test_node_that_ends_before_it_answers_is_told(config: Config) -> None:
    here = os.open(config.data_dir, os.O_RDONLY)
    mute = socket.socket(socket.AF_UNIX)
    mute.bind(f"/proc/self/fd/{here}/obverse.sock")
    os.close(here)
    mute.listen()

    def hang_up() -> None:
        taken, _ = mute.accept()
        taken.recv(1000)
        taken.close()
        mute.close()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(in_thread, hang_up)
        with pytest.raises(CommandFailed, match="ended before it answered"):
            await in_thread(lambda: call(config.data_dir, COMMANDS, "user.list", {}))


async def test_messages_that_cannot_leave_are_counted(
    config: Config, rsa: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that opened the node itself says how many messages wait until it runs."""

    @(sending := Commands()).command("test.send")
    async def send(node: Node, arguments: Arguments) -> JsonObject:
        def enqueue(desk: Any) -> None:
            desk.tx.keys.save(desk.setting.keys.row(rsa, desk.now))
            for number in range(2):
                desk.tx.deliveries.enqueue(
                    QueuedJob(f"https://ana.example/a/{number}", "https://b.example/actors/b",
                              "https://b.example/inbox", "https://ana.example/actors/ana", rsa.id, b"{}",
                              f"k{number}", desk.now, desk.now.replace(year=desk.now.year + 1))
                )  # fmt: skip

        await node.work(enqueue)
        return {}

    answered = await run_once(config, sending, "test.send", {}, settle_s=0.3)
    assert answered.queued == 2


def test_two_commands_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"test\.slow"):
        Commands(EXTRA, EXTRA)


def test_every_command_has_a_name_of_its_own() -> None:
    names = [command.name for command in build_commands()]
    assert len(names) == len(set(names)) > 40
