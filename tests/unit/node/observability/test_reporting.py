"""What happens in a node is counted, and told in lines that say nothing of what is in a message."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from federation.errors import FetchFailed, KeyUnknown, NotFound
from federation.messages import HttpMessage, Limits
from federation.ports import DeliveryOutcome, Outcome
from federation.receipts import Receipt, Reception
from node.observability.metrics import Metrics
from node.observability.reporting import CountingFetcher, Reports, watch_loop
from node.store.ports import StoreRefused

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIGNED = HttpMessage.request(
    "POST",
    "https://v.example/inbox",
    {"signature": 'keyId="https://M.example:8443/actors/m#main-key",signature="c2VjcmV0"'},
    b"a private body",
)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("1")


@pytest.fixture
def reports(metrics: Metrics) -> Reports:
    return Reports(metrics)


def test_refused_message_is_counted_by_its_reason_and_told_once(
    reports: Reports, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reports.judged(SIGNED, Receipt(401, Reception.REFUSED, KeyUnknown("a private detail")))
    assert metrics.inbox.counts == {("refused", "KeyUnknown"): 1}
    (line,) = caplog.records
    assert (line.getMessage(), line.reason, line.status, line.claimed_host) == (  # type: ignore[attr-defined]
        "refused a message",
        "KeyUnknown",
        401,
        "m.example:8443",
    )


def test_taken_message_is_told_to_those_who_look_closely(
    reports: Reports, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reports.judged(SIGNED, Receipt(202, Reception.ACCEPTED))
    assert caplog.records == []
    caplog.set_level(logging.DEBUG)
    reports.judged(SIGNED, Receipt(202, Reception.DUPLICATE))
    assert [record.getMessage() for record in caplog.records] == ["took a message: duplicate"]
    assert metrics.inbox.counts == {("accepted", ""): 1, ("duplicate", ""): 1}


def test_nothing_is_told_where_nobody_listens(reports: Reports, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "obverse")
    reports.judged(SIGNED, Receipt(401, Reception.REFUSED, KeyUnknown("x")))
    assert caplog.records == []


@pytest.mark.parametrize(
    "claim", ["", 'keyId="acct:m@m.example"', 'keyId="https://m.example' + "x" * 300 + '/"', "nonsense"]
)
def test_odd_claims_name_no_host(reports: Reports, claim: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    message = HttpMessage.request("POST", "https://v.example/inbox", {"signature": claim})
    reports.judged(message, Receipt(401, Reception.REFUSED, KeyUnknown("x")))
    assert caplog.records[0].claimed_host == ""  # type: ignore[attr-defined]


def test_failures_are_counted_and_told_by_their_kind(
    reports: Reports, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    reports.failed("process", KeyUnknown("private"))
    reports.failed("process", FetchFailed("private", url="https://m.example/private"))
    reports.failed("process", ZeroDivisionError("private"))
    reports.failed("store", StoreRefused("told by the store itself"))
    assert metrics.failures.counts == {("process",): 3, ("store",): 1}
    said = [(record.getMessage(), record.exc_info is not None) for record in caplog.records]
    assert said == [("process refused", False), ("process refused", False), ("process failed", True)]


def test_deliveries_are_counted_by_how_they_end(reports: Reports, metrics: Metrics) -> None:
    ends = [
        DeliveryOutcome(Outcome.DELIVERED, "", 202),
        DeliveryOutcome(Outcome.RETRY, "", attempted=False),
        DeliveryOutcome(Outcome.DEAD, "", 410),
    ]

    async def deliver(job: Any) -> DeliveryOutcome:
        end: DeliveryOutcome = ends[job]
        return end

    async def story() -> list[DeliveryOutcome]:
        counted: Any = reports.delivering(deliver)
        return [await counted(number) for number in range(3)]

    assert anyio.run(story) == ends
    assert metrics.deliveries.counts == {("delivered",): 1, ("put off",): 1, ("dead",): 1}
    assert sum(metrics.delivery_seconds.counts) == 2


def test_look_ups_are_counted_by_how_they_end(metrics: Metrics) -> None:
    class Answering:
        async def send(self, message: HttpMessage, **bounds: Any) -> HttpMessage:
            found = message.url.endswith("/found")
            headers = (("content-type", "application/json"),)
            return HttpMessage(url=message.url, status=200 if found else 404, headers=headers, body=b"{}")

    never: Any = None
    fetcher = CountingFetcher(metrics, Answering(), lambda: None, never, lambda: NOW, Limits())  # type: ignore[arg-type]

    async def story() -> None:
        await fetcher.fetch_json("https://m.example/found", "application/json")
        for url in ("https://m.example/a", "https://m.example/b"):
            with pytest.raises(NotFound):
                await fetcher.fetch_json(url, "application/json")
            with pytest.raises(NotFound):
                await fetcher.fetch(url)

    anyio.run(story)
    assert metrics.look_ups.counts == {("found",): 1, ("NotFound",): 4}


def test_event_loop_that_is_held_up_is_measured(metrics: Metrics) -> None:
    async def story() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: watch_loop(metrics, every_s=0.01))
            await asyncio.sleep(0.05)
            tasks.cancel_scope.cancel()

    anyio.run(story)
    assert sum(metrics.loop_lag.counts) >= 1
