"""Reads the fields of OSS items; raises ``BadRecord`` with the name of a field that cannot be read. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from hub.connectors.item_text import one_line
from hub.connectors.oss.tokens import JAKARTA
from hub.errors import BadRecord

NIB, KBLI = re.compile(r"\d{13}", re.ASCII), re.compile(r"\d{5,7}", re.ASCII)
_AREA = re.compile(r"(\d\d)(\d\d)\d{6}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d{1,2})?)?", re.ASCII)
_LONGEST = 500
_FORMATS = {10: "%Y-%m-%d", 16: "%Y-%m-%d %H:%M"}

Fields = Mapping[str, Any]


def section(raw: Fields, name: str) -> Fields:
    """Return an object of an item."""
    value = raw.get(name)
    if not isinstance(value, dict):
        raise BadRecord(f"{name} is not an object")
    return value


def rows(raw: Fields, name: str) -> list[Fields]:
    """Return the objects of a list; a missing list is empty."""
    value = raw.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise BadRecord(f"{name} is not a list of objects")
    return value


def text(raw: Fields, name: str) -> str | None:
    """Return a field as text without blanks around it and invisible characters; null, ``""`` and missing are None."""
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > _LONGEST:
        raise BadRecord(f"{name} is not text of at most {_LONGEST} characters")
    return one_line(str(value))


def required(raw: Fields, name: str) -> str:
    """Return a field that must not be empty."""
    found = text(raw, name)
    if not found or len(found) > 40:
        raise BadRecord(f"{name} is empty or longer than 40 characters")
    return found


def code(raw: Fields, name: str) -> str:
    """Return the code in a field, ``""`` if there is none."""
    return text(raw, name) or ""


def digits(raw: Fields, name: str, form: re.Pattern[str]) -> str:
    """Return a field of digits of a form."""
    found = text(raw, name) or ""
    if not form.fullmatch(found):
        raise BadRecord(f"{name} has not the digits of its form")
    return found


def area(raw: Fields, name: str) -> str | None:
    """Return the code of an area with a dot, from ten digits; None if there is none."""
    found = _AREA.fullmatch(text(raw, name) or "")
    return f"{found[1]}.{found[2]}" if found else None


def moment(raw: Fields, name: str) -> datetime:
    """Return a time of Jakarta; one that lacks its last character or its time of day is read as far as it goes."""
    found = text(raw, name) or ""
    try:
        if _MOMENT.fullmatch(found):
            at = datetime.strptime(found, _FORMATS.get(len(found), "%Y-%m-%d %H:%M:%S")).replace(tzinfo=JAKARTA)
            if 1900 < at.year < 2200:
                return at
    except ValueError:
        pass
    raise BadRecord(f"{name} is not a time like 2026-01-31 13:45:00")


def day(raw: Fields, name: str) -> date | None:
    """Return a day; None if there is none."""
    return moment(raw, name).date() if text(raw, name) else None
