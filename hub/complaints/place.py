"""Where a complaint is about: one of the 35 regencies and cities, and perhaps a point within the province."""

from __future__ import annotations

from hub.complaints import areas
from hub.complaints.problems import Message, Problem, ProblemCode

# The province with its islands (Karimunjawa in the north), rounded outwards, in degrees.
SOUTH, NORTH, WEST, EAST = -8.3, -5.6, 108.5, 111.8


def check(area_code: str, latitude: float | None, longitude: float | None) -> list[Problem]:
    """What is wrong with a place; coordinates are WGS 84 degrees, both given or neither."""
    return [*_check_area(area_code), *_check_point(latitude, longitude)]


def _check_area(code: str) -> list[Problem]:
    if code in areas.BY_CODE:
        return []
    message = Message(
        "Kode wilayah harus salah satu dari 35 kabupaten/kota Jawa Tengah, misalnya 33.74.",
        "An area code is one of the 35 regencies and cities of Central Java, such as 33.74.",
    )
    return [Problem("areaCode", ProblemCode.UNKNOWN, message)]


def _check_point(latitude: float | None, longitude: float | None) -> list[Problem]:
    if latitude is None and longitude is None:
        return []
    if latitude is None or longitude is None:
        message = Message("Isi lintang dan bujur, atau kosongkan keduanya.", "Give latitude and longitude, or neither.")
        return [Problem("latitude" if latitude is None else "longitude", ProblemCode.REQUIRED, message)]
    return [
        *_check_degrees("latitude", latitude, SOUTH, NORTH),
        *_check_degrees("longitude", longitude, WEST, EAST),
    ]


def _check_degrees(field: str, degrees: float, least: float, most: float) -> list[Problem]:
    # Neither infinity nor "not a number" lies between two numbers.
    if least <= degrees <= most:
        return []
    message = Message(
        f"Di luar Jawa Tengah: harus {least} sampai {most} derajat.",
        f"Outside Central Java: it must be {least} to {most} degrees.",
    )
    return [Problem(field, ProblemCode.OUT_OF_RANGE, message)]
