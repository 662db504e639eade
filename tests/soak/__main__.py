"""`python -m tests.soak --minutes N`: load, kills, pauses, a bad network, a checker; exit 1 for a fault."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import SystemRandom

from rich.console import Console

from tests.soak.plan import Plan
from tests.soak.report import as_json, table_of
from tests.soak.soaking import soak

REPORT = Path("build") / "soak.json"


def _plan() -> tuple[Plan, Path | None]:
    words = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    words.add_argument("--minutes", type=float, default=5.0)
    words.add_argument("--seed", type=int, help="guides every hand; printed, drawn by lot where not given")
    words.add_argument("--rate", type=float, default=20.0, help="messages a second from either side")
    words.add_argument("--kill-every", type=float, nargs=2, default=(30.0, 120.0), metavar=("FROM", "TO"))
    words.add_argument("--keep", type=Path, help="keep data, logs and journal in this new directory")
    given = words.parse_args()
    plan = Plan(
        minutes=given.minutes,
        seed=SystemRandom().randrange(10**9) if given.seed is None else given.seed,
        rate=given.rate,
        kill_every_s=tuple(given.kill_every),
    )
    return plan, given.keep


def main() -> int:
    """Soak, show, write the report."""
    plan, keep = _plan()
    # Another user of this machine sees nothing of it, and a sync is a sync: on a disk, not in memory.
    root = keep or Path(tempfile.mkdtemp(prefix="obverse-soak-", dir=Path.cwd() / "build"))
    root.mkdir(parents=True, exist_ok=True)
    print(f"{plan.minutes:g} minutes at {plan.rate:g} a second from either side, seed {plan.seed}, in {root}")
    result = soak(root, plan, say=lambda line: print(f"{time.strftime('%H:%M:%S')} {line}", flush=True))
    found = as_json(result)
    for table in table_of(found):
        Console(width=max(100, Console().width)).print(table)
    REPORT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"Written to {REPORT}.")
    if result.holds and keep is None:
        shutil.rmtree(root)
    else:
        print(f"Data, logs and journal are in {root}.")
    return 0 if result.holds else 1


if __name__ == "__main__":
    Path("build").mkdir(exist_ok=True)
    sys.exit(main())
