"""What every test stands on."""

from __future__ import annotations

import pytest

__all__ = ["anyio_backend"]


@pytest.fixture
def anyio_backend() -> str:
    """Async tests (`@pytest.mark.anyio`) run on asyncio, the loop that the node runs on."""
    return "asyncio"
