"""Subscriptions by ``graphql-transport-ws``: events, credentials, limits, and a code for every end."""

from __future__ import annotations

import contextlib

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hub.api.streams import graphql_websocket, registry
from tests.api.streams.harness import CENTRAL, Place
from tests.api.streams.sockets import connected
from tests.auth.harness import submit
from tests.fake_connector import payment

CHANGES = """subscription($after: String, $systems: [String!]) {changes(after: $after, systems: $systems) {
    ... on ChangeEdge {cursor node {subject position node {id}}}
    ... on Gap {from to reason snapshot} ... on Checkpoint {cursor} } }"""
COMPLAINT = "subscription($ticket: String!) {complaint(ticket: $ticket) {ticket status title} }"
CACHED = "a" * 40


async def test_changes_come_after_a_cursor_and_then_live(place: Place) -> None:
    await place.commit(payment("P1"))
    async with connected(place.url, place.tokens["central"]) as socket:
        await socket.begin()
        await socket.subscribe(CHANGES, after="e30")
        first = (await socket.next())["data"]["changes"]
        assert (first["node"]["subject"], first["node"]["node"]) == ("P1", None)
        assert (await socket.next())["data"]["changes"] == {"cursor": first["cursor"]}
        await place.commit(payment("P2"))
        assert (await socket.next())["data"]["changes"]["node"]["subject"] == "P2"


async def test_a_browser_sends_its_token_in_the_first_message(place: Place) -> None:
    async with connected(place.url) as socket:
        await socket.begin(Authorization=f"Bearer {place.tokens['central']}")
        await socket.subscribe(CHANGES)
        assert (await socket.next())["data"]["changes"].keys() == {"cursor"}
        await socket.send(type="complete", id="1")
        await socket.subscribe("{systems {name} }", "2")
        assert (await socket.next("2"))["data"]["systems"]
        assert await socket.receive() == {"id": "2", "type": "complete"}


async def test_a_complaint_is_live_for_its_reporter_and_partner(place: Place) -> None:
    made = await submit(place.stage.first, authorization=f"Bearer {place.tokens['partner']}")
    await place.sequence()
    code = f"{made['ticket']} {made['trackingCode']}"
    async with connected(place.url) as reporter, connected(place.url, place.tokens["partner"]) as partner:
        await reporter.begin(**{"hub-tracking-code": code})
        await partner.begin()
        for socket in (reporter, partner):
            await socket.subscribe(COMPLAINT, ticket=made["ticket"])
            assert (await socket.next())["data"]["complaint"]["status"] == "RECEIVED"
        await place.stage.run("update complaints set status = 'CLOSED'")
        await place.sequence()
        for socket in (reporter, partner):
            assert (await socket.next())["data"]["complaint"]["status"] == "CLOSED"


async def test_a_code_that_is_renewed_ends_an_idle_stream(place: Place) -> None:
    made = await submit(place.stage.first, authorization=f"Bearer {place.tokens['partner']}")
    await place.sequence()
    async with connected(place.url) as reporter, connected(place.url) as other:
        await reporter.begin(**{"hub-tracking-code": f"{made['ticket']} {made['trackingCode']}"})
        await other.begin()
        for socket in (reporter, other):
            await socket.subscribe(COMPLAINT, ticket=made["ticket"])
            await socket.next()
        # Nothing comes over the stream that would be checked.
        await place.stage.run("update complaints set code_seed = gen_random_uuid(), code_renewed_at = now()")
        code, reason = await reporter.closed()
        assert (code, reason.partition(":")[0]) == (4401, "TOKEN_REVOKED")
        await other.subscribe("{ systems { name } }", "2")
        assert (await other.next("2"))["data"]["systems"]


async def test_a_void_code_ends_a_stream(place: Place) -> None:
    made = await submit(place.stage.first, authorization=f"Bearer {place.tokens['partner']}")
    await place.sequence()
    async with connected(place.url) as reporter:
        await reporter.begin(**{"hub-tracking-code": f"{made['ticket']} {made['trackingCode']}"})
        await reporter.subscribe(COMPLAINT, ticket=made["ticket"])
        await reporter.next()
        await place.stage.run("update complaints set secret = true")
        assert (await reporter.closed())[1].startswith("TOKEN_REVOKED")


async def test_a_hidden_complaint_gives_no_sign_of_its_changes(place: Place) -> None:
    made = await submit(place.stage.first, authorization=f"Bearer {place.tokens['partner']}")
    await place.sequence()
    async with connected(place.url, place.tokens["central"]) as socket:
        await socket.begin()
        await socket.subscribe(COMPLAINT, ticket=made["ticket"])
        assert (await socket.next())["data"]["complaint"] is None
        await place.stage.run("update complaints set rating = 3")
        await place.sequence()
        await place.stage.run("update complaints set status = 'VERIFIED', verified_at = now()")
        await place.sequence()
        shown = (await socket.next())["data"]["complaint"]
    assert shown["status"] == "VERIFIED"


async def test_a_system_is_live_for_everybody(place: Place) -> None:
    async with connected(place.url) as socket:
        await socket.begin()
        await socket.subscribe('subscription {system(name: "fake") {name downSince} }')
        assert (await socket.next())["data"]["system"] == {"name": "fake", "downSince": None}
        await place.stage.run("update systems set down_since = '2026-01-01' where name = 'fake'")
        found = None
        while found is None:
            found = (await socket.next())["data"]["system"]["downSince"]


@pytest.mark.parametrize(
    ("statement", "code", "reason"),
    [
        ("update clients set suspended_at = now() where id = 'central'", 4401, "CLIENT_SUSPENDED"),
        ("update clients set scopes = '{}' where id = 'central'", 4403, "RIGHTS_CHANGED"),
    ],
)
async def test_what_is_revoked_closes_the_connection(place: Place, statement: str, code: int, reason: str) -> None:
    async with connected(place.url, place.tokens["central"]) as socket:
        await socket.begin()
        await socket.subscribe(CHANGES)
        await socket.next()
        await place.stage.run(statement)
        closed = await socket.closed()
    assert (closed[0], closed[1].partition(":")[0]) == (code, reason)


async def test_a_stopping_hub_and_a_token_that_ends_say_come_back(place: Place) -> None:
    assert (await _closed_at_the_end_of_its_token(place))[0] == 4403
    async with connected(place.url, place.tokens["central"]) as second:
        await second.begin()
        place.app.state.stop_streams()
        assert await second.closed() == (1012, "GOING_AWAY: The hub restarts; connect again, from the last cursor.")


async def _closed_at_the_end_of_its_token(place: Place) -> tuple[int, str]:
    """Return how a stream is closed when its token ends; a machine that is too slow to begin it gets a longer one."""
    for seconds in (1, 8, 60):
        short = await place.stage.token(CENTRAL.id, CENTRAL.id, CENTRAL.scopes[0], seconds=seconds)
        with contextlib.suppress(ConnectionClosed, InvalidStatus):
            async with connected(place.url, short) as socket:
                await socket.begin()
                return await socket.closed()
    raise AssertionError("no stream began within a minute")


async def test_an_operation_that_is_not_allowed_is_an_error(place: Place) -> None:
    async with connected(place.url, place.tokens["central"]) as socket:
        await socket.begin()
        for query, code in (
            ("subscription {nothing}", "GRAPHQL_VALIDATION_FAILED"),
            ('subscription {changes(systems: ["hub"]) {__typename} }', "BAD_INPUT"),
            ('subscription {changes(after: "x") {__typename} }', "BAD_INPUT"),
        ):
            await socket.subscribe(query)
            message = await socket.receive()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", code)
    async with connected(place.url) as socket:
        await socket.begin()
        await socket.subscribe(CHANGES)
        assert (await socket.receive())["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_client_may_have_a_number_of_streams(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MAX_PER_ACCOUNT", 1)
    async with connected(place.url, place.tokens["central"]) as socket:
        await socket.begin()
        await socket.subscribe(CHANGES)
        await socket.next()
        await socket.subscribe(CHANGES, "2")
        refused = await socket.receive()
        assert (refused["id"], refused["payload"][0]["extensions"]["code"]) == ("2", "TOO_MANY_STREAMS")
        async with connected(place.url, place.tokens["central"]) as another:
            await another.send(type="connection_init")
            assert (await another.closed())[0] == 4403


async def test_violations_of_the_protocol_have_its_codes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(place.url, protocol="graphql-ws") as socket:
        assert (await socket.closed())[0] == 4406
    async with connected(place.url) as socket:
        await socket.subscribe(CHANGES)
        assert (await socket.closed())[0] == 4401
    async with connected(place.url, "not-a-token") as socket:
        await socket.send(type="connection_init")
        assert (await socket.closed())[0] == 4401
    async with connected(place.url) as socket:
        await socket.begin()
        await socket.send(type="ping")
        assert await socket.receive() == {"type": "pong"}
        await socket.send(type="connection_init")
        assert (await socket.closed())[0] == 4429
    async with connected(place.url) as socket:
        await socket.begin()
        await socket.connection.send("[]")
        assert (await socket.closed())[0] == 4400
    async with connected(place.url, place.tokens["central"]) as socket:
        await socket.begin()
        await socket.subscribe(CHANGES)
        await socket.subscribe(CHANGES)
        assert (await socket.closed())[0] == 4409
    monkeypatch.setattr(graphql_websocket, "INIT_TIMEOUT", 0.01)
    async with connected(place.url) as socket:
        assert (await socket.closed())[0] == 4408


async def test_a_page_of_another_origin_opens_no_socket(place: Place) -> None:
    with pytest.raises(InvalidStatus):
        async with connected(place.url, origin="https://evil.example"):
            pass
    async with connected(place.url, origin=place.url) as socket:
        await socket.begin()
