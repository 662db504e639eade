"""The examinations that owners have begun on their pages: each goes on by itself, and the last one is kept.

In memory only: what was seen of a server an hour ago says little, and can be seen anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from federation.rates import Buckets
from node.examination.findings import Finding

__all__ = ["Examination", "Examinations", "TooSoon"]

LOG = logging.getLogger("obverse")

_AT_ONCE = 4
_REMEMBERED = 100
_BURST, _PER_MINUTE = 6, 2.0
"""An owner may look so often at once, then so often a minute: whoever is looked at has done nothing."""


class TooSoon(Exception):
    """One runs already, or there were many just now; `wait_s` says when it may be tried again."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"wait {wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass(slots=True)
class Examination:
    """One look: `examined` is the handle or address; `is_over` once it has come to its end."""

    examined: str
    began_at: datetime
    findings: list[Finding] = field(default_factory=list)
    is_over: bool = False
    is_cut_off: bool = False
    """A fault of ours ended it."""


class Examinations:
    """By account, the last one each."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, Examination] = OrderedDict()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._rate = Buckets(per_second=_PER_MINUTE / 60, burst=_BURST)

    def of(self, account: str) -> Examination | None:
        """The last one of an account since the node was started, None for none."""
        return self._last.get(account)

    def begin(
        self,
        account: str,
        examined: str,
        findings: AsyncIterator[Finding],
        *,
        now: datetime,
        happened: Callable[[], None],
    ) -> None:
        """Let one run; `happened` is called whenever it has found something, and at its end.

        Raises: TooSoon.
        """
        wait_s = self._rate.wait_s(account, now.timestamp())
        self._running = {name: task for name, task in self._running.items() if not task.done()}
        if account in self._running or len(self._running) >= _AT_ONCE:
            wait_s = max(wait_s, 20.0)
        if wait_s > 0:
            raise TooSoon(wait_s)
        self._rate.spend(account, now.timestamp())
        examination = self._last[account] = Examination(examined, now)
        self._last.move_to_end(account)
        if len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)
        run = _run(examination, findings, happened)
        self._running[account] = asyncio.get_running_loop().create_task(run)

    async def aclose(self) -> None:
        """End those that run."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        for task in running:
            with suppress(asyncio.CancelledError):
                await task


async def _run(
    examination: Examination, findings: AsyncIterator[Finding], happened: Callable[[], None]
) -> None:
    try:
        async for finding in findings:
            examination.findings.append(finding)
            happened()
    except Exception:  # what another server says must never end more than this one look
        LOG.exception("an examination failed")
        examination.is_cut_off = True
    finally:
        examination.is_over = True
        happened()
