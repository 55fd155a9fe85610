"""The scalars for times, dates and amounts. The error for an invalid value shows a valid one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

T = TypeVar("T")

MAX_DIGITS = 100
"""Maximum number of digits of an amount before and after the point: PostgreSQL can compare far more."""


def _parse_datetime(value: str) -> datetime:
    found = datetime.fromisoformat(value.upper())
    if found.tzinfo is None:
        raise ValueError("a time needs a UTC offset")
    return found


def _format_decimal(amount: Decimal) -> str:
    """Return the amount without an exponent."""
    return f"{amount:f}"


def _parse_decimal(value: str) -> Decimal:
    found = Decimal(value)
    places = found.as_tuple().exponent
    if not isinstance(places, int) or abs(found.adjusted()) > MAX_DIGITS or places < -MAX_DIGITS:
        raise ValueError("the amount has too many digits")
    return found


_RFC_3339 = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6"
_XSD_DECIMAL = "https://www.w3.org/TR/xmlschema11-2/#decimal"


def _scalar(
    kind: type[T],
    name: str,
    meaning: str,
    url: str,
    parse: Callable[[str], T],
    show: Callable[[T], str],
    *,
    number: bool = False,
) -> ScalarDefinition:
    """Return a scalar for ``kind`` with the format that ``url`` specifies; ``number`` also accepts numbers of JSON."""

    def read(value: Any) -> T:
        try:
            if isinstance(value, str) or (number and type(value) in (int, float)):
                return parse(str(value))
        except (ValueError, ArithmeticError):
            pass
        raise GraphQLError(f"This is no {name}. {meaning}")

    return ScalarDefinition(name, meaning, url, show, read, None, origin=kind)


SCALARS: Mapping[object, ScalarDefinition] = {
    each.origin: each
    for each in (
        _scalar(date, "Date", "A calendar date, such as 2026-11-22.", _RFC_3339, date.fromisoformat, date.isoformat),
        _scalar(
            datetime,
            "DateTime",
            "A date and time with a UTC offset, such as 2026-11-22T08:00:00+07:00.",
            _RFC_3339,
            _parse_datetime,
            datetime.isoformat,
        ),
        _scalar(
            Decimal,
            "Decimal",
            'A decimal number, such as "4000.50". Output is always a string; input may be a string or a number.',
            _XSD_DECIMAL,
            _parse_decimal,
            _format_decimal,
            number=True,
        ),
    )
}
"""The scalars by their Python type, for ``StrawberryConfig(scalar_map=…)``."""
