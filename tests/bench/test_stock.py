"""The graph written with Strawberry, DataLoaders and SQLAlchemy answers the officer's queries as the hub does."""

from __future__ import annotations

import httpx
import pytest

from bench.cases import QUERIES
from bench.comparison import comparable, differences
from bench.stock.app import build
from hub.viewer import Viewer
from tests.schema.harness import Stage


@pytest.mark.parametrize("query", ["desk", "lean"])
async def test_it_answers_as_the_hub_does(filled: Stage, viewers: dict[str, Viewer], query: str) -> None:
    app = build(filled.database.url)
    after: str | None = None
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        for _ in range(3):
            expected = await filled.got(viewers["officer"], QUERIES[query], after=after)
            answer = (
                await client.post("/graphql", json={"query": QUERIES[query], "variables": {"after": after}})
            ).json()
            assert "errors" not in answer
            assert list(differences(comparable(expected), comparable(answer["data"]))) == []
            after = expected["complaints"]["pageInfo"]["endCursor"]
    await app.close()
