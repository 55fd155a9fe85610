"""Subscriptions as server-sent events, in both modes of graphql-sse."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hub.api.streams import graphql_single
from tests.api.streams.harness import Place, Sent, server_sent_events, upcoming
from tests.api.streams.test_websocket import CHANGES
from tests.fake_connector import payment

EVENTS = "text/event-stream"


async def test_an_operation_has_its_own_connection(place: Place) -> None:
    await place.commit(payment("P1"))
    body = {"query": CHANGES, "variables": {"after": "e30"}}
    async with (
        place.client("central", accept=EVENTS) as client,
        client.stream("POST", "/graphql", json=body) as response,
    ):
        events = server_sent_events(response)
        first, checkpoint = [await upcoming(events) for _ in range(2)]
        assert first.data["data"]["changes"]["node"]["subject"] == "P1"
        assert checkpoint.data["data"]["changes"] == {"cursor": first.data["data"]["changes"]["cursor"]}
        await place.commit(payment("P2"))
        assert (await upcoming(events)).data["data"]["changes"]["node"]["subject"] == "P2"
        await place.stage.run("update clients set suspended_at = now() where id = 'central'")
        end, complete = [await upcoming(events) for _ in range(2)]
    assert end.data["errors"][0]["extensions"]["code"] == "CLIENT_SUSPENDED"
    assert complete == Sent("complete", "", None)


async def test_an_event_source_of_a_browser_needs_only_a_url(place: Place) -> None:
    query = {"query": 'subscription {system(name: "fake") {name} }'}
    async with (
        place.client("", accept=EVENTS) as client,
        client.stream("GET", "/graphql", params=query) as response,
    ):
        assert (await upcoming(server_sent_events(response))).data == {"data": {"system": {"name": "fake"}}}


async def test_without_a_stream_a_subscription_says_how(place: Place) -> None:
    async with place.client("central") as client:
        answer = await client.post("/graphql", json={"query": CHANGES})
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (406, "NOT_ACCEPTABLE")
        by_get = await client.get("/graphql", params={"query": "mutation {x}"}, headers={"accept": EVENTS})
        assert '"errors"' in by_get.text
        assert by_get.text.endswith("event: complete\ndata: \n\n")


async def test_operations_share_a_reserved_stream(place: Place) -> None:
    async with place.client("central") as client:
        token = (await client.put("/graphql/stream")).text
        own = {"x-graphql-event-stream-token": token}

        async def start(name: str, query: str, **variables: Any) -> httpx.Response:
            body = {"query": query, "variables": variables, "extensions": {"operationId": name}}
            return await client.post("/graphql/stream", json=body, headers=own)

        assert (await start("1", CHANGES)).status_code == 409
        async with client.stream("GET", "/graphql/stream", headers=own) as response:
            events = server_sent_events(response)
            assert (await start("1", CHANGES, after="e30")).status_code == 202
            assert (await upcoming(events)).data["id"] == "1"
            assert (await start("1", CHANGES)).status_code == 409
            assert (await start("2", "{systems {name} }")).status_code == 202
            assert (await upcoming(events)).data["payload"]["data"]["systems"]
            assert await upcoming(events) == Sent("complete", "", {"id": "2"})
            await place.commit(payment("P1"))
            found = await upcoming(events)
            assert found.data["payload"]["data"]["changes"]["node"]["subject"] == "P1"
            stopped = await client.delete("/graphql/stream?operationId=1", headers=own)
            assert stopped.status_code == 200
            async with place.client("partner") as other:
                assert (await other.get("/graphql/stream", headers=own)).status_code == 404
            place.app.state.stop_streams()
            assert [each async for each in events] == []
        assert (await client.get("/graphql/stream", headers=own)).status_code == 404


async def test_who_reserves_many_streams_keeps_nobody_else_out(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_single, "MAX_PER_ACCOUNT", 2)
    async with place.client("central") as client, place.client("partner") as other:
        answers = [await client.put("/graphql/stream") for _ in range(3)]
        assert [each.status_code for each in answers] == [201, 201, 429]
        assert answers[2].json()["errors"][0]["extensions"]["code"] == "TOO_MANY_STREAMS"
        assert (await other.put("/graphql/stream")).status_code == 201
