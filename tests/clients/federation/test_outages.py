"""A subgraph that is down, hangs or answers nonsense: the rest is answered, and it comes back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients import needs_node, patient
from tests.clients.composition import NAMES
from tests.clients.federation.asking import asked, client
from tests.clients.federation.conftest import GATEWAYS, Supergraph
from tests.clients.federation.faulty_part import DOWN, HANGS, WRONG, FaultyPart, faulty_part
from tests.clients.hub_server import TOKEN

pytestmark = [pytest.mark.outside, needs_node, patient]

ROOTS = {
    "complaints": "complaints(last: 2) { nodes { ticket status } }",
    "reports": "centralReports(first: 2) { nodes { trackingId } }",
    "payments": "payments(first: 2) { nodes { reference } }",
    "procurement": "procurementOrders(first: 2) { nodes { orderId supplier { name } } }",
    "licensing": "permits(first: 2) { nodes { status } }",
    "agreement": "disagreements(first: 2) { nodes { pair } }",
    "systems": "systems { title }",
}
"""A field of the query type for each subgraph."""
QUERY = "{ " + " ".join(f"{name}: {field}" for name, field in ROOTS.items()) + " }"
LINKED = """{ complaints(last: 20) { nodes { ticket title agency { name } payments { reference }
    procurementOrders { orderId supplier { name } } } } }"""
CODES = {
    "hive": {DOWN: "SUBREQUEST_HTTP_ERROR", HANGS: "GATEWAY_TIMEOUT"}
    | dict.fromkeys(WRONG, "RESPONSE_VALIDATION_FAILED"),
    "apollo": dict.fromkeys([DOWN, HANGS, *WRONG], "DOWNSTREAM_SERVICE_ERROR"),
}


@dataclass(frozen=True, slots=True)
class Faulty:
    """Relays to the subgraphs by name, and gateways over them by name."""

    parts: Mapping[str, FaultyPart]
    gateways: Mapping[str, str]


@pytest.fixture(scope="module")
async def faulty(supergraph: Supergraph, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Faulty]:
    folder: Path = tmp_path_factory.mktemp("outages")
    async with AsyncExitStack() as stack:
        parts = {name: await stack.enter_async_context(faulty_part(url)) for name, url in supergraph.urls.items()}
        gateways = {}
        for name, run in GATEWAYS.items():
            text = supergraph.files[name].read_text()
            for part, url in supergraph.urls.items():
                assert url in text
                text = text.replace(url, parts[part].url)
            (folder / f"{name}.graphql").write_text(text)
            gateways[name] = await stack.enter_async_context(run(folder / f"{name}.graphql"))
        yield Faulty(parts, gateways)


def _check_errors(answer: Mapping[str, Any], part: str, code: str) -> None:
    assert {tuple(sorted(error["extensions"].items())) for error in answer["errors"]} == {
        (("code", code), ("serviceName", part))
    }
    assert {error["message"] for error in answer["errors"]} == {f"The subgraph {part} does not answer."}


def test_each_subgraph_is_asked_for() -> None:
    assert set(ROOTS) == set(NAMES)


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("part", NAMES)
async def test_the_rest_is_answered(url: str, faulty: Faulty, part: str, gateway: str) -> None:
    relay = faulty.parts[part]
    async with client() as http:
        here = await asked(http, url, TOKEN, QUERY)
        assert all(here["data"].values())
        for fault in (DOWN, *WRONG):
            await relay.set(fault)
            try:
                there = await asked(http, faulty.gateways[gateway], TOKEN, QUERY)
            finally:
                await relay.set(None)
            assert there["data"] == {**here["data"], part: None}, fault
            _check_errors(there, part, CODES[gateway][fault])
            back = await asked(http, faulty.gateways[gateway], TOKEN, QUERY)
            assert (back["data"], back.get("errors")) == (here["data"], None), fault


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_link_into_it_is_null(url: str, faulty: Faulty, gateway: str) -> None:
    async with client() as http:
        here = (await asked(http, url, TOKEN, LINKED))["data"]["complaints"]["nodes"]
        await faulty.parts["payments"].set(DOWN)
        try:
            there = await asked(http, faulty.gateways[gateway], TOKEN, LINKED)
        finally:
            await faulty.parts["payments"].set(None)
    assert any(row["agency"] for row in here)
    assert there["data"]["complaints"]["nodes"] == [{**row, "payments": None} for row in here]
    _check_errors(there, "payments", CODES[gateway][DOWN])


async def test_one_that_hangs_is_given_up(url: str, faulty: Faulty) -> None:
    rest = "{ " + " ".join(field for name, field in ROOTS.items() if name != "payments") + " }"
    relay = faulty.parts["payments"]
    async with client() as http:
        here, expected = [await asked(http, url, TOKEN, query) for query in (QUERY, rest)]
        await relay.set(HANGS)
        try:
            pending = {
                name: asyncio.ensure_future(asked(http, gateway, TOKEN, QUERY))
                for name, gateway in faulty.gateways.items()
            }
            for gateway in faulty.gateways.values():
                assert (await asked(http, gateway, TOKEN, rest))["data"] == expected["data"]
            assert not any(task.done() for task in pending.values())
            answers = {name: await task for name, task in pending.items()}
        finally:
            await relay.set(None)
        for name, there in answers.items():
            assert there["data"] == {**here["data"], "payments": None}
            _check_errors(there, "payments", CODES[name][HANGS])
            assert (await asked(http, faulty.gateways[name], TOKEN, QUERY))["data"] == here["data"]
