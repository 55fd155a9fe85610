"""Runs the measurements: ``python -m bench``, or with ``--short`` what continuous integration checks."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import bar, bearer, bulk, pull, request_costs, tables
from hub.runtime.embedded_postgres import embedded_postgres

WAKE = 0.3
"""Seconds of load before each measurement, which are not counted."""


def main() -> None:
    """Measure, and exit with 1 if ``--short`` finds that the hub got slower."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as name:
        folder = Path(name)
        if options.short or options.set_bar:
            sys.exit(asyncio.run(_short(folder, keep=options.set_bar)))
        asyncio.run(_full(folder, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the CPU ratio to the hand-written endpoint alone")
    parser.add_argument("--set-bar", action="store_true", help="as --short, and keep the ratios in bench/bar.json")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of each contender, case and round")
    parser.add_argument("--only", help="names of contenders, separated by commas")
    parser.add_argument("--requests", action="store_true", help="requests alone: no pull, tokens and bulk")
    return parser.parse_args()


async def _short(folder: Path, *, keep: bool) -> int:
    found = await bar.ratios(folder)
    if keep:
        bar.keep(found)
    problems = bar.check(found)
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


async def _full(folder: Path, options: argparse.Namespace) -> None:
    """Write the results and the tables; results that were not measured anew are kept."""
    names: Sequence[str] = options.only.split(",") if options.only else list(request_costs.CONTENDERS)
    results: dict[str, Any] = json.loads(tables.RESULTS.read_text())
    results["at"] = datetime.now(UTC).isoformat(timespec="seconds")
    plan = {"rounds": options.rounds, "seconds": options.seconds, "warm_up": options.seconds, "wake": WAKE}
    results |= await request_costs.full(folder, names, **plan)
    _write(results)
    if not options.requests:
        _write(results | await _others(folder))


def _write(results: dict[str, Any]) -> None:
    tables.RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    tables.write()


async def _others(folder: Path) -> dict[str, Any]:
    async with embedded_postgres(folder) as url:
        return {
            "first_pull": await pull.measure(url, folder),
            "bearer_check": await bearer.measure(url),
            "bulk": await bulk.measure(folder),
        }


if __name__ == "__main__":
    main()
