"""What every test stands on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.needs import need_command

__all__ = ["anyio_backend", "require"]

BROWSER_TESTS = Path(__file__).parent / "browser"

# Nothing here is judged by the clock: a busy machine must not fail a property that holds.
settings.register_profile(
    "unhurried",
    settings.get_profile("ci" if "CI" in os.environ else "default"),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those with a browser come last: its driver keeps a loop in this thread, and no other runs beside it."""
    items.sort(key=lambda item: BROWSER_TESTS in item.path.parents)


@pytest.fixture
def anyio_backend() -> str:
    """Async tests (`@pytest.mark.anyio`) run on asyncio, the loop that the node runs on."""
    return "asyncio"


@pytest.fixture
def require() -> Callable[..., str]:
    """`require("caddy")`: the command's path, else this test is skipped, or fails (see `tests.needs`)."""
    return need_command
