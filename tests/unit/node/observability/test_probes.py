"""What strangers may ask of a node's health, and how its answers are counted."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette

from federation.client import AsgiEngine
from federation.messages import HttpMessage
from node.observability.metrics import Metrics
from node.observability.probes import Measured, health_routes

pytestmark = pytest.mark.anyio


class Parts:
    """A health of which the failing parts are told."""

    def __init__(self, *failing: str) -> None:
        self.names = list(failing)
        self.asked = 0

    async def failing(self) -> list[str]:
        self.asked += 1
        return self.names


async def ask(health: Any, path: str, method: str = "GET") -> tuple[HttpMessage, Metrics]:
    metrics = Metrics("1")
    app = Measured(Starlette(routes=health_routes(health)), metrics)
    request = HttpMessage.request(method, f"https://v.example{path}")
    return await AsgiEngine({"v.example": app}).exchange(request, total_s=5, max_bytes=10_000), metrics


async def test_process_that_answers_is_alive_whatever_ails_it() -> None:
    health = Parts("store", "worker")
    answered, _ = await ask(health, "/livez")
    assert (answered.status, answered.body, health.asked) == (200, b"ok\n", 0)


async def test_node_that_is_well_is_ready() -> None:
    answered, _ = await ask(Parts(), "/readyz")
    assert (answered.status, answered.body) == (200, b"ok\n")
    assert answered.header("cache-control") == "no-store"


async def test_strangers_hear_that_it_is_not_ready_but_not_why() -> None:
    answered, _ = await ask(Parts("store"), "/readyz")
    assert answered.status == 503
    assert answered.header("retry-after") == "10"
    assert b"store" not in answered.body


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_health_is_for_reading(path: str) -> None:
    answered, _ = await ask(Parts(), path, "POST")
    assert (answered.status, answered.header("allow")) == (405, "GET, HEAD")
    answered, _ = await ask(Parts(), path, "HEAD")
    assert (answered.status, answered.body) == (200, b"")


async def test_answers_are_counted_by_kind_and_status() -> None:
    for method, path, counted in (
        ("GET", "/livez", ("read", "200")),
        ("POST", "/livez", ("inbox", "405")),
        ("GET", "/none", ("read", "404")),
    ):
        _, metrics = await ask(Parts(), path, method)
        assert metrics.answers.counts == {counted: 1}
        spreads = (metrics.inbox_seconds, metrics.read_seconds)
        assert [sum(spread.counts) for spread in spreads] == [method == "POST", method == "GET"]
