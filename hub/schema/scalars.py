"""Times, days and amounts as outsiders write them: what is none is refused with how one looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

T = TypeVar("T")

DIGITS = 100
"""Of an amount, before the point or behind it: far more than any has, far fewer than PostgreSQL can compare."""


def _time(told: str) -> datetime:
    found = datetime.fromisoformat(told)
    if found.tzinfo is None:
        raise ValueError("without a zone it is another time for whoever reads it elsewhere")
    return found


def _amount(told: str) -> Decimal:
    found = Decimal(told)
    if not found.is_finite() or abs(found.adjusted()) > DIGITS:
        raise ValueError("the database can compare nothing with it")
    return found


def _scalar(
    kind: type[T], name: str, meaning: str, parse: Callable[[str], T], show: Callable[[T], str], *, number: bool = False
) -> ScalarDefinition:
    """A scalar called ``name``; ``number`` says whether it may come as a number of JSON too."""

    def read(told: Any) -> T:
        try:
            if isinstance(told, str) or (number and type(told) in (int, float)):
                return parse(str(told))
        except (ValueError, ArithmeticError):
            pass
        raise GraphQLError(f"This is no {name}. {meaning}")

    return ScalarDefinition(name, meaning, None, show, read, None, origin=kind)


SCALARS: Mapping[object, ScalarDefinition] = {
    each.origin: each
    for each in (
        _scalar(date, "Date", "A day, such as 2026-11-22.", date.fromisoformat, date.isoformat),
        _scalar(
            datetime, "DateTime", "A time with its zone, such as 2026-11-22T08:00:00+07:00.", _time, datetime.isoformat
        ),
        _scalar(
            Decimal,
            "Decimal",
            "An amount, as text such as 4000.50 or as a number.",
            _amount,
            str,
            number=True,
        ),
    )
}
"""For ``StrawberryConfig(scalar_map=…)``."""
