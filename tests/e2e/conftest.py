"""Ports for real processes, taken where neither the system nor another test process takes theirs."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import pytest

__all__ = ["ports"]

LOWEST, HIGHEST, STEP = 20_000, 32_000, 16
ROWS_EACH = 8
"""So many rows stand between two test processes that run side by side."""


@pytest.fixture
def ports() -> Callable[[int], list[int]]:
    """Makes lists of so many neighbouring ports of 127.0.0.1 that are free just now."""
    rows = iter(range(LOWEST + os.getpid() * ROWS_EACH * STEP % (HIGHEST - LOWEST), HIGHEST, STEP))

    def take(count: int) -> list[int]:
        assert count <= STEP
        for first in rows:
            row = list(range(first, first + count))
            if all(_is_free(port) for port in row):
                return row
        raise AssertionError("no free ports")

    return take


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
