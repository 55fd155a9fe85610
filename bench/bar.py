"""The short measurement: the hub beside the hand-written endpoint, compared with the ratios kept in ``bar.json``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.cases import cases
from bench.machine import machine
from bench.request_costs import data_set, run

FILE = Path(__file__).with_name("bar.json")
WORSE = 1.25
"""How many times the ratio may be what it is in the file."""
ROUNDS, SECONDS, CONNECTIONS = 5, 1.2, 16


async def ratios(folder: Path) -> dict[str, float]:
    """Return for each query the CPU time of the hub and its database, as a multiple of the hand-written endpoint's."""
    async with data_set(folder, short=True) as data:
        found = await run(
            data,
            ("hub", "hand-written"),
            cases(dict(data.viewers), ("officer",)),
            rounds=ROUNDS,
            seconds=SECONDS,
            connections=(CONNECTIONS,),
        )
    return {case: of_case["hub"]["cpu_ratio"]["median"] for case, of_case in found.items()}


def keep(found: dict[str, float]) -> None:
    """Make these ratios the ones that later ones are compared with."""
    FILE.write_text(json.dumps({"measured_on": machine(), "ratios": found}, indent=2) + "\n")


def check(found: dict[str, float]) -> list[str]:
    """Return a sentence for each ratio that is worse by more than a quarter."""
    kept: dict[str, float] = json.loads(FILE.read_text())["ratios"]
    for case, ratio in found.items():
        sys.stdout.write(
            f"{case}: {ratio:.2f} times the CPU time of the hand-written endpoint; kept: {kept[case]:.2f}\n"
        )
    return [
        f"{case}: the ratio is {ratio:.2f}, more than {WORSE} times {kept[case]:.2f}. Find out why; if it must be so,"
        " run `python -m bench --set-bar`."
        for case, ratio in found.items()
        if ratio > WORSE * kept[case]
    ]
