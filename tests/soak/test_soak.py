"""A soak of one minute, with its kills and pauses close together: what the long one holds, in short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.soak.plan import Plan
from tests.soak.report import as_json
from tests.soak.soaking import soak

pytestmark = [pytest.mark.slow, pytest.mark.processes]


def test_soak_of_a_minute_finds_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(minutes=1, seed=20261127, rate=15, kill_every_s=(6, 12), pause_s=(0.5, 3), long_pause_s=8)
    told: list[str] = []
    say: Callable[[str], None] = told.append
    result = soak(tmp_path, plan, say=say)
    found = as_json(result)
    with capsys.disabled():
        print(f"\n{told[-1]}")
    assert result.verdicts == {name: [] for name in result.verdicts}, f"seed {plan.seed}: {result.verdicts}"
    # It was a soak: much was said by both sides, and each kind of harm was done.
    assert found["strangers"]["acknowledged"] > 300
    assert found["deals_carried_to_their_end"] > 20
    assert sum(found["kills"].values()) >= 3
    assert found["pauses"] >= 1
    assert found["resets"] >= 5
    assert found["drips"] >= 5
