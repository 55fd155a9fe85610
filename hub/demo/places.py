"""The places of complaints: areas by frequency, points, streets and villages, and the bus corridors."""

from __future__ import annotations

from dataclasses import dataclass

from hub.complaints.areas import AREAS
from hub.demo.dice import Dice


@dataclass(frozen=True, slots=True)
class Corridor:
    """One bus line: merchant and corridor as the payments name them, the areas it runs through, some of its stops."""

    merchant: str
    code: str
    route: str
    areas: tuple[str, ...]
    stops: tuple[str, ...]

    @property
    def bus(self) -> str:
        """The common name of the bus."""
        return "Trans Jateng" if self.merchant == "TRANSJATENG" else "Trans Semarang"


# Weight, latitude and longitude (degrees, roughly the middle) of the areas in the order of their codes.
_AREAS = (
    (5, -7.60, 108.95), (5, -7.45, 109.16), (3, -7.35, 109.40), (2, -7.36, 109.68), (3, -7.65, 109.62),
    (2, -7.70, 109.97), (2, -7.40, 109.92), (4, -7.50, 110.22), (3, -7.42, 110.70), (4, -7.69, 110.62),
    (3, -7.68, 110.83), (3, -7.90, 111.00), (3, -7.62, 111.00), (3, -7.40, 110.98), (4, -7.12, 110.93),
    (2, -7.08, 111.40), (2, -6.80, 111.45), (4, -6.75, 111.02), (3, -6.80, 110.86), (4, -6.58, 110.75),
    (4, -6.92, 110.64), (4, -7.22, 110.47), (2, -7.25, 110.12), (4, -7.02, 110.17), (2, -7.02, 109.87),
    (3, -7.05, 109.62), (4, -7.05, 109.40), (4, -7.03, 109.16), (5, -7.05, 108.93),
    (1, -7.48, 110.22), (4, -7.56, 110.82), (1, -7.33, 110.50), (13, -7.01, 110.42), (2, -6.89, 109.67),
    (2, -6.87, 109.13),
)  # fmt: skip
_CODES = [area.code for area in AREAS]
_WEIGHTS = [weight for weight, _, _ in _AREAS]
_MIDDLE = {code: (latitude, longitude) for code, (_, latitude, longitude) in zip(_CODES, _AREAS, strict=True)}

_STREETS = ("Jalan Pahlawan", "Jalan Diponegoro", "Jalan Gatot Subroto", "Jalan Raya Kebonagung", "Jalan Pemuda")
_VILLAGES = (
    "Desa Sidomulyo", "Desa Karangrejo", "Desa Sumberejo", "Desa Tegalsari", "Desa Wonosari", "Desa Kedungwaru",
    "Desa Mojorejo", "Desa Banjarsari", "Desa Kaliwungu", "Dusun Krajan", "Dusun Ngemplak",
)  # fmt: skip
_QUARTERS = (
    "Kelurahan Tamanan", "Kelurahan Sendangsari", "Kelurahan Purwosari", "Kelurahan Kauman", "Kelurahan Mangunharjo",
    "Kampung Melati", "Perumahan Griya Asri",
)  # fmt: skip
_SPOTS = {"REGENCY": _VILLAGES + _STREETS, "CITY": _QUARTERS + _STREETS}

NAMES = {area.code: area.name for area in AREAS}
SPOTS = {area.code: _SPOTS[area.type] for area in AREAS}
"""Villages, quarters and streets that an area may have."""

_JATENG = (
    ("K1", "Semarang–Bawen", ("33.74", "33.22"), ("Tawang", "Elizabeth", "Terminal Ungaran", "Karangjati", "Bawen")),
    ("K1A", "Ungaran–Salatiga", ("33.22", "33.73"), ("Terminal Ungaran", "Tuntang", "Tingkir")),
    ("K2", "Purwokerto–Purbalingga", ("33.02", "33.03"), ("Bulupitu", "Sokaraja", "Bukateja", "Padamara")),
    ("K3", "Semarang–Kendal", ("33.74", "33.24"), ("Mangkang", "Kaliwungu", "Bahurekso")),
    ("K4", "Kutoarjo–Borobudur", ("33.06", "33.08"), ("Kutoarjo", "Loano", "Salaman", "Borobudur")),
    ("K5", "Surakarta–Sragen", ("33.72", "33.14"), ("Tirtonadi", "Palur", "Masaran", "Pilangsari")),
    ("K6", "Semarang–Grobogan", ("33.74", "33.15"), ("Penggaron", "Gubug", "Godong")),
    ("K7", "Surakarta–Wonogiri", ("33.72", "33.12"), ("Tirtonadi", "Grogol", "Nguter", "Giri Adipura")),
)
_SEMARANG = tuple(
    (f"K{number}", route, ("33.74",), stops)
    for number, route, stops in (
        (1, "Mangkang–Penggaron", ("Mangkang", "Kalibanteng", "Simpang Lima", "Penggaron")),
        (2, "Terboyo–Sisemut", ("Terboyo", "Kota Lama", "Srondol")),
        (3, "Pelabuhan–Elizabeth", ("Pelabuhan", "Imam Bonjol", "Elizabeth")),
        (4, "Cangkiran–Tawang", ("Cangkiran", "BSB", "Tawang")),
        (5, "Meteseh–PRPP", ("Meteseh", "Sambiroto", "Madukoro")),
        (6, "Undip–Unnes", ("Undip", "Sampangan", "Unnes")),
        (7, "Terboyo–Balai Kota", ("Terboyo", "Genuk", "Balai Kota")),
    )
)
CORRIDORS = tuple(Corridor("TRANSJATENG", *line) for line in _JATENG) + tuple(
    Corridor("TRANSSEMARANG", *line) for line in _SEMARANG
)


def areas(count: int, rng: Dice) -> list[str]:
    """Return ``count`` area codes, the populous ones more often."""
    return rng.choices(_CODES, _WEIGHTS, k=count)


def point(area_code: str, rng: Dice) -> tuple[float, float]:
    """Return latitude and longitude within about four kilometres of the middle of an area."""
    latitude, longitude = _MIDDLE[area_code]
    return round(latitude + rng.uniform(-0.04, 0.04), 5), round(longitude + rng.uniform(-0.04, 0.04), 5)
