"""Front-end libraries in strict mode: Relay's compiler and store, urql's normalising cache, generated TypeScript.

Each uses the schema that ``hub schema --api`` prints.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients import install, needs_node, patient, run
from tests.clients.hub_server import TOKEN, Hub, data

LIST = """query($after: String) {
  complaints(first: 100, after: $after, filter: {status: [IN_PROGRESS], channel: [WHATSAPP]}, orderBy: RECEIVED_ASC) {
    pageInfo {hasNextPage endCursor} nodes {ticket} } }"""
REFUSED = [{"code": "FORBIDDEN", "scope": "complaints:read"}]

pytestmark = [pytest.mark.outside, needs_node, patient]


@pytest.fixture
async def schema_file(hub: Hub, tmp_path: Path) -> Path:
    """The schema for clients."""
    await install()
    file = tmp_path / "schema.graphql"
    file.write_text(await hub.command("schema", "--api"))
    return file


async def whole_list(url: str) -> list[str]:
    """Return the tickets of the list that each client reads, in order."""
    tickets: list[str] = []
    page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        listed = (await data(url, LIST, {"after": page["endCursor"]}))["complaints"]
        tickets += [node["ticket"] for node in listed["nodes"]]
        page = listed["pageInfo"]
    assert len(tickets) > 300
    return tickets


async def test_relay_compiles_strictly_and_pages_both_ways(url: str, schema_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "relay"
    folder.mkdir()
    result = json.loads(await run("node", "relay.mjs", f"{url}/graphql", TOKEN, str(folder), str(schema_file)))
    tickets = await whole_list(url)
    assert result["forward"] == result["backward"] == tickets
    assert result["total"] == len(tickets)
    assert result["asked"] == 2 * -(-len(tickets) // 100)
    assert len(result["artifacts"]) == 4


async def test_urql_pages_both_ways_and_keeps_data_beside_an_error(url: str, schema_file: Path) -> None:
    result = json.loads(await run("node", "urql.mjs", f"{url}/graphql", TOKEN, str(schema_file)))
    assert result["forward"] == result["backward"] == await whole_list(url)
    assert result["refused"] == REFUSED
    assert result["kept"] == [{"ticket": "string", "text": None}]


async def test_strictly_generated_typescript_compiles(schema_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "codegen"
    folder.mkdir()
    result = json.loads(await run("node", "codegen.mjs", str(folder), str(schema_file), seconds=300))
    assert result["anys"] == 0
    assert result["lines"] > 100


async def test_apollo_client_drops_data_of_a_missing_scope_by_default(url: str) -> None:
    """``errorPolicy: "all"`` keeps the rest, and a field that is not included is no error (docs/access.md)."""
    await install()
    result = json.loads(await run("node", "apollo_scopes.mjs", f"{url}/graphql"))
    assert result["byDefault"] == {"tickets": None, "codes": ["FORBIDDEN"]}
    assert result["all"] == {"tickets": 1, "text": None, "codes": ["FORBIDDEN"]}
    assert not result["mayRead"]
    assert result["included"] == {"tickets": 1, "codes": []}
