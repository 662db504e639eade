"""Group X at the door: too few open files, and a stop under load. Real processes, load from outside."""

from __future__ import annotations

import resource
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from federation.worker import WorkerSettings
from node.runtime.connections import DoorSettings
from node.runtime.serve import GRACE_S, connections_within
from tests.security.processes import Running, Vendor, load

pytestmark = [pytest.mark.slow, pytest.mark.processes]


@contextmanager
def silent_lines(port: int, count: int) -> Iterator[list[socket.socket]]:
    """So many connections that say nothing, made without waiting for anybody."""
    with ExitStack() as held:
        lines = []
        for _ in range(count):
            line = held.enter_context(socket.socket())
            line.setblocking(False)
            line.connect_ex(("127.0.0.1", port))
            lines.append(line)
        yield lines


def statuses_of(answers: dict[str, tuple[int, float]]) -> Counter[int]:
    return Counter(status for status, _ in answers.values())


def taken(answers: dict[str, tuple[int, float]]) -> set[str]:
    """What was acknowledged."""
    return {name for name, (status, _) in answers.items() if status == 202}


@pytest.fixture
def vendor(tmp_path: Path) -> Vendor:
    return Vendor.found(tmp_path / "shop")


# --- X07 --------------------------------------------------------------------------------------------------


def test_x07_with_64_open_files_the_node_refuses_what_it_cannot_take_and_recovers(vendor: Vendor) -> None:
    with vendor.serving(open_files=64) as running:
        at_rest = running.open_files()
        with silent_lines(vendor.port, 300):
            assert running.cpu_share(1.0) < 0.5, "it does not spin"
            assert running.open_files() < 64
            with load(vendor, 2.0, honest_per_s=10) as calm:
                calm.begin()
                through = calm.end()
        with load(vendor, 0.2, honest_per_s=1500) as burst:
            burst.begin()
            answers = burst.end().answers
        assert running.process.poll() is None
        statuses = statuses_of(answers)
        with load(vendor, 2.0, honest_per_s=20, senders=2) as after:
            after.begin()
            recovered = after.end()
        vendor.settle()
        deals = vendor.deals()
        stored = vendor.stored()
        running.stop()
    print(f"\n{at_rest} files at rest; in a burst: {dict(statuses)}; {vendor.log.read_text().count('files')}")
    # honest messages pass by silent lines, and afterwards all is as it was
    assert statuses_of(through.answers) == {202: 20}
    assert statuses_of(recovered.answers) == {202: 40}
    # a burst is refused in part, with a word or without
    assert set(statuses) <= {202, 503, 0}
    assert statuses[202] > 0
    # what was acknowledged is there, once
    acknowledged = taken(answers) | taken(through.answers) | taken(recovered.answers)
    assert acknowledged <= set(stored)
    assert set(stored.values()) == {1}
    assert deals == len(stored)


def test_x07_variant_files_that_run_out_while_it_runs_cost_no_processor_and_no_data(vendor: Vendor) -> None:
    """Taken away from under it, down to the last one: accepting fails, and goes on when there are some."""
    with vendor.serving() as running:
        with load(vendor, 1.0, honest_per_s=10) as before:
            before.begin()
            first = before.end().answers
        watched = psutil.Process(running.process.pid)
        own = watched.rlimit(psutil.RLIMIT_NOFILE)
        watched.rlimit(psutil.RLIMIT_NOFILE, (running.open_files(), own[1]))
        with silent_lines(vendor.port, 50):
            share = running.cpu_share(2.0)
            assert share < 0.5, f"it spins: {share:.0%}"
        watched.rlimit(psutil.RLIMIT_NOFILE, own)
        deadline = time.monotonic() + 10
        while not running.is_alive() and time.monotonic() < deadline:
            time.sleep(0.2)
        with load(vendor, 1.0, honest_per_s=10) as after:
            after.begin()
            last = after.end().answers
        vendor.settle()
        running.stop()
    assert statuses_of(first) == statuses_of(last) == {202: 10}
    assert vendor.deals() == 20


def test_x07_the_shipped_number_of_connections_leaves_files_for_the_rest() -> None:
    assert [connections_within(files) for files in (64, 256, 1024, 4096, 20_000)] == [
        12,
        108,
        492,
        2000,
        2000,
    ]
    assert connections_within(10) == 8
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0


# --- X24 --------------------------------------------------------------------------------------------------


def test_x24_a_stop_under_load_drains_within_30_s_and_loses_nothing(vendor: Vendor) -> None:
    """Slow heads and bodies hold connections, and the peers' inboxes take deliveries without an answer."""
    with (
        vendor.serving() as running,
        load(vendor, 24.0, honest_per_s=20, slow=30, follows=4, hang=True) as loader,
    ):
        loader.begin()
        deadline = time.monotonic() + 15
        while vendor.deals() < 40 and time.monotonic() < deadline:
            time.sleep(0.05)
        took = running.stop()
        result = loader.end()
    answers = result.answers
    statuses = statuses_of(answers)
    casts = {name for name in taken(answers) if name in _casts(vendor, answers)}
    print(f"\nstopped in {took:.1f} s; honest: {dict(statuses)}; {result.hung} deliveries hung")
    assert GRACE_S - 1 < took < 30, "the deliveries that hang are waited for, but not for ever"
    assert result.hung >= 1, "deliveries were under way"
    assert 40 <= statuses[202] < len(answers), "it was stopped in the middle"
    assert set(statuses) <= {202, 503, 0}
    left = vendor.stored()
    followers = {row[0] for row in vendor.rows("SELECT actor FROM follower")}
    acknowledged = taken(answers)
    assert len(followers) == 4
    assert len(acknowledged - set(left)) == 4, "but for the follows, which have become followers"
    assert set(left.values()) == {1}
    # started again, it processes what it had only recorded, and has what it was about to deliver
    with vendor.serving() as again:
        vendor.settle()
        assert vendor.deals() == len(casts)
        queued = vendor.rows("SELECT count(*) FROM delivery WHERE settled_at IS NULL")
        assert queued == [(4,)], "each follower's answer is still to be delivered"
        again.stop()


def _casts(vendor: Vendor, answers: dict[str, tuple[int, float]]) -> set[str]:
    return set(vendor.stored()) & set(answers)


def test_x24_the_shipped_bounds_of_a_stop_add_up_to_less_than_30_s() -> None:
    door = DoorSettings()
    assert max(door.drain_s + 2 * door.linger_s, GRACE_S) + 5.0 + 5.0 < 30, (
        "and the control socket, the store"
    )
    assert WorkerSettings().grace_s >= GRACE_S


def test_x24_variant_an_idle_node_stops_at_once(vendor: Vendor) -> None:
    with vendor.serving() as running, silent_lines(vendor.port, 20):
        assert running.is_alive()
        assert _seconds(running) < 5


def _seconds(running: Running) -> float:
    return running.stop()


def test_x24_variant_a_node_may_be_stopped_in_the_moment_in_which_it_says_that_it_serves(
    vendor: Vendor,
) -> None:
    for _ in range(3):
        with vendor.serving() as running:
            running.stop()
