"""``GET /feed``: nothing is missed when a reader comes back, and every end has a code."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from hub.api.streams import registry
from hub.store.feed.cursors import decode
from tests.api.streams.harness import CENTRAL, Place, upcoming
from tests.fake_connector import payment
from tests.serving import serve
from tests.waits import hanging


async def test_a_reader_that_comes_back_misses_nothing(place: Place) -> None:
    await place.commit(payment("P1"), payment("P2"))
    async with place.feed(after="e30") as events:
        first = await upcoming(events)
        assert (first.event, first.data["subject"], first.data["position"]) == ("change", "P1", 1)
    await place.commit(payment("P3"))
    async with place.feed(after="e30", last_event_id=first.id) as events:
        assert [(await upcoming(events)).data["subject"] for _ in range(2)] == ["P2", "P3"]
        assert (await upcoming(events)).event == "checkpoint"
        await place.commit(payment("P4"))
        last = await upcoming(events)
    assert last.data["after"]["status"] == "SUCCESS"
    assert decode(last.id) == {"fake": 4}


async def test_a_reader_from_now_has_a_cursor_before_the_first_change(place: Place) -> None:
    await place.commit(payment("P1"))
    async with place.feed() as events:
        checkpoint = await upcoming(events)
    assert (checkpoint.event, decode(checkpoint.id)) == ("checkpoint", {"fake": 1})


async def test_a_filter_leaves_out_the_rest_and_the_cursor_moves(place: Place) -> None:
    async with place.feed(subjects="P2,P3", kinds="payment", systems="fake", after="e30") as events:
        assert (await upcoming(events)).event == "checkpoint"
        await place.commit(payment("P1"))
        await place.commit(payment("P2"))
        found = await upcoming(events)
    assert (found.data["subject"], decode(found.id)) == ("P2", {"fake": 2})


async def test_lines_of_ndjson_come_on_request(place: Place) -> None:
    await place.commit(payment("P1"))
    async with (
        place.client("central", accept="application/x-ndjson") as client,
        client.stream("GET", "/feed?after=e30") as response,
    ):
        assert response.headers["content-type"] == "application/x-ndjson"
        lines = response.aiter_lines()
        async with hanging():
            change, checkpoint = [json.loads(await anext(lines)) for _ in range(2)]
    assert (change["event"], change["data"]["subject"]) == ("change", "P1")
    assert checkpoint == {"event": "checkpoint", "cursor": change["cursor"], "data": {}}


async def test_a_suspended_client_is_cut_off_with_a_code(place: Place) -> None:
    async with place.feed() as events:
        await upcoming(events)
        await place.stage.run("update clients set suspended_at = now() where id = 'central'")
        end = await upcoming(events)
        assert (end.event, end.data["code"]) == ("end", "CLIENT_SUSPENDED")
        with pytest.raises(StopAsyncIteration):
            await upcoming(events)


async def test_a_token_that_ends_ends_the_stream(place: Place) -> None:
    place.tokens["short"] = await place.stage.token(CENTRAL.id, CENTRAL.id, CENTRAL.scopes[0], seconds=2)
    async with place.feed("short") as events, hanging():
        # On a slow machine the token ends before the checkpoint is sent.
        seen = [event async for event in events]
    assert (seen[-1].event, seen[-1].data["code"]) == ("end", "TOKEN_EXPIRED")


async def test_a_client_that_loses_a_scope_is_cut_off(place: Place) -> None:
    async with place.feed() as events:
        await upcoming(events)
        await place.stage.run("update clients set scopes = '{}' where id = 'central'")
        assert (await upcoming(events)).data["code"] == "RIGHTS_CHANGED"


async def test_a_stopping_hub_says_when_to_come_back(place: Place) -> None:
    async with place.feed() as events:
        await upcoming(events)
        place.app.state.stop_streams()
        end = await upcoming(events)
    assert end.data["code"] == "GOING_AWAY"
    assert end.data["retryAfter"] == registry.COME_BACK
    async with place.client("central") as client:
        assert (await client.get("/feed")).status_code == 503


async def test_a_server_that_stops_ends_its_streams_first(place: Place) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(AsyncExitStack())
        second = replace(place, url=await server.enter_async_context(serve(place.app)))
        events = await stack.enter_async_context(second.feed())
        await upcoming(events)
        stopping = asyncio.create_task(server.aclose())
        assert (await upcoming(events)).data["code"] == "GOING_AWAY"
        await stopping


async def test_a_client_has_a_number_of_streams(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MAX_PER_ACCOUNT", 1)
    async with place.feed() as events:
        await upcoming(events)
        async with place.client("central") as client:
            refused = await client.get("/feed")
        assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_STREAMS")
        assert '"streams";q=1;qu="concurrent-requests"' in refused.headers["ratelimit-policy"]
        assert '"streams";r=0' in refused.headers["ratelimit"]
    async with place.feed() as events:
        await upcoming(events)


@pytest.mark.parametrize(
    ("who", "query", "status", "code"),
    [
        ("", "", 401, "UNAUTHENTICATED"),
        ("central", "after=x", 400, "BAD_INPUT"),
        ("central", "systems=other", 400, "BAD_INPUT"),
        ("central", "kinds=ghost", 400, "BAD_INPUT"),
        ("central", "subjects=a%00b", 400, "BAD_INPUT"),
    ],
)
async def test_bad_input_is_refused_before_a_stream(place: Place, who: str, query: str, status: int, code: str) -> None:
    async with place.client(who) as client:
        answer = await client.get(f"/feed?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
