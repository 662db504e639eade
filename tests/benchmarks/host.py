"""A node in a process of its own, as `obverse serve` runs it, but for what its arguments say.

`python -m tests.benchmarks.host DATA` serves. `--no-processing` keeps the worker from what came in, and
`--no-delivering` from what is to go out, so that one stage can be measured alone; `--profile FILE` writes a
profile of each thread when it ends. The bounds on what one sender may send are raised: the load comes from
one machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio

import node.runtime.serve
from federation.worker import WorkerSettings
from node.commands import build_commands
from node.config import Config, load_config
from node.container import OpenNode, open_node
from node.observability.logs import configure_logs
from tests.benchmarks.limits import unhurried
from tests.benchmarks.machine import end_with_parent, profiled

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
    changes: dict[str, int] = {"processed_at_once": 0} if options.no_processing else {}
    if options.no_delivering:
        changes |= {"delivered_at_once": 0, "slow_at_once": 0}
    setattr(node.runtime.serve, "open_node", _opening(changes))  # noqa: B010 (mypy takes the name for the module's own)

    def serve() -> None:
        anyio.run(
            lambda: node.runtime.serve.serve(
                config, build_commands(), ready=lambda text: print(1, flush=True)
            ),
            backend_options={"use_uvloop": True},
        )

    profiled(serve, options.profile)


def _opening(changes: dict[str, int]) -> Callable[..., AbstractAsyncContextManager[OpenNode]]:
    """`open_node` with some bounds of its worker changed."""

    def opened(
        config: Config, *, settings: WorkerSettings | None = None, **others: Any
    ) -> AbstractAsyncContextManager[OpenNode]:
        bounds = replace(settings or WorkerSettings(), **changes)
        return open_node(config, settings=bounds, **others)

    return opened


if __name__ == "__main__":
    main()
