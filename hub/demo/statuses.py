"""The status of each complaint at the end of the year: exact sums, old ones mostly closed.

The groups are those that LaporGub published (contract reference-data#laporgub):

============== ======= =======================================
group          sum     statuses
============== ======= =======================================
selesai        14,983  CLOSED 14,301 · ANSWERED 682
verifikasi      4,927  RECEIVED 318 · VERIFIED 4,609
progres         1,895  ASSIGNED 485 · IN_PROGRESS 1,410
belum dijawab     257  RETURNED 257 (the reporter owes an answer)
tidak layak …     918  REJECTED 918
============== ======= =======================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from math import exp

from hub.complaints.enums import ComplaintStatus as Status
from hub.demo.dice import Dice

SUMS: dict[Status, int] = {
    Status.CLOSED: 14_301,
    Status.ANSWERED: 682,
    Status.RECEIVED: 318,
    Status.VERIFIED: 4_609,
    Status.ASSIGNED: 485,
    Status.IN_PROGRESS: 1_410,
    Status.RETURNED: 257,
    Status.REJECTED: 918,
}
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which complaints get a status: not younger than ``youngest`` days, with a weight that falls with ``fade`` days.

    All free complaints younger than ``all_below`` days get it, because no later rule may have them.
    """

    status: Status
    youngest: float
    fade: float
    all_below: float = 0.0


# The order matters: each rule draws from the complaints that are still free; the rest is closed.
_RULES = (
    _Rule(Status.RECEIVED, 0.0, 1.8, all_below=0.25),
    _Rule(Status.REJECTED, 0.5, 2_000.0),
    _Rule(Status.RETURNED, 0.5, 25.0),
    _Rule(Status.ASSIGNED, 1.0, 12.0),
    _Rule(Status.IN_PROGRESS, 1.5, 45.0),
    _Rule(Status.ANSWERED, 3.0, 20.0),
    _Rule(Status.VERIFIED, 0.25, 100.0, all_below=5.0),
)


def statuses(received: Sequence[datetime], now: datetime, rng: Dice) -> list[Status]:
    """Return the status of each complaint, in the order of ``received``; sums in the proportion of ``SUMS``."""
    ages = [(now - at) / timedelta(days=1) for at in received]
    sums = _scaled(len(ages))
    result = [Status.CLOSED] * len(ages)
    free = list(range(len(ages)))
    for rule in _RULES:
        taken = _take(rule, sums[rule.status], free, ages, rng)
        for index in taken:
            result[index] = rule.status
        free = [index for index in free if index not in taken]
    return result


def _take(rule: _Rule, count: int, free: list[int], ages: list[float], rng: Dice) -> set[int]:
    """Draw by weight without replacement: the smallest of ``-log(u) / weight`` win (Efraimidis and Spirakis)."""

    def draw(index: int) -> float:
        age = ages[index]
        if age < rule.all_below:
            return 0.0
        return rng.expovariate(1.0) / exp(-age / rule.fade)

    ranked = [(draw(index), index) for index in free if ages[index] >= rule.youngest]
    return {index for _, index in nsmallest(count, ranked)}


def _scaled(count: int) -> dict[Status, int]:
    """Return ``SUMS`` for a world of another size; rounding goes to the closed ones, which take what is left."""
    total = sum(SUMS.values())
    return {status: round(count * number / total) for status, number in SUMS.items()}
