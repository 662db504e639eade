"""Looking until something has come true at a node: messages travel in their own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from node.demo.stage import POLL_S, Stage, StageFailed

__all__ = ["StepFailed", "await_sight"]

PATIENCE_S = 60.0
"""A delivery that fails is tried again after 15 s at the soonest."""
T = TypeVar("T")


class StepFailed(Exception):
    """What a step claims did not come true; says what was seen instead."""


def await_sight(stage: Stage, what: str, look: Callable[[], T | None]) -> T:
    """Look until there is something.

    Raises: StepFailed after a minute, StageFailed where a node has ended.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        ended = stage.ended()
        if ended is not None:
            raise StageFailed(f"{ended.name}'s node has ended by itself")
        if time.monotonic() > deadline:
            raise StepFailed(f"awaited for {PATIENCE_S:g} s in vain: {what}")
        time.sleep(POLL_S)
    return found
