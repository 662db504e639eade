"""A post to many: until all have it, where hosts are in trouble, and how long others wait for the store."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from statistics import median

from tests.benchmarks.delivering import HOSTS, Scene, names_of, open_scene
from tests.benchmarks.figures import Figure, Row, figure_of
from tests.benchmarks.machine import wait_until
from tests.benchmarks.stage import Stage

__all__ = ["MANY", "TROUBLED", "WRITERS", "posting"]

FOLLOWERS = 10_000
BAD = HOSTS // 10
MANY = Row(
    "post-many",
    f"post to {FOLLOWERS:,} followers on {HOSTS} hosts, until all have it",
    "s",
    "the same deliveries, queued by hand",
    1.25,
    "lower",
)
TROUBLED = Row(
    "post-troubled",
    f"the same with {BAD} hosts dead and {BAD} silent, until all others have it",
    "s",
    "the same with all hosts well",
    1.20,
    "lower",
)
WRITERS = Row(
    "post-writers",
    f"p99 of other writes while a post is spread to {FOLLOWERS:,} inboxes of their own",
    "ms",
    "the same while it only leaves",
    2.0,
    "lower",
)


_WHEN = ("spreading", "leaving")


def posting(stage: Stage, rows: Sequence[Row]) -> Iterator[Figure]:
    """Rounds of: by hand, a post to all, and one where other hosts, never met, are in trouble."""
    well = names_of("well", HOSTS)
    bad = [names_of(f"bad{number}-", 2 * BAD) for number in range(stage.rounds)]
    took: dict[str, list[float]] = {"by hand": [], "well": [], "troubled": []}
    with open_scene(stage, well, troubled=[name for names in bad for name in names]) as scene:
        origins = scene.origins(well)
        scene.deliver(well, 1)
        for names in bad:
            took["by hand"].append(scene.deliver(well, 1).seconds)
            _follow(scene, origins)
            took["well"].append(_post_s(scene, HOSTS))
            _follow(scene, [*origins[2 * BAD :], *_in_trouble(scene, names)])
            took["troubled"].append(_post_s(scene, HOSTS - 2 * BAD))
            scene.dispatcher.ask(do="forget")
        waits = [_writers_s(scene, origins) for _ in range(stage.rounds)] if WRITERS in rows else []
    if MANY in rows:
        yield _ratio(MANY, took["well"], took["by hand"])
    if TROUBLED in rows:
        yield _ratio(TROUBLED, took["troubled"], took["well"])
    if WRITERS in rows:
        beside, alone = (_p99_ms([one for found in waits for one in found[when]]) for when in _WHEN)
        yield figure_of(WRITERS, beside, alone)


def _ratio(row: Row, values: Sequence[float], floors: Sequence[float]) -> Figure:
    ratios = [value / floor for value, floor in zip(values, floors, strict=True)]
    return figure_of(row, median(values), median(floors), median(ratios))


def _in_trouble(scene: Scene, names: Sequence[str]) -> list[str]:
    dead, silent = scene.troubled_ports
    return [f"http://{name}:{dead if place % 2 else silent}" for place, name in enumerate(names)]


def _follow(scene: Scene, origins: Sequence[str], *, shared: bool = True) -> None:
    """All follow from these hosts, as many from each."""
    inboxes = [
        [f"{origin}/users/{number}/inbox", f"{origin}/inbox" if shared else ""]
        for number in range(FOLLOWERS // len(origins))
        for origin in origins
    ]
    scene.dispatcher.ask(do="follow", inboxes=inboxes)


def _post_s(scene: Scene, healthy: int) -> float:
    """Say something; the seconds until so many have it. Raises: RuntimeError where more have it."""
    before = scene.sink.ask(do="count")
    said = scene.dispatcher.ask(do="post")
    _wait_for(scene, said["number"], healthy)
    seconds = time.time() - said["began_at"]
    arrived = scene.sink.ask(do="count") - before
    if arrived != healthy:
        raise RuntimeError(f"a post to {healthy} hosts that are well arrived {arrived} times")
    return float(seconds)


def _wait_for(scene: Scene, number: int, delivered: int) -> None:
    with closing(sqlite3.connect(f"file:{scene.database}?mode=ro", uri=True)) as store:
        counted = "SELECT count(*) FROM delivery WHERE fan_out = ? AND state = 'delivered'"
        wait_until(
            lambda: store.execute(counted, (number,)).fetchone()[0] >= delivered,
            seconds=180,
            what="a post to arrive",
        )


def _writers_s(scene: Scene, origins: Sequence[str]) -> Mapping[str, Sequence[float]]:
    """What small writes took while a post was spread to inboxes that nobody shares, and afterwards."""
    _follow(scene, origins, shared=False)
    scene.dispatcher.ask(do="post")
    took: Mapping[str, Sequence[float]] = scene.dispatcher.ask(do="write_beside")
    scene.dispatcher.ask(do="forget")
    return took


def _p99_ms(seconds: Sequence[float]) -> float:
    return sorted(seconds)[len(seconds) * 99 // 100] * 1000
