"""`python -m tests.fuzz --seconds N`: worse and worse input for everything that reads strangers' bytes.

`--target NAME` (more than once) picks what is fuzzed, `--seed S` what is tried (by default always the same),
`--replay FILE` judges one kept input again. Ends with 1 where something was found.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import traceback
from pathlib import Path

from tests.fuzz.everything import TARGETS
from tests.fuzz.running import Runner, replay

BUILD = Path(__file__).parents[2] / "build" / "fuzz"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), default=[])
    parser.add_argument("--replay", type=Path, metavar="FILE", help="its folder is named after the target")
    asked = parser.parse_args()
    logging.getLogger("obverse").setLevel(logging.WARNING)
    logging.getLogger("obverse").propagate = False
    if asked.replay is not None:
        return _replay(asked.replay)
    targets = [TARGETS[name] for name in asked.target or TARGETS]
    runner = Runner(asked.seed, BUILD, lambda line: print(line, flush=True))
    results = asyncio.run(runner.run(targets, asked.seconds))
    found = sum(len(result.findings) for result in results)
    print(f"{sum(result.inputs for result in results):,} inputs with seed {asked.seed}; {found} findings")
    return 1 if found else 0


def _replay(path: Path) -> int:
    try:
        asyncio.run(replay(TARGETS[path.resolve().parent.name], path.read_bytes()))
    except Exception:
        traceback.print_exc()
        return 1
    print("nothing wrong")
    return 0


if __name__ == "__main__":
    sys.exit(main())
