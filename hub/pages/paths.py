"""The addresses of the pages in both languages. The language is part of the address, so that each can be cached."""

from __future__ import annotations

PATHS: dict[str, tuple[str, str]] = {
    "overview": ("/", "/en"),
    "agencies": ("/instansi", "/en/agencies"),
    "agency": ("/instansi/{code}", "/en/agencies/{code}"),
    "areas": ("/wilayah", "/en/areas"),
    "area": ("/wilayah/{code}", "/en/areas/{code}"),
    "systems": ("/sistem", "/en/systems"),
    "procurement": ("/pengadaan", "/en/procurement"),
    "follow": ("/lacak", "/en/follow"),
    "submit": ("/lapor", "/en/report"),
    "data": ("/data", "/en/data"),
}
"""Name of the page → its Indonesian and its English address."""


def path(name: str, language: str, **params: str) -> str:
    """Return the address of a page."""
    return PATHS[name][language == "en"].format(**params)
