"""What a target of the fuzzer is: something that makes inputs, and something that judges one.

An input is bytes, so that one that was found can be kept in a file and judged again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from random import Random

__all__ = ["Check", "Finding", "Target", "plain"]

Check = Callable[[bytes], Awaitable[None]]


class Finding(AssertionError):
    """Something does not hold that must; whatever else a judge raises is a finding as well."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to be fuzzed.

    Shapes: `make` gives an input; `opened` a judge, for as long as the context lasts, that raises where the
            input shows a fault. `share` is its part of the time, `most_s` the processor's time that one input
            may take. `many` inputs are judged by one judge before a fresh one takes over.
    """

    name: str
    make: Callable[[Random], bytes]
    opened: Callable[[], AbstractAsyncContextManager[Check]] = field(repr=False)
    share: int = 1
    most_s: float = 1.0
    many: int = 1_000_000


def plain(
    name: str, make: Callable[[Random], bytes], judge: Callable[[bytes], None], *, share: int = 1
) -> Target:
    """A target whose judge is a function without a world."""

    async def check(data: bytes) -> None:
        judge(data)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Check]:
        yield check

    return Target(name, make, opened, share)
