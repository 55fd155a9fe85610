"""The heads and contacts of agencies in the demo: all invented, with mail under ``.example``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from hub.complaints.agencies import AGENCIES
from hub.demo.dice import SEED, Dice
from hub.demo.people import name

_TITLES = ("M.Si.", "M.M.", "S.H.", "S.E.", "M.T.", "M.Kes.")


@dataclass(frozen=True, slots=True)
class Office:
    """The head of one agency and its public contact."""

    agency_code: str
    head_name: str
    head_phone: str
    email: str
    phone: str


@cache
def directory(seed: int = SEED) -> dict[str, Office]:
    """Return an office for every agency, past ones too, by its code."""
    rng = Dice(f"{seed} directory")
    return {agency.code: _office(number, agency.code, rng) for number, agency in enumerate(AGENCIES, 1)}


def _office(number: int, code: str, rng: Dice) -> Office:
    return Office(
        agency_code=code,
        head_name=f"{name(rng)}, {rng.pick(_TITLES)}",
        head_phone=f"+62 819 0000 {number:04}",
        email=f"{code.lower()}@jatengprov.example",
        phone=f"+62 24 0000 {number:04}",
    )
