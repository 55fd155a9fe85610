"""The statements of ``bench/sql``, and the conditions that a kind of viewer adds to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SQL = {path.stem: path.read_text() for path in (Path(__file__).parents[1] / "sql").glob("*.sql")}


@dataclass(frozen=True)
class Rules:
    """What a kind of viewer sees. ``{}`` is the placeholder of the one value that such a condition takes."""

    complaints: str = ""
    reports: str = ""
    payments: str = ""
    orders: str = ""


_NOT_SECRET = "and not r.secret"
_OWN_RECORDS = "and (not r.secret or r.body ->> 'agency_code' = {})"
RULES = {
    "officer": Rules(),
    "agency": Rules("and c.agency_code = {}", _OWN_RECORDS, _OWN_RECORDS, _OWN_RECORDS),
    "partner": Rules(
        "and c.submitted_by = {} and not c.secret",
        _NOT_SECRET,
        f"{_NOT_SECRET} and r.body ->> 'merchant' = any(cast({{}} as text[]))",
        _NOT_SECRET,
    ),
}
_RESTRICTED = {"page": "complaints", "count": "complaints"} | {name: name for name in ("reports", "payments", "orders")}


@cache
def statement(name: str, viewer: str) -> tuple[str, bool]:
    """Return the text of a statement for a kind of viewer, and whether a value of the viewer follows its others."""
    text = SQL[name]
    condition: str = getattr(RULES[viewer], _RESTRICTED[name]) if name in _RESTRICTED else ""
    number = max(map(int, re.findall(r"\$(\d)", text)), default=0) + 1
    return re.sub(r"/\* \w+ \*/", condition.replace("{}", f"${number}"), text), "{}" in condition


def call(name: str, viewer: str, own: Any, *values: Any) -> tuple[Any, ...]:
    """Return the arguments for asyncpg: the text and its values, ``own`` last if the viewer's condition has one."""
    text, takes_own = statement(name, viewer)
    return (text, *values, own) if takes_own else (text, *values)
