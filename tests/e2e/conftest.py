"""Ports for real processes, taken where neither the system nor another test process takes theirs."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

import pytest

__all__ = ["free_rows", "ports"]

LOWEST, HIGHEST, STEP = 20_000, 32_000, 16
ROWS_EACH = 8
"""So many rows stand between two test processes that run side by side."""


@pytest.fixture
def ports() -> Callable[[int], list[int]]:
    """Makes lists of so many neighbouring ports of 127.0.0.1 that are free just now."""
    rows = free_rows()

    def take(count: int) -> list[int]:
        assert count <= STEP
        return next(rows)[:count]

    return take


def free_rows() -> Iterator[list[int]]:
    """Rows of STEP ports that are free just now; each test process begins somewhere else."""
    for first in range(LOWEST + os.getpid() * ROWS_EACH * STEP % (HIGHEST - LOWEST), HIGHEST, STEP):
        row = list(range(first, first + STEP))
        if all(_is_free(port) for port in row):
            yield row
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
