"""The OpenAPI and AsyncAPI documents: every route is in them, they are valid, current, and say what is sent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Mount, Route, WebSocketRoute

from hub.api.descriptions import ASYNCAPI, OPENAPI
from hub.app import build
from hub.settings import Settings
from hub.web.operations import DocumentedRoute, DocumentedWebSocketRoute

DOCS = Path(__file__).parents[2] / "docs"
HOLDER = re.compile(r"{(\w+)(:\w+)?}")


@pytest.fixture(scope="module")
def app() -> Starlette:
    keys: Any = [SecretStr("a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=")]
    return build(Settings(database_url="postgresql://127.0.0.1:9/none", pii_keys=keys))


@pytest.fixture(scope="module")
def openapi(app: Starlette) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(app.state.descriptions.openapi()))
    return found


@pytest.fixture(scope="module")
def asyncapi(app: Starlette) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(app.state.descriptions.asyncapi()))
    return found


def test_every_route_is_in_a_document(app: Starlette, openapi: dict[str, Any], asyncapi: dict[str, Any]) -> None:
    addresses = {channel["address"] for channel in asyncapi["channels"].values()}
    for route in app.routes:
        if isinstance(route, WebSocketRoute):
            assert isinstance(route, DocumentedWebSocketRoute), route.path
            assert route.path in addresses
        elif isinstance(route, Mount):
            assert f"{route.path}/{{file}}" in openapi["paths"]
        else:
            assert isinstance(route, DocumentedRoute), route
            for path in route.paths:
                said = openapi["paths"][HOLDER.sub(r"{\1}", path)]
                assert {method.lower() for method in route.operations} <= set(said), path
            assert {channel.address for channel in route.channels} <= addresses


def test_every_path_of_the_document_is_served(app: Starlette, openapi: dict[str, Any]) -> None:
    for path in openapi["paths"]:
        scope = {"type": "http", "path": HOLDER.sub("1", path), "method": "GET", "root_path": ""}
        assert any(each.matches(scope)[0].value for each in app.routes if isinstance(each, Route | Mount)), path


def test_openapi_is_valid(openapi: dict[str, Any]) -> None:
    assert [each.message for each in OpenAPIV31SpecValidator(openapi).iter_errors()] == []


def test_ids_of_operations_are_unique(openapi: dict[str, Any]) -> None:
    ids = [operation["operationId"] for item in openapi["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))


def test_the_documents_in_docs_are_current(openapi: dict[str, Any], asyncapi: dict[str, Any]) -> None:
    for name, made in (("openapi", openapi), ("asyncapi", asyncapi)):
        kept = json.loads((DOCS / f"{name}.json").read_text(encoding="utf-8"))
        assert kept == made, f"run `.venv/bin/hub schema --endpoints {name} > docs/{name}.json`"


async def test_both_documents_are_served(app: Starlette, openapi: dict[str, Any], asyncapi: dict[str, Any]) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        for address, made in ((OPENAPI, openapi), (ASYNCAPI, asyncapi)):
            answer = await client.get(address)
            assert answer.headers["content-type"] == "application/json"
            assert answer.json() == made
