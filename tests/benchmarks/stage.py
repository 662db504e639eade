"""One run of the benchmark: how much is measured, where its files lie, and the processes that take part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.config import Config
from tests.benchmarks.machine import Child, cores, running

__all__ = ["Stage", "check_statuses"]


@dataclass(frozen=True, slots=True)
class Stage:
    """What every row needs.

    Shapes: `directory` is on a disk, as a node's data would be. `profile` is where profiles are written;
            with it one round is measured, since the figures mean nothing then.
    """

    directory: Path
    quick: bool = False
    profile: Path | None = None

    @property
    def rounds(self) -> int:
        if self.profile is not None:
            return 1
        return 3 if self.quick else 5

    def amount(self, full: int, quick: int) -> int:
        """How many of something in one round."""
        return quick if self.quick else full

    @property
    def profiling(self) -> list[str]:
        """What a measured process is told, to write a profile."""
        return [] if self.profile is None else ["--profile", str(self.profile)]

    def log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    @contextmanager
    def load(self) -> Iterator[Child]:
        """The process that sends, on the core that is not measured."""
        with running("-m", "tests.benchmarks.load", core=cores()[1], log=self.log("load")) as child:
            yield child

    @contextmanager
    def pieces(self) -> Iterator[Child]:
        """The process that measures single pieces, on the core that is measured."""
        arguments = ("-m", "tests.benchmarks.floors", "pieces", str(self.directory))
        with running(*arguments, core=cores()[0], log=self.log("pieces")) as child:
            yield child

    @contextmanager
    def trivial_post(self) -> Iterator[int]:
        """A server that takes every POST and does nothing; its port."""
        arguments = ("-m", "tests.benchmarks.floors", "post")
        with running(*arguments, core=cores()[0], log=self.log("post")) as child:
            yield int(child.read())

    @contextmanager
    def node(self, config: Config, *flags: str, pinned: bool = True) -> Iterator[Child]:
        """A node that serves."""
        arguments = ["-m", "tests.benchmarks.host", str(config.data_dir), *flags, *self.profiling]
        core = cores()[0] if pinned else None
        with running(*arguments, core=core, log=self.log(config.data_dir.name)) as child:
            child.read()
            yield child


def check_statuses(answer: Any, count: int) -> None:
    """Everything must have been taken: a refused request is a fast one. Raises: RuntimeError."""
    if answer["statuses"] != {"202": count}:
        raise RuntimeError(f"not everything was answered with 202: {answer['statuses']}")
