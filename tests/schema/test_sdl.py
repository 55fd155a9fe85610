"""The schema as text: described throughout, checked in, and one for each part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLNamedType, parse

import hub.schema
from hub.connectors import registry
from hub.connectors.sharing import Authority, Shared
from hub.errors import BadSetting
from hub.schema.graph import PARTS, schema
from hub.settings import Settings

CHECKED_IN = Path(hub.schema.__file__).with_name("hub.graphql")
OF_THE_SPECIFICATION = ("_", "link__", "federation__")
"""What Apollo Federation names so is described by its specification, not by us."""


def ours(name: str) -> bool:
    return not name.startswith(OF_THE_SPECIFICATION)


def described(graph: Any) -> Iterator[tuple[str, str | None]]:
    """Every type, field, argument and enum value, each with its description."""
    for name, kind in graph.type_map.items():
        if ours(name):
            yield from _of_type(name, kind)


def _of_type(name: str, kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    yield name, kind.description
    for value, member in getattr(kind, "values", {}).items():
        yield f"{name}.{value}", member.description
    for field, shape in getattr(kind, "fields", {}).items():
        if ours(field):
            yield f"{name}.{field}", shape.description
            for argument, taken in getattr(shape, "args", {}).items():
                yield f"{name}.{field}({argument})", taken.description


def test_every_type_field_argument_and_enum_value_has_a_description() -> None:
    found = dict(described(schema()._schema))
    assert len(found) > 300
    assert [name for name, description in found.items() if not description] == []


def test_the_checked_in_schema_is_the_one_the_code_makes() -> None:
    printed = schema(shared=registry.shared(Settings()))
    assert CHECKED_IN.read_text(encoding="utf-8").rstrip() == printed.sdl.rstrip(), (
        "hub/schema/hub.graphql is stale; renew it: .venv/bin/hub schema > hub/schema/hub.graphql"
    )


def test_a_field_says_who_has_the_say_in_it() -> None:
    why = "Alasan.", "A reason."
    shared = ("fake", Shared("class", Authority.HUB, *why)), ("fake", Shared("agency", Authority.BOTH, *why))
    fields = dict(line.strip().split(":", 1) for line in schema(shared=shared).sdl.splitlines() if "@authority" in line)
    del fields[next(name for name in fields if name.startswith("directive"))]
    assert {name: told[told.index("@authority") :].split(") @")[0].rstrip(")") for name, told in fields.items()} == {
        "class": '@authority(system: "fake", side: HUB',
        "agency": '@authority(system: "fake", side: BOTH',
    }
    assert "@authority" not in schema().sdl


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_each_part_is_a_subgraph_that_owns_what_it_declares(part: Any) -> None:
    built = schema(part.name)
    parse(built.sdl)
    assert set(part.owns) == built.owned
    for name, node in built.shown.items():
        fields = set(built._schema.type_map[name].fields)  # type: ignore[attr-defined]
        assert "id" in fields
        keys = [line for line in built.sdl.splitlines() if line.startswith(f"type {name} ")]
        assert (keys[0].count("@key") > 1) is (node in built.owned and bool(node.natural_keys))


def test_the_parts_together_have_every_field_of_the_merged_graph() -> None:
    subgraphs = [schema(part.name) for part in PARTS]
    for name in (*schema().shown, "Query", "Mutation"):
        whole = set(schema()._schema.type_map[name].fields)  # type: ignore[attr-defined]
        types = [subgraph._schema.type_map.get(name) for subgraph in subgraphs]
        assert whole == {field for each in types if each for field in each.fields}, name  # type: ignore[attr-defined]


def test_a_part_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(BadSetting, match="complaints, reports, payments, procurement, systems"):
        schema("weather")


def test_building_a_part_leaves_the_merged_graph_as_it_was() -> None:
    before = schema().sdl
    for part in PARTS:
        schema(part.name)
    schema.cache_clear()
    assert schema().sdl == before
