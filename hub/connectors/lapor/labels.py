"""Translates between the hub's codes and LAPOR's ids by the labels in its masters. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from hub.complaints.agencies import find_code
from hub.complaints.categories import CATEGORIES
from hub.complaints.enums import Channel, ComplaintClass
from hub.connectors.lapor.parsing import number_of, plain

_Row = Mapping[str, Any]
PROVINCE = "33"
"""The dotted code of the whole province, used if the location master has no row for the regency."""
WHATSAPP = 13
"""The only channel whose id in LAPOR is known (contract lapor#report)."""


def _key(label: str) -> str:
    return re.sub(r"[\W_]+", " ", label).strip().casefold()


_CLASSES = {_key(one.label_id): one.value for one in ComplaintClass}
_CATEGORIES = {_key(one.label_id): one.code for one in CATEGORIES}


def class_of(label: str | None) -> str | None:
    """Return the hub's class for a classification of LAPOR."""
    return _CLASSES.get(_key(label or ""))


def category_of(label: str | None) -> str | None:
    """Return the hub's category for one of LAPOR, if both have one by that name."""
    return _CATEGORIES.get(_key(label or ""))


def id_named(rows: Iterable[_Row], label: str) -> int | None:
    """Return the id of the row with the name ``label``."""
    return next((number_of(row.get("id")) for row in rows if _key(plain(row.get("name"))) == _key(label)), None)


def classification_id(rows: Iterable[_Row], klass: str) -> int | None:
    """Return LAPOR's id for a class of the hub."""
    return id_named(rows, ComplaintClass(klass).label_id)


def category_id(rows: Iterable[_Row], code: str) -> int | None:
    """Return LAPOR's id for a category of the hub, by its name."""
    return next((id_named(rows, one.label_id) for one in CATEGORIES if one.code == code), None)


def channel_id(rows: Collection[_Row], code: str) -> int | None:
    """Return LAPOR's id for a channel of the hub, by its name; WhatsApp's is known even under another name."""
    found = id_named(rows, Channel(code).label_id)
    return found or (WHATSAPP if code == Channel.WHATSAPP and has_id(rows, WHATSAPP) else None)


def has_id(rows: Iterable[_Row], number: int) -> bool:
    """Return whether a row has that id."""
    return any(number_of(row.get("id")) == number for row in rows)


def template(rows: Iterable[_Row], preferred: Iterable[str]) -> str | None:
    """Return the first of the ``preferred`` template codes that LAPOR has."""
    known = {plain(row.get("template_code")) for row in rows}
    return next((code for code in preferred if code in known), None)


def location_id(rows: Iterable[_Row], area_code: str | None) -> int | None:
    """Return LAPOR's id for a regency or city by its dotted code, else for the whole province."""
    by_code = {plain(row.get("code")): number_of(row.get("id")) for row in rows}
    return by_code.get(area_code or PROVINCE) or by_code.get(PROVINCE)


def institution_id(rows: Iterable[_Row], agency_code: str | None, institutions: Collection[int]) -> int | None:
    """Return LAPOR's id for an agency, one of ``institutions``: other provinces have agencies of the same name."""
    if agency_code is None:
        return None
    found = ((number_of(row.get("id")), plain(row.get("name"))) for row in rows)
    return next((number for number, name in found if number in institutions and find_code(name) == agency_code), None)
