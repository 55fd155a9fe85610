"""Numbers, shares, times and dates as people read them, in Indonesian and English."""

from __future__ import annotations

from datetime import datetime

from hub.complaints.calendar import JAKARTA

DAY = 86_400
NOTHING = "–"
"""What stands for a missing value."""
MONTHS = {
    "id": [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
SHORT_MONTHS = {
    "id": ["Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"],
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
}


def number(value: float | None, language: str, decimals: int = 0) -> str:
    """Return a number with the separators of ``language``: 1.234,5 or 1,234.5."""
    if value is None:
        return NOTHING
    text = f"{value:,.{decimals}f}"
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def percent(value: float | None, language: str) -> str:
    """Return a share from 0 to 1 in percent; one decimal where whole percents would say all or nothing."""
    if value is None:
        return NOTHING
    decimals = 1 if 0 < value < 0.01 or 0.99 < value < 1 else 0
    return f"{number(value * 100, language, decimals)}%"


def days(seconds: float | None, language: str) -> str:
    """Return a time in days with one decimal, without its unit."""
    return NOTHING if seconds is None else number(seconds / DAY, language, 1)


def duration(seconds: float | None, language: str) -> str:
    """Return a time in its natural unit: seconds, minutes, hours or days."""
    if seconds is None:
        return NOTHING
    units = (("detik", "second", 1), ("menit", "minute", 60), ("jam", "hour", 3_600), ("hari", "day", DAY))
    indonesian, english, size = next((unit for unit in reversed(units) if seconds >= 2 * unit[2]), units[0])
    count = round(seconds / size)
    return (
        f"{number(count, language)} {indonesian}"
        if language == "id"
        else (f"{number(count, language)} {english}{'' if count == 1 else 's'}")
    )


def rupiah(value: float | None, language: str) -> str:
    """Return an amount in rupiah, in millions or billions (Indonesian: juta, miliar) where it is large."""
    if value is None:
        return NOTHING
    for size, indonesian, english in (
        (1e12, "triliun", "trillion"),
        (1e9, "miliar", "billion"),
        (1e6, "juta", "million"),
    ):
        if value >= size:
            return f"Rp{number(value / size, language, 1)} {indonesian if language == 'id' else english}"
    return f"Rp{number(value, language)}"


def month(text: str, language: str, *, short: bool = False) -> str:
    """Return a month such as 2026-01 with its name."""
    year, _, at = text.partition("-")
    name = (SHORT_MONTHS if short else MONTHS)[language][int(at) - 1]
    return f"{name} {year}"


def date(value: str | datetime | None, language: str) -> str:
    """Return a time's day in Western Indonesian Time: 3 Februari 2026."""
    if value is None:
        return NOTHING
    # A day without a time is one already, whatever the zone.
    at = datetime.fromisoformat(value) if isinstance(value, str) and len(value) == len("2026-01-01") else _local(value)
    return f"{at.day} {MONTHS[language][at.month - 1]} {at.year}"


def moment(value: str | datetime | None, language: str) -> str:
    """Return a time in Western Indonesian Time: 3 Februari 2026 pukul 10.05 WIB."""
    if value is None:
        return NOTHING
    at = _local(value)
    clock = f"pukul {at:%H.%M} WIB" if language == "id" else f"at {at:%H:%M} WIB"
    return f"{date(at, language)} {clock}"


def _local(value: str | datetime) -> datetime:
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(JAKARTA)
