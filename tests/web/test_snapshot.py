"""``GET /bulk/{system}``: consistent with its cursor while others write, bounded, and the viewer's own view."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import structlog

from hub.app import build
from hub.auth.scopes import sync_scope
from hub.connectors.base import Raw
from hub.connectors.http import Http
from hub.store import migrate
from hub.store.access import clients
from hub.store.access.clients import Client
from hub.store.feed import snapshots
from hub.store.feed.cursors import decode, encode
from hub.sync.ingest import Ingest
from hub.viewer import WORKER
from hub.web import snapshot
from tests.auth.viewers.stage import CAUSE, PARTNER, READ, Stage, staged, submit
from tests.fake import Fake, FakeSettings, World, payment, report
from tests.serving import serve
from tests.sync import undisturbed

SYNC = sync_scope("fake").name
CENTRAL = Client("central", "Pusat", "Uji", "client_secret_basic", ("client_credentials",), (SYNC,))
CHANGES = """query($after: String) {changes(first: 100, after: $after) {
    edges {cursor node {system kind subject before after removed}} pageInfo {endCursor hasNextPage}}}"""


@dataclass
class Place:
    """A hub behind a real port, a system in it, and clients' tokens."""

    stage: Stage
    url: str
    tokens: dict[str, str]

    async def get(self, system: str = "fake", who: str = "central", **query: str) -> httpx.Response:
        async with self.client(who) as client:
            return await client.get(f"/bulk/{system}", params=query)

    def client(self, who: str) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False)

    async def taken(self, system: str = "fake", who: str = "central") -> tuple[str, list[dict[str, Any]]]:
        """The cursor and the rows of a whole snapshot."""
        answer = await self.get(system, who)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/x-ndjson"
        head, *rows, last = map(json.loads, answer.text.splitlines())
        assert head.keys() == {"system", "cursor", "at"}
        assert last == {"count": len(rows)}
        return head["cursor"], rows

    async def changes(self, after: str | None, who: str = "central") -> tuple[list[dict[str, Any]], str]:
        """What changed since a cursor, to the end, as a client pages it; and the cursor there."""
        told = []
        async with self.client(who) as client:
            while True:
                answer = await client.post("/graphql", json={"query": CHANGES, "variables": {"after": after}})
                body = answer.json()
                assert "errors" not in body, body
                page = body["data"]["changes"]
                told += [edge["node"] for edge in page["edges"]]
                after = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"]:
                    assert after
                    return told, after

    async def records(self, *items: Raw) -> None:
        async with Http("http://127.0.0.1:9") as http, self.stage.database.write(CAUSE) as db:
            connector = Fake(FakeSettings(), http, World())
            await Ingest(connector, self.stage.keys._seal).batch(db, items, datetime.now(UTC))


@pytest.fixture
async def place(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(snapshots, "BATCH", 10)
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(staged(database_url))
        await migrate.migrate(database_url, [(Fake, FakeSettings())])
        partner = await stage.partner_token()
        await stage.client(CENTRAL)
        app = build(stage.settings)
        await stack.enter_async_context(app.router.lifespan_context(app))
        url = await stack.enter_async_context(serve(app))
        central = await stage.token(CENTRAL.id, CENTRAL.id, SYNC)
        yield Place(stage, url, {"central": central, "partner": partner})


def applied(rows: list[dict[str, Any]], changes: list[dict[str, Any]]) -> dict[str, Any]:
    """A copy that began with a snapshot and followed the changes."""
    copy = {row["subject"]: dict(row["facts"]) for row in rows}
    for change in changes:
        copy[change["subject"]] = {**copy.get(change["subject"], {}), **change["after"]}
    return copy


async def test_a_copy_that_begins_with_a_snapshot_and_follows_is_whole(place: Place) -> None:
    dice, version = random.Random(1), 0
    await place.records(*(payment(f"P{n}", version=0) for n in range(60)))

    async def write() -> None:
        nonlocal version
        while True:
            version += 1
            numbers = dice.sample(range(60), 5)
            await place.records(*(payment(f"P{n}", version=version, amount=str(version)) for n in numbers))
            await asyncio.sleep(0)

    async def sequence() -> None:
        while True:
            await asyncio.sleep(dice.random() / 20)
            await undisturbed.sequence(place.stage.database)

    working = [asyncio.create_task(write()), asyncio.create_task(sequence())]
    begun = []
    for _ in range(6):
        await asyncio.sleep(0.2)
        begun.append(await place.taken())
    for task in working:
        task.cancel()
    await asyncio.wait(working)
    await undisturbed.sequence(place.stage.database)
    _, rows = await place.taken()
    assert len(rows) == 60
    overlaps = 0
    for cursor, early in begun:
        told, _ = await place.changes(cursor)
        overlaps += len(told)
        assert applied(early, told) == applied(rows, [])
    assert overlaps
    assert applied([], (await place.changes(None))[0]) == applied(rows, [])


async def test_a_row_tells_a_record_as_its_changes_do_and_what_is_gone_too(place: Place) -> None:
    await place.records(payment("P1", amount="4000.5"), report("1"), report("2", secret=True))
    await place.stage.run("update records set gone_at = now() where external_id = '1'")
    _, rows = await place.taken()
    found = {row["subject"]: row for row in rows}
    assert found.keys() == {"P1", "1"}
    assert (found["P1"]["kind"], found["P1"]["version"], found["P1"]["removed"]) == ("payment", 1, False)
    assert found["P1"]["facts"]["amount"] == "4000.50"
    assert found["1"]["removed"] is True
    assert not found["1"]["facts"].keys() & {"title", "content", "notes"}
    await undisturbed.sequence(place.stage.database)
    (created, *_), _ = await place.changes(None)
    assert created["after"] == found["P1"]["facts"]


async def test_a_partner_pages_what_it_submitted_and_is_told_no_more_of_a_secret_complaint_than_elsewhere(
    place: Place,
) -> None:
    async with place.client("") as client:
        token = place.tokens["partner"]
        open_, secret = [
            (await submit(client, key=f"5f0c-000{n}", over=over, token=token))["ticket"]
            for n, over in enumerate(("", ", secret: true"))
        ]
    await place.stage.run("update complaints set rating = 3, status = 'VERIFIED'")
    await undisturbed.sequence(place.stage.database)
    told, end = await place.changes(None, "partner")
    assert [(each["subject"], each["before"]) for each in told[2:]] == [
        (open_, {"rating": None, "status": "RECEIVED"}),
        (secret, {"status": "RECEIVED"}),
    ]
    assert (await place.changes(end, "partner"))[0] == []
    cursor, rows = await place.taken("hub", "partner")
    assert cursor == end
    facts = {row["subject"]: row["facts"] for row in rows}
    assert facts[open_]["rating"] == 3
    assert facts[secret].keys() <= {
        *("ticket", "status", "secret", "receivedAt", "verifiedAt", "answeredAt", "closedAt", "dueAt", "dueEstimated")
    }
    assert not facts[open_].keys() & {"submittedBy", "citizenId", "title", "text"}


async def test_its_cursor_keeps_the_place_in_other_systems_one_may_follow(place: Place) -> None:
    await place.records(payment("P1"))
    await undisturbed.sequence(place.stage.database)
    _, end = await place.changes(None)
    after = encode({"fake": 0, "hub": 7, "nowhere": 7})
    told = json.loads((await place.get(after=after)).text.splitlines()[0])
    assert told["cursor"] == end
    await place.stage.client(replace(CENTRAL, id="both", scopes=(SYNC, READ)))
    place.tokens["both"] = await place.stage.token("both", "both", SYNC, READ)
    told = json.loads((await place.get(who="both", after=after)).text.splitlines()[0])
    assert decode(told["cursor"]) == {**decode(end), "hub": 7}


@pytest.mark.parametrize("after", ["", "%%%", "WzFd", encode({"hub": -1})])
async def test_a_cursor_that_was_made_up_is_refused(place: Place, after: str) -> None:
    answer = await place.get(after=after)
    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_INPUT")


@pytest.mark.parametrize(
    ("system", "who", "status", "code"),
    [
        ("fake", "", 401, "UNAUTHENTICATED"),
        ("fake", "partner", 404, "NOT_FOUND"),
        ("nowhere", "central", 404, "NOT_FOUND"),
        ("hub", "central", 404, "NOT_FOUND"),
    ],
)
async def test_a_system_one_may_not_read_looks_like_one_that_is_not_there(
    place: Place, system: str, who: str, status: int, code: str
) -> None:
    answer = await place.get(system, who)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert READ in PARTNER.scopes


async def test_rows_leave_in_batches_from_a_cursor_at_the_server(place: Place) -> None:
    await place.records(*(payment(f"P{n}") for n in range(35)))
    async with snapshots.opened(place.stage.database, WORKER, "fake") as told:
        assert told
        first = await anext(told.rows)
        fetching = await place.stage.rows("select count(*) from pg_stat_activity where query ilike 'fetch forward%'")
        sizes = [len(first), *[len(batch) async for batch in told.rows]]
    assert sizes == [10, 10, 10, 5]
    assert fetching == [(1,)]


@pytest.mark.parametrize("stalls", [False, True])
async def test_others_wait_while_enough_are_told_and_who_goes_away_or_stops_reading_makes_room(
    place: Place, monkeypatch: pytest.MonkeyPatch, stalls: bool
) -> None:
    monkeypatch.setattr(snapshot, "PATIENCE", 1.0 if stalls else 30.0)
    await place.records(*(payment(f"P{n}") for n in range(300)))
    # More than the buffers between server and client hold.
    await place.stage.run("update records set body = body || jsonb_build_object('stop', repeat('K', 100000))")
    async with AsyncExitStack() as stack:
        for _ in range(snapshot.AT_ONCE):
            client = await stack.enter_async_context(place.client("central"))
            answer = await stack.enter_async_context(client.stream("GET", "/bulk/fake"))
            assert answer.status_code == 200
        refused = await place.get()
        assert (refused.status_code, refused.json()["code"]) == (503, "TRY_LATER")
        assert refused.headers["retry-after"] == "5"
        if stalls:
            await free(place)
    await free(place)


async def test_a_request_whose_body_does_not_come_keeps_nobody_waiting(place: Place) -> None:
    host, port = place.url.removeprefix("http://").split(":")
    head = f"GET /bulk/fake HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {place.tokens['central']}\r\n"
    writers = []
    for _ in range(snapshot.AT_ONCE):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"{head}content-length: 5\r\n\r\n".encode())
        writers.append(writer)
    await asyncio.sleep(0.5)
    try:
        await place.taken()
    finally:
        for writer in writers:
            writer.close()
            await writer.wait_closed()


async def test_a_snapshot_whose_database_breaks_off_is_cut(place: Place) -> None:
    await place.records(*(payment(f"P{n}") for n in range(300)))
    await place.stage.run("update records set body = body || jsonb_build_object('stop', repeat('K', 100000))")
    end = "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'fetch forward%'"
    with structlog.testing.capture_logs() as logs:
        async with place.client("central") as client, client.stream("GET", "/bulk/fake") as answer:
            async with asyncio.timeout(10):
                while not await place.stage.rows(end):
                    await asyncio.sleep(0.01)
            with pytest.raises(httpx.RemoteProtocolError):
                await answer.aread()
    events = [line["event"] for line in logs]
    assert "snapshot cut" in events
    assert "fault" not in events
    await free(place)


async def test_a_snapshot_costs_as_much_as_reading_everything_does(place: Place) -> None:
    await place.stage.client(replace(CENTRAL, id="second", cost_per_minute=snapshot.COST))
    place.tokens["second"] = await place.stage.token("second", "second", SYNC)
    await place.taken(who="second")
    told = await place.get(who="second")
    assert (told.status_code, told.json()["code"]) == (429, "RATE_LIMITED")
    assert int(told.headers["retry-after"]) >= 1


async def test_a_snapshot_is_cut_when_its_client_is_suspended(place: Place) -> None:
    await place.records(*(payment(f"P{n}") for n in range(300)))
    # More than the buffers between server and client hold.
    await place.stage.run("update records set body = body || jsonb_build_object('stop', repeat('K', 100000))")
    async with place.client("central") as client, client.stream("GET", "/bulk/fake") as answer:
        assert answer.status_code == 200
        async with place.stage.database.write(CAUSE) as db:
            await clients.suspend(db, CENTRAL.id)
        await asyncio.sleep(1)
        with pytest.raises(httpx.RemoteProtocolError):
            await answer.aread()
    assert (await place.get()).status_code == 401


async def free(place: Place) -> None:
    """Wait until another may take a snapshot."""
    async with asyncio.timeout(10):
        while (await place.get("nowhere")).status_code != 404:
            await asyncio.sleep(0.05)
