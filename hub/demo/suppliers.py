"""The invented suppliers of the online shops; most of them are registered businesses too (``hub.demo.businesses``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from hub.complaints.areas import BY_CODE
from hub.demo.dice import SEED, Dice

MARKETPLACES = ("GratisOngkir", "mbiz market", "Tisera")
_SHARES = (4, 4, 2)
_TOWNS = {
    "33.74": 9,
    "33.72": 5,
    "33.02": 4,
    "33.19": 3,
    "33.71": 3,
    "33.10": 3,
    "33.75": 2,
    "33.01": 2,
    "33.18": 2,
}
"""Areas of the suppliers, with weights."""
_FORMS = ("PT", "UD", "Toko", "Warung", "CV", "Koperasi")
_FIRST = ("Randu", "Telaga", "Sekar", "Watu", "Kembang", "Pring", "Gending", "Lumbung", "Pawon", "Kali")
_SECOND = ("Wingit", "Sumunar", "Kencono", "Rahayu", "Tinulis", "Sembada", "Lestantun", "Prasaja")
UNREGISTERED = "Koperasi"
"""Suppliers of this form have no NIB in the demo: some orders lead to no business."""


@dataclass(frozen=True, slots=True)
class Supplier:
    """One supplier in one online shop."""

    name: str
    marketplace: str
    area_code: str

    @property
    def form(self) -> str:
        """The first word of the name, such as ``CV``."""
        return self.name.partition(" ")[0]

    @property
    def town(self) -> str:
        """The area as the shops write it, such as ``Kab. Klaten``."""
        area = BY_CODE[self.area_code]
        return f"{'Kab.' if area.type == 'REGENCY' else 'Kota'} {area.short}"


@cache
def suppliers(seed: int = SEED) -> tuple[Supplier, ...]:
    """Return all suppliers, each in one shop and one town."""
    rng = Dice(f"{seed} suppliers")
    names = [f"{first} {second}" for first in _FIRST for second in _SECOND]
    return tuple(
        Supplier(
            f"{_FORMS[place % len(_FORMS)]} {name}",
            rng.choices(MARKETPLACES, _SHARES)[0],
            rng.choices(list(_TOWNS), list(_TOWNS.values()))[0],
        )
        for place, name in enumerate(names)
    )


@cache
def registered_suppliers(seed: int = SEED) -> tuple[Supplier, ...]:
    """Return the suppliers that have a NIB, in order."""
    return tuple(supplier for supplier in suppliers(seed) if supplier.form != UNREGISTERED)
