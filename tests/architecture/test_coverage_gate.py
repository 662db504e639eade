"""The gate that `make test` ends with shuts when it must."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.coverage_gate import main, misses


def a_file(*, lines: list[int] | None = None, branches: list[list[int]] | None = None) -> dict[str, Any]:
    return {
        "summary": {"percent_covered": 100.0 if not (lines or branches) else 87.5},
        "missing_lines": lines or [],
        "missing_branches": branches or [],
    }


def a_report(overall: float = 95.0, files: dict[str, Any] | None = None) -> dict[str, Any]:
    whole = {
        "federation/ids.py": a_file(),
        "node/domain/deals.py": a_file(),
        "node/cli.py": a_file(lines=[9]),
    }
    return {"files": {**whole, **(files or {})}, "totals": {"percent_covered": overall}}


def test_gate_opens_when_the_toolkit_and_the_domain_are_covered_whole() -> None:
    assert misses(a_report()) == []


@pytest.mark.parametrize("name", ["federation/jcs.py", "node/domain/steps.py", "node\\domain\\steps.py"])
def test_gate_shuts_for_one_missing_branch_where_all_are_wanted(name: str) -> None:
    found = misses(a_report(files={name: a_file(branches=[[12, 15]])}))
    assert found == [f"{name.replace(chr(92), '/')}: 87.5 %, missing 12->15"]


def test_gate_names_a_few_places_of_a_module_that_nothing_touches() -> None:
    entry = a_file(lines=list(range(1, 21)), branches=[[3, 5], [30, -2]])
    (line,) = misses(a_report(files={"federation/jcs.py": entry}))
    assert line.endswith("missing 1 2 3 4 5 6 7 8 9 10 11 12 and 9 more")


def test_gate_shuts_below_the_overall_figure() -> None:
    assert misses(a_report(overall=89.9)) == ["over all: 89.9 %, wanted 90 %"]


def test_gate_shuts_when_a_part_was_not_measured() -> None:
    report = a_report()
    del report["files"]["node/domain/deals.py"]
    assert misses(report) == ["node/domain/: nothing was measured"]


def test_gate_ends_with_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "coverage.json"
    file.write_text(json.dumps(a_report()), encoding="utf-8")
    assert main([str(file)]) == 0
    file.write_text(json.dumps(a_report(overall=12.0)), encoding="utf-8")
    assert main([str(file)]) == 1
    assert "over all: 12.0 %" in capsys.readouterr().out
