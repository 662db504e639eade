"""X26: structure-aware fuzzing, a short pass of what `python -m tests.fuzz` does for as long as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.everything import TARGETS
from tests.fuzz.running import Runner, replay
from tests.fuzz.targets import Finding, Target, plain

BRIEF = {"inbox": 4.0, "lines": 1.5}
"""Seconds; the others get a third of one each."""


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
async def test_x26_no_input_shows_a_fault(target: Target, tmp_path: Path) -> None:
    said: list[str] = []
    (result,) = await Runner(26, tmp_path, said.append).run([target], BRIEF.get(target.name, 0.3))
    assert result.inputs > 0
    assert not result.findings, "\n".join(
        [*said, *(p.with_suffix(".txt").read_text() for p in result.findings)]
    )


@pytest.mark.anyio
async def test_a_fault_is_kept_in_a_file_and_shows_itself_again(tmp_path: Path) -> None:
    def judge(data: bytes) -> None:
        if data == b"bad":
            raise RuntimeError("a fault")

    said: list[str] = []
    target = plain("frail", lambda rng: rng.choice((b"good", b"bad")), judge)
    (result,) = await Runner(1, tmp_path, said.append).run([target], 30)
    assert len(result.findings) == 5, "it ends when there is enough to look at"
    assert result.findings[0].read_bytes() == b"bad"
    assert f"--replay {result.findings[0]}" in said[1]
    with pytest.raises(RuntimeError, match="a fault"):
        await replay(target, result.findings[0].read_bytes())


@pytest.mark.anyio
async def test_an_input_that_takes_too_long_is_a_fault(tmp_path: Path) -> None:
    def judge(data: bytes) -> None:
        sum(range(3_000_000))

    target = plain("slow", lambda rng: b"", judge)
    slow = Target("slow", target.make, target.opened, most_s=0.001)
    (result,) = await Runner(1, tmp_path, lambda line: None).run([slow], 30)
    assert "of the processor" in result.findings[0].with_suffix(".txt").read_text()
    with pytest.raises(Finding, match="of the processor"):
        await replay(slow, b"")
