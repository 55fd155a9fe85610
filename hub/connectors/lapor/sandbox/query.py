"""Parses the parameters of calls to the LAPOR sandbox, strictly by contract lapor#listing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self, TypeVar

from starlette.datastructures import QueryParams

from hub.connectors.lapor.parsing import JAKARTA, QUERY_TIME_FORMAT

_T = TypeVar("_T")


class Refused(Exception):
    """Parameters that cannot be read; ``fields`` is the body's ``errors``."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a listing or a master."""

    page: int
    page_size: int
    institutions: frozenset[int]
    updated_from: datetime | None
    updated_to: datetime | None
    tag: str | None

    @classmethod
    def read(cls, params: QueryParams) -> Self:
        """Parse parameters; raise ``Refused`` with every wrong one."""
        wrong: dict[str, list[str]] = {}

        def each(name: str, parse: Callable[[str], _T]) -> list[_T]:
            try:
                return [parse(text) for text in params.getlist(name) if text]
            except ValueError:
                wrong[name] = [f"Kolom {name} tidak valid."]
                return []

        pages, sizes = each("page", _positive), each("page_size", _positive)
        starts, ends = each("updated_from", _time), each("updated_to", _time)
        institutions = frozenset(each("institution_id", _positive))
        if wrong:
            raise Refused(wrong)
        return cls(
            page=pages[-1] if pages else 1,
            page_size=min(sizes[-1] if sizes else 15, 1000),
            institutions=institutions,
            updated_from=starts[-1] if starts else None,
            updated_to=ends[-1] if ends else None,
            tag=params.get("tag"),
        )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _time(text: str) -> datetime:
    return datetime.strptime(text, QUERY_TIME_FORMAT).replace(tzinfo=JAKARTA).astimezone(UTC)
