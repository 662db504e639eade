"""A node in a process of its own, as `obverse serve` runs it, but for what its arguments say.

`python -m tests.benchmarks.host DATA` serves. `--no-processing` keeps the worker from what came in, and
`--no-delivering` from what is to go out, so that one stage can be measured alone; `--profile FILE` writes a
profile of each thread when it ends. The bounds on what one sender may send are raised: the load comes from
one machine.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio

import node.serve
from federation.worker import WorkerSettings
from node.commands import build_commands
from node.config import load_config
from node.container import open_node
from node.logs import configure_logs
from tests.benchmarks.limits import unhurried
from tests.benchmarks.machine import end_with_parent, profile_threads, profiled

__all__: list[str] = []


def main() -> None:
    """Serve a node until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--no-processing", action="store_true")
    parser.add_argument("--no-delivering", action="store_true")
    parser.add_argument("--profile", type=Path)
    options = parser.parse_args()
    end_with_parent()
    config = load_config(options.data)
    config = replace(config, limits=unhurried(config.limits))
    configure_logs()
    settings = WorkerSettings()
    if options.no_processing:
        settings = replace(settings, processed_at_once=0)
    if options.no_delivering:
        settings = replace(settings, delivered_at_once=0)
    node.serve.open_node = partial(open_node, settings=settings)  # type: ignore[attr-defined]
    if options.profile is not None:
        profile_threads(options.profile)

    def serve() -> None:
        anyio.run(
            lambda: node.serve.serve(config, build_commands(), ready=lambda text: print(1, flush=True)),
            backend_options={"use_uvloop": True},
        )

    profiled(serve, options.profile, "loop")


if __name__ == "__main__":
    main()
