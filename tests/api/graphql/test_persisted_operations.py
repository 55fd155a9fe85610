"""Registered operations are requested by their ids; a pinned client may send no others."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import httpx
import pytest

from hub.api.graphql import persisted_manifests
from hub.api.graphql.persisted_manifests import BadManifest
from hub.store.oauth.persisted_operations import document_id
from tests.api.graph_app import build, client_of, policies_of

PINNED = 'query Titles { nodes(ids: ["1"]) { title } }'
CHANGE = "mutation Touch { touch }"
DATA = {"nodes": [{"title": "Bus tidak berhenti 🚌"}]}
GOJEK = {"x-as": "partner gojek", "accept": "application/graphql-response+json"}


def hex_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def hub_of(*, pinned: bool) -> httpx.AsyncClient:
    client = client_of(build(policies=policies_of("gojek", PINNED, CHANGE, documents_only=pinned)))
    client.headers.update(GOJEK)
    return client


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    assert "data" not in response.json()
    return str(error["extensions"]["code"])


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize(
    "body",
    [
        {"documentId": f"sha256:{hex_of(PINNED)}"},
        {"documentId": f"sha256:{hex_of(PINNED)}", "query": None, "variables": {}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hex_of(PINNED)}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hex_of(PINNED)}}, "query": PINNED},
        {"query": PINNED},
    ],
)
async def test_a_registered_operation_by_its_id_or_its_text(body: dict[str, Any], pinned: bool) -> None:
    async with hub_of(pinned=pinned) as hub:
        posted = await hub.post("/graphql", json=body)
        parameters = {k: v if isinstance(v, str) else json.dumps(v) for k, v in body.items() if v}
        got = await hub.get("/graphql", params=parameters)
    assert (posted.status_code, got.status_code) == (200, 200)
    assert posted.json()["data"] == got.json()["data"] == DATA


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"query": "{ echo }"}, "DOCUMENT_NOT_ALLOWED"),
        ({"query": PINNED + " "}, "DOCUMENT_NOT_ALLOWED"),
        ({"query": "{ __schema { types { name } } }"}, "DOCUMENT_NOT_ALLOWED"),
        ({"query": "not even GraphQL"}, "DOCUMENT_NOT_ALLOWED"),
        ({"documentId": document_id("{ echo }")}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"documentId": hex_of(PINNED)}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"documentId": document_id("{ echo }"), "query": "{ echo }"}, "DOCUMENT_NOT_ALLOWED"),
        ({"documentId": document_id(PINNED), "query": "{ echo }"}, "BAD_REQUEST"),
        ({"documentId": 7}, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": {"sha256Hash": ["x"]}}}, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": "x"}}, "BAD_REQUEST"),
        ({"documentId": ""}, "BAD_REQUEST"),
        ({"query": "\ud800"}, "BAD_REQUEST"),
    ],
)
async def test_a_pinned_client_may_send_nothing_else(body: dict[str, Any], refusal: str) -> None:
    async with hub_of(pinned=True) as hub:
        response = await hub.post("/graphql", content=json.dumps(body), headers={"content-type": "application/json"})
    assert (response.status_code, code(response)) == (400, refusal)


async def test_an_unpinned_client_may_send_any_operation() -> None:
    async with hub_of(pinned=False) as hub:
        assert (await hub.post("/graphql", json={"query": "{ echo }"})).json()["data"] == {"echo": 1}
        unknown = await hub.post("/graphql", json={"documentId": document_id("{ echo }")})
        # Apollo's clients then send the text with its hash.
        extensions = {"persistedQuery": {"version": 1, "sha256Hash": hex_of("{ echo }")}}
        again = await hub.post("/graphql", json={"query": "{ echo }", "extensions": extensions})
    assert (unknown.json()["errors"][0]["message"], code(unknown)) == (
        "PersistedQueryNotFound",
        "PERSISTED_QUERY_NOT_FOUND",
    )
    assert again.json()["data"] == {"echo": 1}


@pytest.mark.parametrize("who", ["", "partner other", "officer siti"])
async def test_an_id_is_known_for_its_own_client_only(who: str) -> None:
    async with hub_of(pinned=True) as hub:
        response = await hub.post("/graphql", json={"documentId": document_id(PINNED)}, headers={"x-as": who})
    assert code(response) == "PERSISTED_QUERY_NOT_FOUND"


async def test_people_who_come_through_a_pinned_client_are_pinned_too() -> None:
    async with hub_of(pinned=True) as hub:
        hub.headers["x-as"] = "officer siti gojek"
        assert code(await hub.post("/graphql", json={"query": "{ echo }"})) == "DOCUMENT_NOT_ALLOWED"
        assert (await hub.post("/graphql", json={"documentId": document_id(PINNED)})).json()["data"] == DATA


async def test_a_registered_mutation_goes_by_post_only() -> None:
    async with hub_of(pinned=True) as hub:
        assert (await hub.get("/graphql", params={"documentId": document_id(CHANGE)})).status_code == 405
        posted = await hub.post("/graphql", json={"documentId": document_id(CHANGE)})
    assert posted.json()["data"] == {"touch": True}


async def test_a_browser_that_requests_an_id_gets_data_not_the_page() -> None:
    async with hub_of(pinned=True) as hub:
        hub.headers["accept"] = "text/html, */*"
        response = await hub.get("/graphql", params={"documentId": document_id(PINNED)})
    assert response.json()["data"] == DATA


def apollo(*operations: dict[str, str], **rest: Any) -> dict[str, Any]:
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [*operations], **rest}


def operation(body: str) -> dict[str, str]:
    return {"id": hex_of(body), "name": "Any", "type": "query", "body": body}


@pytest.mark.parametrize(
    "manifest",
    [
        apollo(operation(PINNED), operation(CHANGE)),
        {hex_of(PINNED): PINNED, hex_of(CHANGE): CHANGE},
        {f"sha256:{hex_of(PINNED)}": PINNED, hex_of(CHANGE).upper(): CHANGE},
        apollo(operation(PINNED), operation(CHANGE), operation(PINNED)),
    ],
)
def test_manifests_of_both_tools_are_read(manifest: Any) -> None:
    assert persisted_manifests.read(json.dumps(manifest).encode()) == [PINNED, CHANGE]


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "no operation"),
        (apollo(), "no operation"),
        (apollo(operation(PINNED), format="other"), "format is not apollo"),
        (apollo(operation(PINNED), version=2), "version 1"),
        (apollo(operation(PINNED), operations={}), "not a list"),
        (apollo(operation(PINNED), operations=["x"]), "not an object"),
        (apollo({"id": hex_of(PINNED)}), "no id or no text"),
        ({"x": 7}, "no id or no text"),
        ({hex_of(PINNED): PINNED + "\n"}, "is not the SHA-256 of its text"),
        ({"356a192b7913b04c54574d18c28d46e6395428ab": PINNED}, 'hashAlgorithm of persistedDocuments to "sha256"'),
        ({hex_of("query {"): "query {"}, "cannot be read: Syntax Error"),
    ],
)
def test_an_invalid_manifest_is_refused_with_the_reason(manifest: Any, sentence: str) -> None:
    content = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    with pytest.raises(BadManifest, match=sentence):
        persisted_manifests.read(content)
