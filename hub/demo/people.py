"""Invented reporters. NIK begin with 3399 (no such region), mail is under ``.example``, phones hold 0000."""

from __future__ import annotations

from random import Random

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


_MOST = 180_000
"""As many as there are phone numbers of the invented form."""


def people(count: int, rng: Random) -> list[Person]:
    """``count`` people, 180,000 at most; each phone number and NIK occurs once."""
    return [_person(number, rng) for number in range(min(count, _MOST))]


def _person(number: int, rng: Random) -> Person:
    woman = rng.random() < 0.5
    first, last = rng.choice(_WOMEN if woman else _MEN), rng.choice(_LAST)
    line, prefix = divmod(number, len(_PREFIXES))
    phone = f"+62 {_PREFIXES[prefix]} 0000 {line:04}"
    email = f"{first}.{last}{number}@surel.example".lower() if rng.random() < 0.6 else None
    nik = _nik(woman, number, rng) if rng.random() < 0.55 else None
    return Person(f"{first} {last}", phone, email, nik)


def _nik(woman: bool, number: int, rng: Random) -> str:
    """Sixteen digits: PPRRSS DDMMYY XXXX, forty added to a woman's day (contract G)."""
    day = rng.randint(1, 28) + (40 if woman else 0)
    born = rng.randint(1956, 2007)
    return f"3399{number // 10_000 + 1:02}{day:02}{rng.randint(1, 12):02}{born % 100:02}{number % 10_000:04}"
