"""``me``: a client sees the streams that it has open, and those alone."""

from __future__ import annotations

from typing import Any

from tests.api.streams.harness import Place, upcoming
from tests.api.streams.sockets import connected

QUERY = "{ me { client { id subscriptions { address webSocket since } } } }"


async def streams(place: Place, who: str) -> list[tuple[str, bool]]:
    async with place.client(who) as client:
        answer: Any = (await client.post("/graphql", json={"query": QUERY})).json()
    return [(each["address"], each["webSocket"]) for each in answer["data"]["me"]["client"]["subscriptions"]]


async def test_a_client_sees_its_open_streams_alone(place: Place) -> None:
    assert await streams(place, "central") == []
    async with place.feed() as events:
        await upcoming(events)
        async with connected(place.url, place.tokens["central"]) as socket:
            await socket.begin()
            assert await streams(place, "central") == [("/feed", False), ("/graphql", True)]
        assert await streams(place, "partner") == []
    async with place.feed("partner") as events:
        await upcoming(events)
        assert await streams(place, "partner") == [("/feed", False)]
