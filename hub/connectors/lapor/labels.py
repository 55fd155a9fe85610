"""The hub's codes and LAPOR's ids, which its masters name by labels. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from hub.complaints.agencies import code_of
from hub.complaints.categories import CATEGORIES
from hub.complaints.codes import Channel, ComplaintClass
from hub.connectors.lapor.values import number_of, plain

_Row = Mapping[str, Any]
PROVINCE = "33"
"""The dotted code of the whole province, where a location master has no row of the regency."""
WHATSAPP = 13
"""The one channel of LAPOR's whose id is known (contract A.3)."""


def _key(label: str) -> str:
    return re.sub(r"[\W_]+", " ", label).strip().casefold()


_CLASSES = {_key(one.label_id): one.value for one in ComplaintClass}
_CATEGORIES = {_key(one.label_id): one.code for one in CATEGORIES}


def class_of(label: str | None) -> str | None:
    """The hub's class of LAPOR's classification."""
    return _CLASSES.get(_key(label or ""))


def category_of(label: str | None) -> str | None:
    """The hub's category of LAPOR's, where both have one by that name."""
    return _CATEGORIES.get(_key(label or ""))


def id_named(rows: Iterable[_Row], label: str) -> int | None:
    """The id of the row called ``label``."""
    return next((number_of(row.get("id")) for row in rows if _key(plain(row.get("name"))) == _key(label)), None)


def classification_id(rows: Iterable[_Row], klass: str) -> int | None:
    """LAPOR's id of a class of the hub's."""
    return id_named(rows, ComplaintClass(klass).label_id)


def category_id(rows: Iterable[_Row], code: str) -> int | None:
    """LAPOR's id of a category of the hub's, by its name."""
    return next((id_named(rows, one.label_id) for one in CATEGORIES if one.code == code), None)


def channel_id(rows: Iterable[_Row], code: str) -> int | None:
    """LAPOR's id of a channel of the hub's."""
    return WHATSAPP if code == Channel.WHATSAPP else id_named(rows, Channel(code).label_id)


def location_id(rows: Iterable[_Row], area_code: str | None) -> int | None:
    """LAPOR's id of a regency or city by its dotted code; else the whole province's."""
    by_code = {plain(row.get("code")): number_of(row.get("id")) for row in rows}
    return by_code.get(area_code or PROVINCE) or by_code.get(PROVINCE)


def institution_id(rows: Iterable[_Row], agency_code: str | None, ours: Collection[int]) -> int | None:
    """LAPOR's id of an agency among those that are ``ours``: other provinces have agencies of the same name."""
    if agency_code is None:
        return None
    found = ((number_of(row.get("id")), plain(row.get("name"))) for row in rows)
    return next((number for number, name in found if number in ours and code_of(name) == agency_code), None)
