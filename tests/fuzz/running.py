"""Runs targets for a time; keeps what it finds, with the line that plays it again."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.targets import Check, Finding, Target

__all__ = ["Result", "Runner", "replay"]


@dataclass
class Result:
    """What became of one target."""

    name: str
    inputs: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    slowest: bytes = b""
    findings: list[Path] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.inputs / self.seconds if self.seconds else 0.0


@dataclass
class Runner:
    """Shapes: `build` is where inputs are kept that showed something; `say` takes lines for people."""

    seed: int
    build: Path
    say: Callable[[str], None]
    most_findings: int = 5

    async def run(self, targets: Sequence[Target], seconds: float) -> list[Result]:
        """Each target for its share of the time, one after the other."""
        shares = sum(target.share for target in targets)
        results = []
        for target in targets:
            results.append(await self._run(target, seconds * target.share / shares))
            self.say(_line(results[-1]))
        return results

    async def _run(self, target: Target, seconds: float) -> Result:
        result = Result(target.name)
        began = time.monotonic()
        numbers = self._numbers(result, began + seconds)
        while result.seconds == 0.0 or (result.seconds < seconds and not self._has_enough(result)):
            async with AsyncExitStack() as stack:
                check = await stack.enter_async_context(target.opened())
                for _, number in zip(range(target.many), numbers, strict=False):
                    data = target.make(Random(f"{self.seed}/{target.name}/{number}"))
                    await self._judge(target, check, data, result)
            result.seconds = time.monotonic() - began
        return result

    def _numbers(self, result: Result, end: float) -> Iterator[int]:
        while (result.inputs == 0 or time.monotonic() < end) and not self._has_enough(result):
            yield result.inputs

    def _has_enough(self, result: Result) -> bool:
        return len(result.findings) >= self.most_findings

    async def _judge(self, target: Target, check: Check, data: bytes, result: Result) -> None:
        began = time.process_time()
        result.inputs += 1
        try:
            await check(data)
        except Exception as error:  # whatever a judge did not expect is what is being looked for
            result.findings.append(self._keep(target, data, error))
        spent = time.process_time() - began
        if spent > result.slowest_s:
            result.slowest_s, result.slowest = spent, data
        if spent > target.most_s:
            slow = Finding(
                f"one input took {spent:.2f} s of the processor, {target.most_s:.2f} s are allowed"
            )
            result.findings.append(self._keep(target, data, slow))

    def _keep(self, target: Target, data: bytes, error: Exception) -> Path:
        directory = self.build / target.name
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{self.seed}-{len(list(directory.glob('*.input')))}.input"
        path.write_bytes(data)
        path.with_suffix(".txt").write_text("".join(traceback.format_exception(error)))
        self.say(f"{target.name}: {type(error).__name__}: {str(error)[:400]}")
        self.say(f"    again: python -m tests.fuzz --replay {path}")
        return path


def _line(result: Result) -> str:
    found = f"  {len(result.findings)} FOUND" if result.findings else ""
    return (
        f"{result.name:14} {result.inputs:9,} inputs  {result.per_second:9,.0f} a second"
        f"  slowest {1000 * result.slowest_s:8.1f} ms{found}"
    )


async def replay(target: Target, data: bytes) -> None:
    """Judge one input again; raises what it raised."""
    async with target.opened() as check:
        began = time.process_time()
        await check(data)
        spent = time.process_time() - began
        if spent > target.most_s:
            raise Finding(f"it took {spent:.2f} s of the processor, {target.most_s:.2f} s are allowed")
