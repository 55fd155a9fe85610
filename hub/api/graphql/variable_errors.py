"""Errors in the values of variables: path and allowed values, never the value itself, which may be personal data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    is_required_input_field,
)

from hub.messages import Bilingual

BUILT_IN_SCALARS = {
    "Int": Bilingual(
        "it has to be a whole number from -2147483648 to 2147483647",
        "harus bilangan bulat dari -2147483648 sampai 2147483647",
    ),
    "Float": Bilingual("it has to be a number", "harus bilangan"),
    "String": Bilingual("it has to be text", "harus teks"),
    "Boolean": Bilingual("it has to be true or false", "harus true atau false"),
    "ID": Bilingual("it has to be text or a whole number", "harus teks atau bilangan bulat"),
}
SCALARS_ID = {
    "Date": "harus tanggal, seperti 2026-11-22",
    "DateTime": "harus waktu dengan zonanya, seperti 2026-11-22T08:00:00+07:00",
    "Decimal": "harus jumlah, sebagai teks seperti 4000.50 atau sebagai bilangan",
}
"""The allowed values of the other scalars in Indonesian; in English it is their description."""


class InvalidValue(NamedTuple):
    """An invalid value: its path below the variable, and what is allowed."""

    path: str
    allowed: str


def invalid_values(value: Any, kind: GraphQLInputType, path: str = "") -> Iterator[InvalidValue]:
    """Yield all errors in a value for the input type ``kind``."""
    if isinstance(kind, GraphQLNonNull):
        if value is None:
            yield InvalidValue(path, Bilingual("it must not be null", "tidak boleh null"))
        else:
            yield from invalid_values(value, kind.of_type, path)
    elif value is None:
        return
    elif isinstance(kind, GraphQLList):
        if isinstance(value, list):
            for index, each in enumerate(value):
                yield from invalid_values(each, kind.of_type, f"{path}[{index}]")
        else:
            yield from invalid_values(value, kind.of_type, path)
    elif isinstance(kind, GraphQLInputObjectType):
        yield from _invalid_fields(value, kind, path)
    else:
        yield from _invalid_leaf(value, kind, path)


def _invalid_fields(value: Any, kind: GraphQLInputObjectType, path: str) -> Iterator[InvalidValue]:
    fields = ", ".join(kind.fields)
    if not isinstance(value, dict):
        yield InvalidValue(
            path,
            Bilingual(f"it has to be an object with fields of {fields}", f"harus objek dengan field dari {fields}"),
        )
        return
    for name, field in kind.fields.items():
        if name in value:
            yield from invalid_values(value[name], field.type, f"{path}.{name}")
        elif is_required_input_field(field):
            yield InvalidValue(f"{path}.{name}", Bilingual("it is missing", "belum diisi"))
    # An unknown name is also input of the caller, so it is not repeated.
    if value.keys() - kind.fields.keys():
        yield InvalidValue(
            path,
            Bilingual(
                f"it has a field that {kind.name} does not have; its fields are {fields}",
                f"ada field yang bukan milik {kind.name}; field yang ada: {fields}",
            ),
        )
    if kind.is_one_of and [each is None for each in value.values()] != [False]:
        yield InvalidValue(
            path,
            Bilingual(f"it has to have exactly one field of {fields}", f"harus punya tepat satu field dari {fields}"),
        )


def _invalid_leaf(value: Any, kind: GraphQLLeafType, path: str) -> Iterator[InvalidValue]:
    try:
        kind.coerce_input_value(value)
    except Exception:
        yield InvalidValue(path, _allowed_values(kind))


def _allowed_values(kind: GraphQLLeafType) -> str:
    if isinstance(kind, GraphQLEnumType):
        names = ", ".join(kind.values)
        return Bilingual(f"it has to be one of {names}", f"harus salah satu dari {names}")
    english = f"This is no {kind.name}. {kind.description or ''}".strip()
    return BUILT_IN_SCALARS.get(kind.name) or Bilingual(english, SCALARS_ID.get(kind.name, english))
