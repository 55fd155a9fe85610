"""The schema reference: every type of the graph, searchable, with what its fields need and cost."""

from __future__ import annotations

import httpx
import pytest

from hub.api.type_reference import Reference
from hub.schema.client_schema import client_sdl
from hub.schema.graph import schema
from tests.pages.console.conftest import words

HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def reference() -> Reference:
    sdl = schema().sdl
    return Reference(sdl, client_sdl(sdl))


def test_every_type_of_clients_is_there(reference: Reference) -> None:
    names = {line.split()[1] for line in client_sdl(schema().sdl).splitlines() if line.startswith(("type ", "enum "))}
    assert names <= reference.types.keys()
    assert [*reference.types][:2] == ["Query", "Mutation"]
    assert not any(name.startswith("_") for name in reference.types)


def test_a_field_states_scope_cost_and_arguments(reference: Reference) -> None:
    fields = {each.name: each for each in reference.types["Mutation"].entries}
    paused = fields["pauseWebhook"]
    assert paused.scopes == [["webhooks:manage"], ["hub:operate"]]
    assert (paused.cost, paused.type_name, paused.arguments[0].type_name) == (
        *("10", "PauseWebhookResult", "PauseWebhookInput"),
    )


def test_a_search_finds_names_and_descriptions(reference: Reference) -> None:
    assert {each.name for each in reference.search("pausewebhook input")} >= {"PauseWebhookInput"}
    assert reference.search("xyzzy") == []


async def test_a_reader_searches_and_opens_a_type(browser: httpx.AsyncClient) -> None:
    found = words((await browser.get("/en/schema", params={"q": "tracking code"}, headers=HTML)).text)
    assert "types have “tracking code”." in found
    assert (await browser.get("/en/schema", params={"q": "<script>"}, headers=HTML)).text.count("<script>") == 0
    page = words((await browser.get("/en/schema/Complaint", headers=HTML)).text)
    assert "Requires" in page
    assert "Used by" in page
    assert (await browser.get("/en/schema/Nothing", headers=HTML)).status_code == 404


async def test_programs_get_the_types_and_one_with_descriptions(browser: httpx.AsyncClient) -> None:
    types = {each["name"]: each for each in (await browser.get("/schema.json")).json()}
    fields = {each["name"]: each for each in types["Complaint"]["entries"]}
    assert fields["text"] == {"name": "text", "type": "String", "scopes": [["complaints:read"]]}
    assert "description" not in types["Complaint"]
    plain = await browser.get("/schema.json", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    one = (await browser.get("/schema/Complaint.json")).json()
    assert one["entries"][0]["description"]
    assert "Query" in one["usedBy"]
    assert (await browser.get("/schema/Nothing.json")).status_code == 404
