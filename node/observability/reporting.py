"""What happens in a node, told twice: counted in its metrics, and as a line in its log.

Lines name the kind of a thing and, of other servers, the host; never what a message says.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable

from federation.client import Client
from federation.errors import FetchError, Refused
from federation.fetching import FetchBudget, FetchedDocument, Fetcher
from federation.keys import SigningKey
from federation.messages import HttpMessage, Limits
from federation.ports import Clock, DeliveryJob, DeliveryOutcome, HostMemory
from federation.receipts import Receipt, Reception
from node.observability.metrics import Metrics
from node.store.ports import StoreRefused

__all__ = ["CountingFetcher", "Reports", "watch_loop"]

LOG = logging.getLogger("obverse")

_KEY_HOST = re.compile(r'keyid="https?://([A-Za-z0-9.:\[\]-]{1,100})[/"#?]', re.IGNORECASE)
_LOOK_EVERY_S = 0.5


class Reports:
    """Takes in what the parts of a node report."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def judged(self, message: HttpMessage, receipt: Receipt) -> None:
        """A message came to an inbox, and ended like this."""
        reason = type(receipt.error).__name__ if receipt.error is not None else ""
        self._metrics.inbox.add(receipt.outcome.value, reason)
        if receipt.outcome in (Reception.REFUSED, Reception.CONFLICT):
            if LOG.isEnabledFor(logging.INFO):
                seen = {"reason": reason, "status": receipt.status, "claimed_host": _claimed_host(message)}
                LOG.info("refused a message", extra=seen)
        elif LOG.isEnabledFor(logging.DEBUG):
            LOG.debug(
                "took a message: %s", receipt.outcome.value, extra={"claimed_host": _claimed_host(message)}
            )

    def failed(self, what: str, error: BaseException) -> None:
        """Something failed here. The store tells of its own trouble, once; who meets it need not.

        What was refused, or did not come from another server, is no fault of ours: how it came about is told
        by its name, not by pages that a stranger could fill the log with.
        """
        self._metrics.failures.add(what)
        if isinstance(error, Refused | FetchError):
            LOG.warning("%s refused", what, extra={"reason": type(error).__name__})
        elif not isinstance(error, StoreRefused):
            LOG.error("%s failed", what, exc_info=error)

    def delivering(
        self, deliver: Callable[[DeliveryJob], Awaitable[DeliveryOutcome]]
    ) -> Callable[[DeliveryJob], Awaitable[DeliveryOutcome]]:
        """The same, counted; what was not attempted (a circuit is open) is no attempt."""

        async def counted(job: DeliveryJob) -> DeliveryOutcome:
            began = time.perf_counter()
            outcome = await deliver(job)
            self._metrics.deliveries.add(outcome.outcome.value if outcome.attempted else "put off")
            if outcome.attempted:
                self._metrics.delivery_seconds.add(time.perf_counter() - began)
            return outcome

        return counted


def _claimed_host(message: HttpMessage) -> str:
    """Whom the signature names, proven or not; "" where it names nobody in the usual way."""
    claim = message.header("signature-input") or message.header("signature") or ""
    found = _KEY_HOST.search(claim)
    return found[1].lower() if found else ""


class CountingFetcher(Fetcher):
    """Counts documents asked for, by how it ended."""

    def __init__(
        self,
        metrics: Metrics,
        client: Client,
        signer: Callable[[], SigningKey | None],
        hosts: HostMemory,
        clock: Clock,
        limits: Limits,
    ) -> None:
        super().__init__(client, signer, hosts, clock, limits)
        self._metrics = metrics

    async def fetch(
        self, url: str, *, budget: FetchBudget | None = None, signed: bool = True
    ) -> FetchedDocument:
        return await self._counted(super().fetch(url, budget=budget, signed=signed))

    async def fetch_json(
        self, url: str, accept: str, *, budget: FetchBudget | None = None
    ) -> FetchedDocument:
        return await self._counted(super().fetch_json(url, accept, budget=budget))

    async def _counted(self, fetching: Awaitable[FetchedDocument]) -> FetchedDocument:
        try:
            found = await fetching
        except FetchError as error:
            self._metrics.look_ups.add(type(error).__name__)
            raise
        self._metrics.look_ups.add("found")
        return found


async def watch_loop(metrics: Metrics, *, every_s: float = _LOOK_EVERY_S) -> None:
    """Measure how late the event loop runs, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        expected_s = loop.time() + every_s
        await asyncio.sleep(every_s)
        metrics.loop_lag.add(max(0.0, loop.time() - expected_s))
