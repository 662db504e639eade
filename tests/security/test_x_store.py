"""Group X, the store: migrations that are killed (X17), files that are not whole (X18), two owners (X19),
backups under load (X15) and old ones (X16), poison (X13), and a backlog at the start (X23)."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from federation.ports import InboundEntry
from federation.worker import WorkerSettings
from node.commands import answer, build_commands
from node.container import open_node
from node.context import Node
from node.store.sqlite import open_sqlite
from node.store.sqlite.schema import known_steps
from tests.security.commerce import a_customer
from tests.security.peers import AS
from tests.security.served import PYTHON, Premises, Served
from tests.security.world import World

ROOT = Path(__file__).parents[2]
COMMANDS = build_commands()
PASSPHRASE = "eleven green bottles"

# Brings a store up to date and dies by SIGKILL before its n-th statement.
DYING = """
import os, signal, sqlite3, sys
from pathlib import Path
from sqlite_utils import Database
from node.store.sqlite.schema import migrate
path, left = Path(sys.argv[1]), int(sys.argv[2])
connection = sqlite3.connect(path, isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA synchronous = FULL")

def count(statement):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

connection.set_trace_callback(count)
migrate(Database(connection))
"""


def stand(path: Path) -> tuple[set[str], str]:
    """The steps that a store has taken, and what its schema comes to."""
    with closing(sqlite3.connect(path)) as store:
        steps = {row[0] for row in store.execute("SELECT name FROM _sqlite_migrations")}
        rows = store.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return steps, "\n".join(re.sub(r"\s+", " ", row[0]) for row in rows)


def migrate_dying(path: Path, statement: int) -> int:
    command = [sys.executable, "-c", DYING, str(path), str(statement)]
    return subprocess.run(command, cwd=ROOT, check=False, timeout=60, capture_output=True).returncode


@pytest.fixture(scope="module")
def first_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as the first version of the schema left it, with something in every queue."""
    folder = tmp_path_factory.mktemp("first")
    shutil.copy(Path(__file__).with_name("first_release.db.sql"), folder / "dump.sql")
    path = folder / "obverse.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.executescript((folder / "dump.sql").read_text(encoding="utf-8"))
    return path


@pytest.mark.processes
def test_x17_migration_that_is_killed_at_any_statement_is_whole_or_undone(
    first_release: Path, tmp_path: Path
) -> None:
    path = tmp_path / "obverse.db"
    ways: set[frozenset[str]] = set()
    shutil.copy(first_release, path)
    begun = stand(path)
    assert migrate_dying(path, 1_000_000) == 0
    done = stand(path)
    assert done[0] == known_steps()
    statement, ended = 0, -signal.SIGKILL
    while ended == -signal.SIGKILL:
        statement += 1 if statement < 4 else 7
        for file in tmp_path.glob("obverse.db*"):
            file.unlink()
        shutil.copy(first_release, path)
        ended = migrate_dying(path, statement)
        found = stand(path)
        ways.add(frozenset(found[0]))
        assert found[0] <= done[0]
        if found[0] == begun[0]:
            assert found[1] == begun[1], f"killed before statement {statement}: a half of a step is there"
        asyncio.run(_open_and_close(path))
        assert stand(path) == done, f"killed before statement {statement}: it does not come up to date"
    assert statement > 20
    assert len(ways) >= 3, "killed in the midst of each step"


async def _open_and_close(path: Path) -> None:
    await (await open_sqlite(path, clock=lambda: datetime.now(UTC))).aclose()


# --- what is not whole (X18), and who was there first (X19) -----------------------------------------------


def serve_refused(home: Premises) -> str:
    """`obverse serve` must refuse; its words."""
    command = [*PYTHON, "--data", str(home.data), "serve"]
    ended = subprocess.run(command, capture_output=True, timeout=60, check=False, text=True)
    assert ended.returncode not in (0, None)
    assert "Traceback" not in ended.stderr
    return ended.stderr


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 + 1)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _spoil(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(b"\xff" * 3 * 4096)


def _replace(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as foreign:
        foreign.execute("CREATE TABLE account (id TEXT)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as store, store:
        store.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('obverse', '9999-future', '')"
        )


def _delete(path: Path) -> None:
    path.unlink()


@pytest.mark.processes
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_truncate, "obverse restore"),
        (_empty, "is empty"),
        (_spoil, "obverse restore"),
        (_replace, "another program"),
        (_newer, "newer version"),
        (_delete, "obverse restore"),
    ],
)
def test_x18_store_that_is_not_whole_is_refused_and_left_as_it_is(
    premises: Premises, tmp_path: Path, harm: object, words: str
) -> None:
    """Never an empty store in its place: also where the database is gone and the node key is there."""
    home = premises.moved_to(tmp_path / "v")
    assert callable(harm)
    harm(home.database)
    before = home.database.read_bytes() if home.database.exists() else None
    said = serve_refused(home)
    assert words in " ".join(said.split())
    assert (home.database.read_bytes() if home.database.exists() else None) == before


@pytest.mark.processes
def test_x19_second_process_on_one_store_is_refused_and_the_first_goes_on(
    premises: Premises, tmp_path: Path
) -> None:
    home = premises.moved_to(tmp_path / "v")
    with Served.running(home, tmp_path / "node.log") as first:
        config = (home.data / "config.toml").read_text()
        port = int(home.base.rsplit(":", 1)[1])
        # on an address of its own, so that it is the store that stands in its way
        (home.data / "config.toml").write_text(config.replace(f"bind_port = {port}", "bind_port = 0"))
        assert f"in use by another process (number {first.process.pid})" in " ".join(
            serve_refused(home).split()
        )
        assert first.post("after")[0] == 202
        assert home.holds(first.acknowledged) == first.acknowledged


# --- backups ----------------------------------------------------------------------------------------------


@pytest.mark.processes
def test_x15_backup_under_load_restores_everything_that_was_acknowledged_before_it_began(
    premises: Premises, tmp_path: Path
) -> None:
    home = premises.moved_to(tmp_path / "v")
    with Served.running(home, tmp_path / "node.log") as node:
        over = threading.Event()

        def load() -> None:
            number = 0
            while not over.is_set() and number < 3000:
                node.post(number)
                number += 1

        loading = threading.Thread(target=load)
        loading.start()
        try:
            time.sleep(1.0)
            acknowledged = list(node.acknowledged)
            done = node.command("node.backup", path=str(tmp_path / "backup"), passphrase=PASSPHRASE)
        finally:
            over.set()
            loading.join()
        assert done["size_bytes"] > 0, done
        assert len(acknowledged) >= 5
        assert len(node.acknowledged) > len(acknowledged), "the load went on meanwhile"
        assert node.command("node.health")["backup"]["keys_since"] == 0
    restored = Premises(tmp_path / "restored", home.base, home.key)
    command = [*PYTHON, "--data", str(restored.data), "restore", str(tmp_path / "backup")]
    ended = subprocess.run(
        command, input=f"{PASSPHRASE}\n", capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert restored.holds(acknowledged) == acknowledged
    with closing(restored.opened()) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert store.execute("PRAGMA foreign_key_check").fetchall() == []
    with Served.running(restored, tmp_path / "restored.log") as again:
        health = again.command("node.health")
        assert health["keys_unopened"] == []
        assert health["restored"] is not None
        assert again.post("restored")[0] == 202


@pytest.mark.anyio
async def test_x16_old_backup_reuses_no_id_for_what_is_said_after_it(world: World, tmp_path: Path) -> None:
    """From the same past, one node goes on and one is brought back: no id is given twice."""
    customer = a_customer(world)
    cast = await customer.tell(customer.cast())
    config = replace(world.v.config, data_dir=tmp_path / "restored")
    config.data_dir.mkdir()
    shutil.copy(world.v.config.node_key_path, config.node_key_path)
    await world.v.open.node.db.copy_to(config.database_path)
    offer = {"account": "shop", "deal": cast["object"]["context"], "price": "289.00"}
    before = {job.activity_id for job in await world.v.jobs()}

    async def said_by(node: Node) -> set[str]:
        done = await answer(COMMANDS, node, "deal.offer", offer)
        assert "error" not in done, done
        jobs = await node.look(lambda desk: desk.tx.deliveries.all())
        return {job.activity_id for job in jobs} - before

    went_on = await said_by(world.v.open.node)
    async with open_node(config, engine=world.v.engine, clock=world.clock) as restored:
        brought_back = await said_by(restored.node)
    assert went_on
    assert brought_back
    assert not went_on & brought_back


# --- poison, and a backlog --------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_x13_poison_is_tried_k_times_then_shown_while_the_others_go_on(world: World) -> None:
    """A message that cannot be processed ends among the dead letters; the one after it is taken at once."""
    v, tess = world.v, world.t
    log = v.open.node.db.inbox_log
    poison = InboundEntry(v.actor("shop"), tess.id, f"{tess.id}/poison", b"{", "zQm", world.clock.now)
    await log.record(poison)
    follow = {
        "@context": AS,
        "id": f"{tess.id}/follow",
        "type": "Follow",
        "actor": tess.id,
        "object": v.actor("shop"),
        "to": [v.actor("shop")],
    }
    assert (await v.post(follow, "shop", key=tess.ed25519)).status == 202
    await v.settle()
    assert await v.followers() == [tess.id]
    tries = []
    for _ in range(WorkerSettings().tries + 2):
        rows = v.snapshot()["inbox"]
        tries.append([(row[1], row[14]) for row in rows])
        world.clock.advance(days=2)
        await v.settle()
    assert [state for ((state, _),) in tries].count("pending") == WorkerSettings().tries - 1
    assert tries[-1] == [("dead", WorkerSettings().tries - 1)]
    listed = await v.command("deliveries.list")
    (dead,) = listed["dead_letters"]
    assert dead["activity"] == poison.activity_id
    assert "InvalidJson" in dead["error"]
    assert (await v.command("node.health"))["dead_letters"] == 1
    await v.command("deliveries.resend", id=dead["id"], inbound=True)
    await v.settle()
    assert v.snapshot()["inbox"][0][1] == "pending", "its owner has it tried again"
    for _ in range(WorkerSettings().tries):
        world.clock.advance(days=2)
        await v.settle()
    await v.command("deliveries.drop", id=dead["id"], inbound=True)
    assert v.snapshot()["inbox"] == [], "or lets it go"


BACKLOG = 100_000


def fill_inbox(premises: Premises, count: int) -> None:
    """So many messages of tess and others that wait to be processed."""
    body = json.dumps({"@context": AS, "type": "Like", "id": "ID", "actor": "A", "object": "O"})
    with closing(sqlite3.connect(premises.database, isolation_level=None)) as store:
        store.execute("PRAGMA synchronous = OFF")
        store.execute("BEGIN")
        store.executemany(
            "INSERT INTO inbox (state, due_at, recipient, actor, activity_id, body, digest, received_at,"
            " signer, key_id, proof_key_id, replay_key, attempts, error)"
            " VALUES ('pending', 0, ?, ?, ?, ?, 'zQm', 0, '', '', '', x'', 0, '')",
            (
                (
                    f"{premises.base}/actors/shop",
                    actor := f"https://p{number % 500}.example/actors/a",
                    name := f"https://p{number % 500}.example/activities/{number}",
                    body.replace("ID", name).replace('"A"', f'"{actor}"').encode(),
                )
                for number in range(count)
            ),
        )
        store.execute("COMMIT")


@pytest.mark.processes
def test_x23_backlog_at_the_start_stays_on_the_disk_and_whoever_comes_is_answered(
    premises: Premises, tmp_path: Path
) -> None:
    home = premises.moved_to(tmp_path / "v")
    with Served.running(home, tmp_path / "idle.log") as idle:
        at_rest = psutil.Process(idle.process.pid).memory_info().rss
    fill_inbox(home, BACKLOG)
    waiting = "SELECT count(*) FROM inbox WHERE state = 'pending'"
    with Served.running(home, tmp_path / "node.log") as node:
        process, took = psutil.Process(node.process.pid), []
        most = 0
        for number in range(150):
            began = time.monotonic()
            assert node.post(number)[0] == 202
            took.append(time.monotonic() - began)
            most = max(most, process.memory_info().rss)
        with closing(home.opened()) as store:
            left = store.execute(waiting).fetchone()[0]
        print(f"p99 {sorted(took)[-2] * 1000:.0f} ms, {left} left, {(most - at_rest) / 2**20:.0f} MiB more")
        assert 0 < left < BACKLOG, "it was worked on meanwhile, and was not done before"
        assert most - at_rest < 40 * 2**20, "what waits is not in memory"
