"""The schema for clients: complete, without federation, and at a URL if introspection is on."""

from __future__ import annotations

import base64
import subprocess
import sys
from secrets import token_bytes, token_urlsafe

import httpx
import pytest
from graphql import GraphQLSchema, build_schema, validate_schema

from hub.app import build
from hub.schema.client_schema import client_sdl
from hub.schema.graph import PARTS, schema
from hub.settings import Settings

SDL = client_sdl(schema().sdl)


def test_the_schema_of_clients_is_one_that_strict_tools_take() -> None:
    built = build_schema(SDL)
    assert validate_schema(built) == []
    assert [name for name in built.type_map if name.startswith("_") and not name.startswith("__")] == []
    assert [name for name in ("@link", "@key", "@shareable", "@cost", "federation") if name in SDL] == []


def shapes(graph: GraphQLSchema) -> dict[str, dict[str, str]]:
    """Return each type with its fields and their types."""
    return {
        name: {field: str(shape.type) for field, shape in getattr(kind, "fields", {}).items() if field[0] != "_"}
        for name, kind in graph.type_map.items()
        if not name.startswith(("_", "link__", "federation__", "FieldSet"))
    }


def test_nothing_else_is_left_out_of_it() -> None:
    client, whole = shapes(build_schema(SDL)), shapes(schema()._schema)
    assert client == {name: fields for name, fields in whole.items() if name in client}
    assert {name for name in whole.keys() - client.keys() if whole[name]} == set()
    assert '"""Complaints that are visible to the viewer, latest received first."""' in SDL


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_the_schema_of_a_part_is_one_too(part: object) -> None:
    build_schema(client_sdl(schema(part.name).sdl))  # type: ignore[attr-defined]


def test_what_we_define_ourselves_stays() -> None:
    kept = 'directive @ours(why: String!) on FIELD_DEFINITION type Query%s { a: Int @ours(why: "x")%s }'
    assert " ".join(client_sdl(kept % (" @shareable", " @cost(weight: 1)")).split()) == kept % ("", "")


@pytest.mark.parametrize(("introspection", "status"), [(True, 200), (False, 404)])
async def test_it_has_a_url_where_introspection_is_on(introspection: bool, status: int) -> None:
    settings = Settings(
        database_url="postgresql://127.0.0.1:9/none",
        secret_key=token_urlsafe(32),
        pii_keys=base64.b64encode(token_bytes(32)).decode(),
        connectors=(),
        introspection=introspection,
    )
    transport = httpx.ASGITransport(build(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/schema.graphql")
    assert answer.status_code == status
    if introspection:
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        build_schema(answer.text)


@pytest.mark.whole
def test_the_command_prints_it() -> None:
    printed = subprocess.run([sys.executable, "-m", "hub", "schema", "--api"], capture_output=True, check=True)
    assert "Complaint" in build_schema(printed.stdout.decode()).type_map
