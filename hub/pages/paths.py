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
    "schema": ("/skema", "/en/schema"),
    "schema_type": ("/skema/{code}", "/en/schema/{code}"),
}
"""Name of the page → its Indonesian and its English address."""
CONSOLE_PATHS: dict[str, tuple[str, str]] = {
    "console_today": ("/console", "/en/console"),
    "console_systems": ("/console/sistem", "/en/console/systems"),
    "console_system": ("/console/sistem/{system}", "/en/console/systems/{system}"),
    "console_agreement": ("/console/kesesuaian", "/en/console/agreement"),
    "console_disagreement": ("/console/kesesuaian/{id}", "/en/console/agreement/{id}"),
    "console_decisions": ("/console/keputusan", "/en/console/decisions"),
    "console_deliveries": ("/console/pengiriman", "/en/console/deliveries"),
    "console_quarantine": ("/console/karantina", "/en/console/quarantine"),
    "console_matter": ("/console/perkara", "/en/console/matter"),
    "console_partners": ("/console/mitra", "/en/console/partners"),
    "console_partner": ("/console/mitra/{client}", "/en/console/partners/{client}"),
    "console_feed": ("/console/umpan", "/en/console/feed"),
    "account": ("/account", "/en/account"),
}
"""The same for the pages that need sign-in."""


def path(name: str, language: str, **params: str) -> str:
    """Return the address of a page."""
    return (PATHS.get(name) or CONSOLE_PATHS[name])[language == "en"].format(**params)
