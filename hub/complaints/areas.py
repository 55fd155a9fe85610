"""The 35 regencies and cities of Central Java (Kemendagri codes, contract reference-data#areas).

Four names occur twice, as a regency and as a city, so a name alone does not identify an area.
"""

from __future__ import annotations

from dataclasses import dataclass

_REGENCIES = (
    "Cilacap Banyumas Purbalingga Banjarnegara Kebumen Purworejo Wonosobo Magelang Boyolali Klaten Sukoharjo "
    "Wonogiri Karanganyar Sragen Grobogan Blora Rembang Pati Kudus Jepara Demak Semarang Temanggung Kendal Batang "
    "Pekalongan Pemalang Tegal Brebes"
).split()
_CITIES = "Magelang Surakarta Salatiga Semarang Pekalongan Tegal".split()


@dataclass(frozen=True, slots=True)
class Area:
    """A regency (``REGENCY``) or city (``CITY``); ``code`` is dotted, as in ``33.74``."""

    code: str
    type: str
    short: str

    @property
    def name(self) -> str:
        """The full Indonesian name, with its type."""
        return f"{'Kabupaten' if self.type == 'REGENCY' else 'Kota'} {self.short}"

    @property
    def name_en(self) -> str:
        """The full English name, with its type."""
        return f"{self.short} {'Regency' if self.type == 'REGENCY' else 'City'}"


AREAS: tuple[Area, ...] = tuple(
    [Area(f"33.{number:02}", "REGENCY", name) for number, name in enumerate(_REGENCIES, 1)]
    + [Area(f"33.{number}", "CITY", name) for number, name in enumerate(_CITIES, 71)]
)
BY_CODE = {area.code: area for area in AREAS}
