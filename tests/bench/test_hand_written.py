"""The hand-written endpoint, which the hub is measured beside, answers as the hub does for every kind of viewer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from asgi_lifespan import LifespanManager

from bench.cases import QUERIES, READ_BY
from bench.comparison import comparable, differences
from hub.viewer import Viewer
from tests.schema.harness import Stage

pytest.importorskip("asyncpg")

from bench.hand.app import build

READS = "select complaint_id, reader, client, purpose, fields from reads where correlation {} 'request' order by id"
EVENTS = """select action, subject, refused, details, actor, client from audit_events
    where action = 'identity:read' and request_id {} 'request' order by id"""


@pytest.fixture
async def endpoint(filled: Stage, viewers: dict[str, Viewer]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the endpoint on the same database."""
    known = {
        kind: {"name": one.name, "own": one.agency or one.ticket or one.name, "merchants": [*one.merchants]}
        for kind, one in viewers.items()
    }
    app = build({"url": filled.database.url, "viewers": known})
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client,
    ):
        yield client


@pytest.mark.parametrize(("kind", "query"), [(kind, each) for kind, queries in READ_BY.items() for each in queries])
async def test_it_answers_as_the_hub_does(
    filled: Stage, viewers: dict[str, Viewer], endpoint: httpx.AsyncClient, kind: str, query: str
) -> None:
    after, shown, pages = None, [], 0
    while pages == 0 or after:
        expected = await filled.got(viewers[kind], QUERIES[query], after=after)
        answer = (await endpoint.post(f"/{query}/{kind}", json={"after": after})).json()
        assert list(differences(comparable(expected), comparable(answer["data"]))) == []
        info = expected["complaints"]["pageInfo"]
        after, pages = info["endCursor"] if info["hasNextPage"] else None, pages + 1
        shown += [edge["node"] for edge in expected["complaints"]["edges"]]
    assert pages == (3 if kind in ("officer", "holder") else 2)
    assert any(node["agency"] for node in shown)
    if query != "citizen":
        assert any(node["centralReport"] for node in shown)
        assert any(node["payments"] for node in shown)
    if query == "desk":
        assert any(node["agency"]["procurementOrders"]["edges"] for node in shown)
        assert all(node["reporter"] for node in shown)


async def test_both_note_the_same_reads_of_reporters(
    filled: Stage, viewers: dict[str, Viewer], endpoint: httpx.AsyncClient
) -> None:
    for statement in (READS, EVENTS):
        before = [len(await filled.rows(statement.format(how))) for how in ("=", "<>")]
        await filled.got(viewers["agency"], QUERIES["desk"])
        await endpoint.post("/desk/agency", json={"after": None})
        by_hub, by_endpoint = [await filled.rows(statement.format(how)) for how in ("=", "<>")]
        added = by_hub[before[0] :], by_endpoint[before[1] :]
        assert len(added[0]) == 20
        assert sorted(map(str, added[0])) == sorted(map(str, added[1]))
