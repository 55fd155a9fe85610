"""Invented reporters. NIK begin with 3399 (no such region), mail is under ``.example``, phones contain 0000."""

from __future__ import annotations

from hub.demo.dice import Dice
from hub.demo.shapes import Person

_WOMEN = (
    "Siti", "Sri", "Endang", "Wahyu", "Dewi", "Rina", "Ratna", "Lestari", "Nur", "Umi", "Tri", "Yuni", "Indah",
    "Fitri", "Ani", "Wulan", "Retno", "Sulastri", "Dwi", "Ayu", "Kartini", "Murni", "Puji", "Titik", "Eka", "Maya",
    "Nining", "Erna", "Heni", "Lilis",
)  # fmt: skip
_MEN = (
    "Budi", "Agus", "Slamet", "Bambang", "Joko", "Eko", "Sugeng", "Hadi", "Sutrisno", "Wawan", "Rudi", "Dedi",
    "Arif", "Yanto", "Teguh", "Supriyadi", "Mulyono", "Imam", "Heru", "Bayu", "Galih", "Aditya", "Rizky", "Fajar",
    "Hendra", "Suparman", "Tarno", "Widodo", "Anton", "Yusuf",
)  # fmt: skip
_LAST = (
    "Santoso", "Wibowo", "Lestari", "Rahayu", "Susanti", "Handayani", "Prasetyo", "Nugroho", "Setiawan", "Utami",
    "Purnomo", "Hidayat", "Kurniawan", "Saputra", "Wijayanti", "Astuti", "Haryanto", "Suryani", "Mulyani",
    "Raharjo", "Pratama", "Sulistyo", "Pangestu", "Widiastuti", "Hartono", "Sutopo", "Yulianti", "Basuki",
    "Marwoto", "Iskandar", "Cahyono", "Ningsih", "Subekti", "Anggraini", "Permana", "Wahyuni", "Suharto", "Gunawan",
    "Nurhayati", "Fauzi",
)  # fmt: skip
_PREFIXES = (811, 812, 813, 815, 816, 821, 822, 838, 852, 853, 856, 857, 858, 877, 878, 881, 895, 896)


MOST = 180_000
"""The number of invented phone numbers."""


def name(rng: Dice) -> str:
    """Return an invented name."""
    return _name(rng.random() < 0.5, rng)


def people(count: int, rng: Dice) -> list[Person]:
    """Return ``count`` people, 180,000 at most; each phone number and NIK occurs once."""
    return [_person(number, rng) for number in range(min(count, MOST))]


def _person(number: int, rng: Dice) -> Person:
    woman = rng.random() < 0.5
    name = _name(woman, rng)
    line, prefix = divmod(number, len(_PREFIXES))
    phone = f"+62 {_PREFIXES[prefix]} 0000 {line:04}"
    email = f"{name.replace(' ', '.')}{number}@surel.example".lower() if rng.random() < 0.6 else None
    nik = _nik(woman, number, rng) if rng.random() < 0.55 else None
    return Person(name, phone, email, nik)


def _name(woman: bool, rng: Dice) -> str:
    return f"{rng.pick(_WOMEN if woman else _MEN)} {rng.pick(_LAST)}"


def _nik(woman: bool, number: int, rng: Dice) -> str:
    """Return PPRRSS DDMMYY XXXX, 40 added to a woman's day (contract reference-data#identity-numbers)."""
    block, serial = divmod(number, 9_999)
    day = rng.randint(1, 28) + (40 if woman else 0)
    born = rng.randint(1956, 2007)
    return f"3399{block + 1:02}{day:02}{rng.randint(1, 12):02}{born % 100:02}{serial + 1:04}"
