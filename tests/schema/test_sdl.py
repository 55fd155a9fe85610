"""The schema as text: described throughout, checked in, and one for each part."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLNamedType, GraphQLScalarType, get_named_type, is_non_null_type, parse, specified_scalar_types

import hub.schema
from hub.complaints.field_authority import Authority, SharedField
from hub.complaints.shared_fields import FIELDS, ComplaintField
from hub.connectors import registry
from hub.errors import BadSetting
from hub.schema.complaints.reporter import Reporter, ReporterField
from hub.schema.graph import PARTS, schema
from hub.settings import Settings

CHECKED_IN = Path(hub.schema.__file__).with_name("hub.graphql")
OF_THE_SPECIFICATION = ("_", "link__", "federation__")
"""Names that the specification of Apollo Federation describes."""


def ours(name: str) -> bool:
    return not name.startswith(OF_THE_SPECIFICATION)


def described(graph: Any) -> Iterator[tuple[str, str | None]]:
    """Return every type, field, argument and enum value with its description."""
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


def test_every_type_field_argument_and_value_is_described() -> None:
    found = dict(described(schema()._schema))
    assert len(found) > 300
    assert [name for name, description in found.items() if not description] == []


CODED = re.compile(
    r"(code|kinds?|type|class|status|state|action|cause|category|classification|channel|currency|scopes|fareType"
    r"|paymentMethod|mediaType|merchant|marketplace)$"
)
"""Fields with such a name contain codes."""
OPEN = re.compile(r"\b(defined by|new values may be added|lists|the enum|OAuth scopes|IANA|ISO 4217)\b", re.IGNORECASE)
"""The reason why a code is not an enum: others define the values, or new values may be added at any time."""


def test_a_coded_field_is_an_enum_or_explains_why_not() -> None:
    graph = schema()._schema
    kinds = {name: kind for name, kind in graph.type_map.items() if ours(name)}
    fields = [(of, name, each) for of, kind in kinds.items() for name, each in getattr(kind, "fields", {}).items()]
    arguments = [(of, name, each) for of, _, field in fields for name, each in getattr(field, "args", {}).items()]
    coded = [each for each in (*fields, *arguments) if CODED.search(each[1])]
    assert len(coded) > 60
    free = [(of, name) for of, name, each in coded if get_named_type(each.type).name == "String"]
    described = {(of, name): each.description or "" for of, name, each in coded}
    assert [place for place in free if not OPEN.search(described[place])] == []
    assert {each.stored for each in ComplaintField} == FIELDS.keys()
    assert [each.lower() for each in ReporterField] == [field.name for field in dataclasses.fields(Reporter)]


def test_every_custom_scalar_names_its_specification() -> None:
    scalars = [kind for name, kind in schema()._schema.type_map.items() if isinstance(kind, GraphQLScalarType)]
    specified = {each.name: each.specified_by_url for each in scalars if each.name not in specified_scalar_types}
    del specified["_Any"]
    assert {name: url.split("/")[2] for name, url in specified.items() if url and ours(name)} == {
        "Date": "www.rfc-editor.org",
        "DateTime": "www.rfc-editor.org",
        "Decimal": "www.w3.org",
        "JSON": "ecma-international.org",
    }
    assert [name for name, url in specified.items() if not url and ours(name)] == []


def test_the_checked_in_schema_is_the_one_the_code_makes() -> None:
    printed = schema(shared=registry.shared_fields(registry.enabled(Settings())))
    assert CHECKED_IN.read_text(encoding="utf-8").rstrip() == printed.sdl.rstrip(), (
        "hub/schema/hub.graphql is stale; renew it: .venv/bin/hub schema > hub/schema/hub.graphql"
    )


def test_a_shared_field_names_its_authority() -> None:
    why = "Alasan.", "A reason."
    shared = (
        ("fake", SharedField("class", Authority.LOCAL, *why)),
        ("fake", SharedField("agency", Authority.MANUAL, *why)),
    )
    fields = dict(line.strip().split(":", 1) for line in schema(shared=shared).sdl.splitlines() if "@authority" in line)
    del fields[next(name for name in fields if name.startswith("directive"))]
    assert {
        name: printed[printed.index("@authority") :].split(") @")[0].rstrip(")") for name, printed in fields.items()
    } == {
        "class": '@authority(system: "fake", side: LOCAL',
        "agency": '@authority(system: "fake", side: MANUAL',
    }
    assert "@authority" not in schema().sdl


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_each_part_is_a_subgraph_that_owns_what_it_declares(part: Any) -> None:
    built = schema(part.name)
    parse(built.sdl)
    assert set(part.owned_types) == built.owned_types
    for name, node in built.node_types.items():
        fields = set(built._schema.type_map[name].fields)  # type: ignore[attr-defined]
        assert "id" in fields
        keys = [line for line in built.sdl.splitlines() if line.startswith(f"type {name} ")]
        assert (keys[0].count("@key") > 1) is (node in built.owned_types and bool(node.natural_keys))


def test_the_subgraphs_together_have_every_merged_field() -> None:
    subgraphs = [schema(part.name) for part in PARTS]
    for name in (*schema().node_types, "Query", "Mutation"):
        whole = set(schema()._schema.type_map[name].fields)  # type: ignore[attr-defined]
        types = [subgraph._schema.type_map.get(name) for subgraph in subgraphs]
        assert whole == {field for each in types if each for field in each.fields}, name  # type: ignore[attr-defined]


@pytest.mark.parametrize("part", [None, *(part.name for part in PARTS)])
def test_every_field_of_the_query_type_can_be_null(part: str | None) -> None:
    fields = schema(part)._schema.query_type.fields  # type: ignore[union-attr]
    assert [name for name, field in fields.items() if ours(name) and is_non_null_type(field.type)] == []


def test_a_part_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(BadSetting, match="complaints, reports, payments, procurement, licensing, agreement, systems"):
        schema("weather")


def test_building_a_part_leaves_the_merged_graph_as_it_was() -> None:
    before = schema().sdl
    for part in PARTS:
        schema(part.name)
    schema.cache_clear()
    assert schema().sdl == before
