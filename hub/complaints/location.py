"""The location of a complaint: one of the 35 regencies and cities, and optionally a point within the province."""

from __future__ import annotations

from hub.complaints import areas
from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual

# The province with its islands (Karimunjawa in the north), rounded outwards, in degrees.
SOUTH, NORTH, WEST, EAST = -8.3, -5.6, 108.5, 111.8


def check(area_code: str, latitude: float | None, longitude: float | None) -> list[Problem]:
    """Return the problems of a location. Coordinates are WGS 84 degrees, both or neither."""
    return [*_check_area(area_code), *_check_point(latitude, longitude)]


def _check_area(code: str) -> list[Problem]:
    if code in areas.BY_CODE:
        return []
    message = Bilingual(
        "An area code is one of the 35 regencies and cities of Central Java, such as 33.74.",
        "Kode wilayah harus salah satu dari 35 kabupaten/kota Jawa Tengah, misalnya 33.74.",
    )
    return [Problem("areaCode", ProblemCode.UNKNOWN, message)]


def _check_point(latitude: float | None, longitude: float | None) -> list[Problem]:
    if latitude is None and longitude is None:
        return []
    if latitude is None or longitude is None:
        message = Bilingual(
            "Give latitude and longitude, or neither.", "Isi lintang dan bujur, atau kosongkan keduanya."
        )
        return [Problem("latitude" if latitude is None else "longitude", ProblemCode.REQUIRED, message)]
    return [
        *_check_degrees("latitude", latitude, SOUTH, NORTH),
        *_check_degrees("longitude", longitude, WEST, EAST),
    ]


def _check_degrees(field: str, degrees: float, least: float, most: float) -> list[Problem]:
    # Infinity and "not a number" fail this comparison as well.
    if least <= degrees <= most:
        return []
    message = Bilingual(
        f"Outside Central Java: it must be {least} to {most} degrees.",
        f"Di luar Jawa Tengah: harus {least} sampai {most} derajat.",
    )
    return [Problem(field, ProblemCode.OUT_OF_RANGE, message)]
