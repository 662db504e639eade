"""X06: logs that cannot be written: a full disk, a closed stream, a reader that is gone or stuck."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.needs import need, need_command
from tests.security.served import PYTHON, Premises, Served

SMALL_PIPE_BYTES = 4096


@contextmanager
def said_into(how: str) -> Iterator[dict[str, Any]]:
    """Where a process speaks to, as arguments of Popen."""
    if how == "full disk":
        with Path("/dev/full").open("wb") as full:
            yield {"stdout": full, "stderr": full}
    elif how == "closed":
        yield {"preexec_fn": _close_all}
    else:
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, SMALL_PIPE_BYTES)
        if how == "a reader that is gone":
            os.close(reading)
        try:
            yield {"stdout": writing, "stderr": writing}
        finally:
            os.close(writing)
            if how != "a reader that is gone":
                os.close(reading)


def _close_all() -> None:
    for number in range(3):
        os.close(number)


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.parametrize("how", ["full disk", "closed", "a reader that is gone", "a reader that is stuck"])
def test_x06_the_service_goes_on_without_its_log(premises: Premises, tmp_path: Path, how: str) -> None:
    need(Path("/dev/full").exists(), "a device that is always full (/dev/full)")
    moved = premises.moved_to(tmp_path / "v")
    settings = moved.data / "config.toml"
    settings.write_text('log_level = "debug"\n' + settings.read_text())
    command = [*PYTHON, "--data", str(moved.data), "serve"]
    with said_into(how) as streams:
        # What is buffered when a file does not take it is written once more at the end.
        buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, start_new_session=True, env=buffered, **streams
        )
        served = Served(moved, process, tmp_path / "none.log")
        served.log.touch()
        try:
            served.wait_until_ready()
            # At this level each is a line: together many times what the small pipe holds.
            for number in range(150):
                assert served.post(number)[0] == 202
            assert served.get("/readyz")[0] == 200
            assert served.stop() == 0
        finally:
            served.kill()
    assert sorted(moved.holds(served.acknowledged)) == sorted(served.acknowledged)
    assert len(served.acknowledged) == 150


@pytest.mark.processes
def test_x06_a_log_directory_of_one_megabyte_fills_up_and_empties_again(tmp_path: Path) -> None:
    need_command("unshare", package="util-linux")
    need(_may_mount(), "user namespaces that may mount a tmpfs (unshare -Urm)")
    program = (
        "import logging, os, sys; from node.observability.logs import configure_logs\n"
        "stream = open('/mnt/full/log', 'a')\n"
        "handler = configure_logs(stream, level=logging.DEBUG)\n"
        "log = logging.getLogger('obverse')\n"
        "for number in range(12000): log.debug('line %s', 'x' * 150)\n"
        "handler.flush(); handler.flush(); handler.flush()\n"
        "assert handler.lost > 0, 'it never filled'\n"
        "os.truncate('/mnt/full/log', 0)\n"
        "log.debug('there is room again'); handler.flush(); handler.flush()\n"
        "said = open('/mnt/full/log').read()\n"
        "assert 'there is room again' in said and 'log lines were lost' in said, said[-300:]\n"
        "print('went on')\n"
    )
    script = f'mount -t tmpfs -o size=1m none /mnt && mkdir /mnt/full && exec {PYTHON[0]} -c "$0"'
    done = subprocess.run(
        ["unshare", "-Urm", "bash", "-c", script, program], capture_output=True, timeout=60, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout == b"went on\n", done.stderr.decode()[-2000:]


def _may_mount() -> bool:
    try:
        tried = subprocess.run(
            ["unshare", "-Urm", "mount", "-t", "tmpfs", "none", "/mnt"],
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0
