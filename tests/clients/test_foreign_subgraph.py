"""A service that another agency wrote joins the graph behind a gateway, as docs/federation.md describes."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients import CLIENTS, install, needs_node, patient, run
from tests.clients.gateways import CONFIGURATION, hive_gateway, process
from tests.clients.hub_server import Hub, ask, free_port

pytestmark = [pytest.mark.outside, needs_node, patient]

PAGE = CONFIGURATION.parents[2] / "federation.md"
SCOPES = ("complaints:submit", "complaints:read")
SUBMIT = """mutation { submitComplaint(input: {idempotencyKey: "foreign-subgraph", channel: GOJEK, class: COMPLAINT,
  title: "Bus tidak berhenti di halte", text: "Bus tidak berhenti di halte pagi ini.", areaCode: "33.74",
  agencyCode: "DISHUB", anonymous: true}) { ... on SubmitComplaintPayload { ticket } } }"""
PLAN = """mutation($ticket: String!) { planInspection(ticket: $ticket, on: "2026-12-01") {
  on complaint { ticket status agency { name } } } }"""
JOINED = """query($ticket: String!) { complaint(ticket: $ticket) {
  ticket title inspections { on } agency { name counters { address agency { code nameEn } } } }
  counters { agency { name } } }"""
GUARDED = "{ complaints(first: 1) { edges { node { ticket text inspections { on } } } } counters { agency { name } } }"
COUNTERS = '{ agency(code: "DISHUB") { name counters { opens agency { nameEn } } } }'
OPENS = [{"opens": "08.00-15.00", "agency": {"nameEn": "Transport Office"}}]


@dataclass
class Joined:
    """The hub, the service and the gateway over both, by their URLs; ``token`` is that of a partner."""

    hub: str
    service: str
    gateway: str
    token: str
    stack: AsyncExitStack
    folder: Path

    async def start_service(self) -> None:
        """Run the service, which reads the hub's keys, until ``stop_service``."""
        port = self.service.rpartition(":")[2]
        env = {**os.environ, "HUB_URL": self.hub, "PORT": port}
        command = ("node", "subgraph.mjs")
        at = f"{self.service}/graphql?ready"
        await self.stack.enter_async_context(
            process(*command, folder=self.folder, ready_at=at, log=self.folder / "service.log", env=env)
        )

    async def stop_service(self) -> None:
        """End the service."""
        await self.stack.aclose()


@pytest.fixture(scope="module")
async def joined(hub: Hub, url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Joined]:
    """Everything in a folder like that of the example, after `npm install` in it."""
    await install()
    folder = tmp_path_factory.mktemp("federation")
    shutil.copytree(CONFIGURATION.parent, folder, dirs_exist_ok=True)
    (folder / "node_modules").symlink_to(CLIENTS / "node_modules")
    service = f"http://127.0.0.1:{free_port()}"
    async with AsyncExitStack() as services:
        both = Joined(url, service, "", await _token(hub, url), services, folder)
        await both.start_service()
        arguments = (f"hub={url}/graphql", f"counters={service}/graphql")
        (folder / "supergraph.graphql").write_text(await run("node", str(folder / "compose.mjs"), *arguments))
        async with hive_gateway(folder / "supergraph.graphql") as both.gateway:
            yield both


async def _token(hub: Hub, url: str) -> str:
    """Return an access token of a partner."""
    usual = ("--id", "survei", "--name", "Survei", "--organisation", "PT Survei (contoh)")
    allowed = ("--method", "client_secret_basic", "--grant", "client_credentials", "--channel", "GOJEK")
    scopes = [argument for scope in SCOPES for argument in ("--scope", scope)]
    client = json.loads(await hub.command("clients", "create", *usual, *allowed, *scopes, "--json"))
    async with httpx.AsyncClient(trust_env=False) as http:
        auth = httpx.BasicAuth(client["id"], client["secret"])
        answer = await http.post(f"{url}/oauth/token", data={"grant_type": "client_credentials"}, auth=auth)
    return str(answer.json()["access_token"])


async def asked(joined: Joined, query: str, token: str | None, **variables: Any) -> dict[str, Any]:
    return await ask(joined.gateway, query, variables, token=token)


def test_the_packages_that_the_page_names_are_those_tried() -> None:
    named = re.search(r"^npm install (.+)$", PAGE.read_text(), re.MULTILINE)
    assert named
    tried = json.loads((CLIENTS / "package.json").read_text())["dependencies"]
    assert {re.sub(r"(?<=.)@.*", "", name) for name in named[1].split()} <= tried.keys()


async def test_one_query_joins_the_hub_and_the_service(joined: Joined) -> None:
    submitted = (await asked(joined, SUBMIT, joined.token))["data"]["submitComplaint"]
    planned = await asked(joined, PLAN, joined.token, **submitted)
    assert planned["data"]["planInspection"]["complaint"] == {
        "ticket": submitted["ticket"], "status": "RECEIVED", "agency": {"name": "Dinas Perhubungan"}
    }  # fmt: skip
    answer = await asked(joined, JOINED, joined.token, **submitted)
    assert "errors" not in answer
    complaint = answer["data"]["complaint"]
    assert (complaint["ticket"], complaint["inspections"]) == (submitted["ticket"], [{"on": "2026-12-01"}])
    (counter,) = complaint["agency"]["counters"]
    assert counter["agency"] == {"code": "DISHUB", "nameEn": "Transport Office"}
    assert all(counter["agency"]["name"] for counter in answer["data"]["counters"])


async def test_each_service_refuses_what_it_guards(joined: Joined) -> None:
    answer = await asked(joined, GUARDED, None)
    (edge,) = answer["data"]["complaints"]["edges"]
    assert edge["node"]["ticket"]
    assert (edge["node"]["text"], edge["node"]["inspections"]) == (None, None)
    codes = {
        (error["path"][-1], error["extensions"]["code"], error["extensions"]["scope"]) for error in answer["errors"]
    }
    assert codes == {(field, "FORBIDDEN", "complaints:read") for field in ("text", "inspections")}
    assert all(counter["agency"]["name"] for counter in answer["data"]["counters"])


@pytest.mark.parametrize("change", [lambda token: token[:-4] + "AAAA", lambda _: "x", lambda token: token + " x"])
async def test_another_token_opens_neither(joined: Joined, change: Any) -> None:
    answer = await asked(joined, COUNTERS, change(joined.token))
    assert not any((answer["data"] or {}).values())
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"UNAUTHENTICATED"}
    async with httpx.AsyncClient(trust_env=False) as http:
        headers = {"Authorization": f"Bearer {change(joined.token)}"}
        body = {"query": "{ counters { opens } }"}
        alone = (await http.post(f"{joined.service}/graphql", json=body, headers=headers)).json()
    assert [error["extensions"]["code"] for error in alone["errors"]] == ["UNAUTHENTICATED"]


async def test_without_the_service_the_rest_answers(joined: Joined) -> None:
    await joined.stop_service()
    try:
        answer = await asked(joined, COUNTERS, joined.token)
        assert answer["data"] == {"agency": {"name": "Dinas Perhubungan", "counters": None}}
        assert [error["path"][:2] for error in answer["errors"]] == [["agency", "counters"]]
    finally:
        await joined.start_service()
    assert await asked(joined, COUNTERS, joined.token) == {
        "data": {"agency": {"name": "Dinas Perhubungan", "counters": OPENS}}
    }
