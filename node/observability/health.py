"""Is this node well? Whether it answers at all is for `/livez` to show; this is for `/readyz`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import anyio

from node.store.ports import Database

__all__ = ["Health"]

WELL = "ok"
CHECK_S = 3.0
FRESH_S = 1.0
"""So long one finding is told again, so that whoever asks often costs no more than whoever asks now and
then."""

_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock before this was never set: small machines start in 1970 until a time server answers."""


class Health:
    """Looks at the parts that a node needs: the store, the worker, the clock.

    Shapes: `now` is the node's time; `clock_is_doubted` says whether the machine's clock has jumped.
            `check_s` bounds one look.
    """

    def __init__(
        self,
        db: Database,
        now: Callable[[], datetime],
        clock_is_doubted: Callable[[], bool],
        *,
        check_s: float = CHECK_S,
        fresh_s: float = FRESH_S,
    ) -> None:
        self._db = db
        self._now = now
        self._clock_is_doubted = clock_is_doubted
        self._check_s = check_s
        self._fresh_s = fresh_s
        self._lock = asyncio.Lock()
        self._found: dict[str, str] = {}
        self._found_at_s = float("-inf")
        self.is_working = False
        """Whether the worker runs; whoever runs it says so."""

    def now(self) -> datetime:
        """The node's time."""
        return self._now()

    async def check(self) -> dict[str, str]:
        """What was found of each part: "ok", or in a word or two what is wrong."""
        async with self._lock:
            loop = asyncio.get_running_loop()
            if loop.time() - self._found_at_s >= self._fresh_s:
                self._found = {
                    "store": await self._store(),
                    "worker": WELL if self.is_working else "not running",
                    "clock": self._clock(),
                }
                self._found_at_s = loop.time()
            return dict(self._found)

    async def failing(self) -> list[str]:
        """The names of the parts that are not well; none when the node is ready."""
        return [part for part, found in (await self.check()).items() if found != WELL]

    async def _store(self) -> str:
        """Ask its readers and its writing thread, not only whether they have complained."""
        if self._db.refusal is not None:
            return "read-only"
        try:
            with anyio.fail_after(self._check_s):
                await self._db.read(lambda tx: tx.meta.get("readable"))
                await self._write()
        except TimeoutError:
            return "does not answer"
        except Exception:
            return "disk full" if self._db.shortage is not None else "failing"
        return WELL

    async def _write(self) -> None:
        """Nothing is written while all is well; after a shortage something must be, to see whether it
        lasts."""
        at = self._now().isoformat()
        if self._db.shortage is None:
            await self._db.write(lambda tx: None)
        else:
            await self._db.write(lambda tx: tx.meta.set("writable", at))

    def _clock(self) -> str:
        if self._now() < _EARLIEST:
            return "not set"
        return "has jumped" if self._clock_is_doubted() else WELL
