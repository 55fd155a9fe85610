"""The network faults that are tried: each fault in requests, and in responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.faults.proxy import NONE, Fault

FAULTS = {
    "latency": Fault(latency=0.03),
    "jitter": Fault(latency=0.002, jitter=0.06),
    "slow close": Fault(slow_close=0.5),
    "reset before anything": Fault(cut=0, reset=True),
    "reset in the middle": Fault(cut=400, reset=True),
    "time-out": Fault(swallow=0),
    "time-out in the middle": Fault(swallow=400),
    "cut in the head": Fault(cut=60),
    "cut in the body": Fault(cut=900),
    "slices": Fault(slice=11),
    "bandwidth": Fault(rate=30_000, slice=500),
}


class Cell(NamedTuple):
    """One fault in one direction of the bytes."""

    fault: str
    side: str

    @property
    def up(self) -> Fault:
        """The fault of requests."""
        return FAULTS[self.fault] if self.side == "up" else NONE

    @property
    def down(self) -> Fault:
        """The fault of responses."""
        return FAULTS[self.fault] if self.side == "down" else NONE


def cells() -> Iterator[Cell]:
    """Every fault on each side."""
    for fault in FAULTS:
        yield Cell(fault, "up")
        yield Cell(fault, "down")
