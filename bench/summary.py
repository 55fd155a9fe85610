"""Medians and spreads of rounds, and ratios to the hand-written endpoint of the same round."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from bench.rounds import Measured

BASE = "hand-written"
DIGITS = {"per_second": 1, "p50_ms": 2, "p95_ms": 2, "resident_mib": 1, "bytes": 0}


def summaries(found: Mapping[str, Mapping[str, Sequence[Measured]]]) -> dict[str, Any]:
    """Return for each case and contender the medians of the rounds, and the ratios."""
    return {
        case: {name: _summary(rounds, of_case[BASE]) for name, rounds in of_case.items()}
        for case, of_case in found.items()
    }


def _summary(rounds: Sequence[Measured], base: Sequence[Measured]) -> dict[str, Any]:
    medians = {key: round(statistics.median(one[key] for one in rounds), DIGITS.get(key, 3)) for key in rounds[0]}
    return {
        **medians,
        "requests_ratio": spread([one["per_second"] / other["per_second"] for one, other in _pairs(rounds, base)]),
        "server_cpu_ratio": spread(
            [one["server_cpu_ms"] / other["server_cpu_ms"] for one, other in _pairs(rounds, base)]
        ),
        "postgres_cpu_ratio": spread(
            [one["postgres_cpu_ms"] / max(other["postgres_cpu_ms"], 0.01) for one, other in _pairs(rounds, base)]
        ),
        "cpu_ratio": spread([cpu_ms(one) / cpu_ms(other) for one, other in _pairs(rounds, base)]),
    }


def cpu_ms(one: Measured) -> float:
    """Return the CPU milliseconds of a request, of server and PostgreSQL together."""
    return one["server_cpu_ms"] + one["postgres_cpu_ms"]


def spread(ratios: Sequence[float]) -> dict[str, float]:
    """Return the median of ratios, with the least and the greatest."""
    return {
        "median": round(statistics.median(ratios), 3),
        "least": round(min(ratios), 3),
        "greatest": round(max(ratios), 3),
    }


def _pairs(rounds: Sequence[Measured], base: Sequence[Measured]) -> list[tuple[Measured, Measured]]:
    return list(zip(rounds, base, strict=True))
