"""The Node servers of the benchmark answer the officer's queries as the hub does."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from bench.cases import QUERIES, Case
from bench.comparison import comparable, differences
from bench.contenders import node
from bench.viewers import Viewer
from tests.clients import install, needs_node, patient
from tests.clients.hub_server import Hub, data

pytestmark = [pytest.mark.outside, needs_node, patient]
OFFICER = Viewer("officer", "officer", {})


@pytest.mark.parametrize("name", ["mercurius", "yoga"])
async def test_it_answers_as_the_hub_does(hub: Hub, url: str, tmp_path: Path, name: str) -> None:
    await install()
    server = node(hub.environment["HUB_DATABASE_URL"], name, (hub.folder / "pii_key").read_text())
    async with server.running(tmp_path), httpx.AsyncClient(trust_env=False, timeout=60) as client:
        for query in ("desk", "lean"):
            after = None
            for _ in range(3):
                expected = await data(url, QUERIES[query], {"after": after})
                found = await server.ask(client, Case(query, OFFICER), after)
                assert list(differences(comparable(expected), comparable(found))) == []
                after = expected["complaints"]["pageInfo"]["endCursor"]
