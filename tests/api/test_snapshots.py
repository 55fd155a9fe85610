"""``GET /bulk/{system}``: consistent with its cursor during writes, bounded, and restricted to the viewer."""

from __future__ import annotations

import asyncio
import gc
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import structlog

from hub.api import snapshots as snapshot
from hub.app import build
from hub.auth.scopes import sync_scope
from hub.contract import Raw, SystemDeclaration
from hub.http_client import Http
from hub.store.feed import snapshots
from hub.store.feed.cursors import decode, encode
from hub.store.oauth import clients
from hub.store.oauth.clients import Client
from hub.sync.ingest import Ingest
from hub.viewer import WORKER
from tests.auth.harness import CAUSE, PARTNER, READ, Stage, staged, submit
from tests.fake_connector import Fake, FakeSettings, World, payment, report
from tests.serving import serve
from tests.sync import isolated_sequencer
from tests.waits import hanging

SYNC = sync_scope("fake").name
CENTRAL = Client("central", "Pusat", "Uji", "client_secret_basic", ("client_credentials",), (SYNC,))
CHANGES = """query($after: String) {changes(first: 100, after: $after) {
    edges {cursor node {system kind subject before after removed}} pageInfo {endCursor hasNextPage}}}"""


@dataclass
class Place:
    """A hub behind a real port with a system, and tokens of clients."""

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
        """Return the cursor and the rows of a whole snapshot."""
        answer = await self.get(system, who)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/x-ndjson"
        head, *rows, last = map(json.loads, answer.text.splitlines())
        assert head.keys() == {"system", "cursor", "at"}
        assert last == {"count": len(rows)}
        return head["cursor"], rows

    async def changes(self, after: str | None, who: str = "central") -> tuple[list[dict[str, Any]], str]:
        """Return the changes since a cursor, page by page, and the last cursor."""
        received = []
        async with self.client(who) as client:
            while True:
                answer = await client.post("/graphql", json={"query": CHANGES, "variables": {"after": after}})
                body = answer.json()
                assert "errors" not in body, body
                page = body["data"]["changes"]
                received += [edge["node"] for edge in page["edges"]]
                after = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"]:
                    assert after
                    return received, after

    async def records(self, *items: Raw) -> None:
        async with Http("http://127.0.0.1:9") as http, self.stage.database.write(CAUSE) as db:
            connector = Fake(FakeSettings(), http, World())
            await Ingest(connector, self.stage.keys._cipher).store(db, items, datetime.now(UTC))


@asynccontextmanager
async def placed(database_url: str) -> AsyncIterator[Place]:
    """A hub that serves the fake system's records to ``central``, and complaints to ``partner``."""
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(staged(database_url))
        partner = await stage.partner_token()
        await stage.client(CENTRAL)
        app = build(stage.settings)
        await stack.enter_async_context(app.router.lifespan_context(app))
        url = await stack.enter_async_context(serve(app))
        central = await stage.token(CENTRAL.id, CENTRAL.id, SYNC)
        yield Place(stage, url, {"central": central, "partner": partner})


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def place(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(snapshots, "BATCH", 10)
    async with placed(database_url) as place:
        yield place


def applied(rows: list[dict[str, Any]], changes: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a copy from a snapshot and the changes after it, as docs/exchange.md describes."""
    copy = {row["subject"]: dict(row["facts"]) for row in rows}
    for change in changes:
        if change["removed"]:
            copy.pop(change["subject"], None)
        elif change["before"] is None:
            copy[change["subject"]] = change["after"]
        elif change["subject"] in copy:
            copy[change["subject"]] |= change["after"]
    return copy


@pytest.mark.whole
async def test_a_copy_from_a_snapshot_plus_its_changes_is_complete(place: Place) -> None:
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
            await isolated_sequencer.sequence(place.stage.database)

    working = [asyncio.create_task(write()), asyncio.create_task(sequence())]
    begun = []
    for _ in range(6):
        await asyncio.sleep(0.2)
        begun.append(await place.taken())
    for task in working:
        task.cancel()
    await asyncio.wait(working)
    await isolated_sequencer.sequence(place.stage.database)
    _, rows = await place.taken()
    assert len(rows) == 60
    overlaps = 0
    for cursor, early in begun:
        changes, _ = await place.changes(cursor)
        overlaps += len(changes)
        assert applied(early, changes) == applied(rows, [])
    assert overlaps
    assert applied([], (await place.changes(None))[0]) == applied(rows, [])


async def test_a_row_shows_a_record_like_its_changes(place: Place) -> None:
    await place.records(payment("P1", amount="4000.5"), report("1"), report("2", secret=True))
    _, rows = await place.taken()
    found = {row["subject"]: row for row in rows}
    assert found.keys() == {"P1", "1"}
    assert (found["P1"]["kind"], found["P1"]["version"]) == ("payment", 1)
    assert found["P1"]["facts"]["amount.amount"] == "4000.50"
    assert not found["1"]["facts"].keys() & {"title", "content", "notes"}
    await isolated_sequencer.sequence(place.stage.database)
    (created, *_), _ = await place.changes(None)
    assert created["after"] == found["P1"]["facts"]


GO, RETURN = "update records set gone_at = now() where external_id = '1'", "update records set gone_at = null"
HIDE, SHOW = (
    "update records set secret = true, digest = 'h' where external_id = '1'",
    "update records set secret = false",
)
STATUS = "update records set status = 'CLOSED', digest = 's'"


@pytest.mark.parametrize(
    "acts",
    [
        pytest.param([GO], marks=pytest.mark.whole),
        pytest.param([GO, RETURN], marks=pytest.mark.whole),
        pytest.param([GO, STATUS], marks=pytest.mark.whole),
        pytest.param([GO, STATUS, RETURN], marks=pytest.mark.whole),
        pytest.param([HIDE], marks=pytest.mark.whole),
        pytest.param([HIDE, STATUS], marks=pytest.mark.whole),
        [HIDE, STATUS, f"{SHOW}, digest = 'v'"],
        [HIDE, GO, f"{SHOW}, digest = 'v'", RETURN],
    ],
)
async def test_a_copy_begun_at_any_time_equals_a_fresh_one(place: Place, acts: list[str]) -> None:
    await place.records(report("1"), report("2"), payment("P1"))
    begun = []
    for act in acts:
        await isolated_sequencer.sequence(place.stage.database)
        begun.append(await place.taken())
        await place.stage.run(act)
    await isolated_sequencer.sequence(place.stage.database)
    fresh = applied((await place.taken())[1], [])
    assert ("1" in fresh) is (acts[-1] not in (GO, HIDE) and acts not in ([GO, STATUS], [HIDE, STATUS]))
    for cursor, rows in begun:
        assert applied(rows, (await place.changes(cursor))[0]) == fresh


async def test_a_record_that_became_secret_is_only_removed(place: Place) -> None:
    await place.records(report("1"))
    await place.stage.run(HIDE)
    await place.records(report("2", secret=True))
    await isolated_sequencer.sequence(place.stage.database)
    changes, _ = await place.changes(None)
    assert [{name: each[name] for name in ("subject", "before", "after", "removed")} for each in changes] == [
        {"subject": "1", "before": None, "after": None, "removed": True}
    ]


@pytest.mark.parametrize("secret", [False, True])
async def test_a_partners_copy_keeps_no_details_of_a_new_secret(place: Place, secret: bool) -> None:
    async with place.client("") as client:
        over = f", secret: {str(secret).lower()}"
        ticket = (await submit(client, key="5f0c-0009", over=over, token=place.tokens["partner"]))["ticket"]
    await isolated_sequencer.sequence(place.stage.database)
    cursor, rows = await place.taken("hub", "partner")
    await place.stage.run("update complaints set secret = not secret")
    await isolated_sequencer.sequence(place.stage.database)
    _, fresh = await place.taken("hub", "partner")
    copy = applied(rows, (await place.changes(cursor, "partner"))[0])
    assert copy == applied(fresh, [])
    assert ("category" in copy[ticket]) is secret


async def test_a_partner_pages_its_submissions_without_secret_details(
    place: Place,
) -> None:
    async with place.client("") as client:
        token = place.tokens["partner"]
        open_, secret = [
            (await submit(client, key=f"5f0c-000{n}", over=over, token=token))["ticket"]
            for n, over in enumerate(("", ", secret: true"))
        ]
    await place.stage.run("update complaints set rating = 3, status = 'VERIFIED'")
    await isolated_sequencer.sequence(place.stage.database)
    changes, end = await place.changes(None, "partner")
    assert [(each["subject"], each["before"]) for each in changes[2:]] == [
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


async def test_its_cursor_keeps_positions_in_other_readable_systems(place: Place) -> None:
    await place.records(payment("P1"))
    await isolated_sequencer.sequence(place.stage.database)
    _, end = await place.changes(None)
    after = encode({"fake": 0, "hub": 7, "nowhere": 7})
    header = json.loads((await place.get(after=after)).text.splitlines()[0])
    assert header["cursor"] == end
    await place.stage.client(replace(CENTRAL, id="both", scopes=(SYNC, READ)))
    place.tokens["both"] = await place.stage.token("both", "both", SYNC, READ)
    header = json.loads((await place.get(who="both", after=after)).text.splitlines()[0])
    assert decode(header["cursor"]) == {**decode(end), "hub": 7}


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
async def test_an_unreadable_system_looks_like_a_missing_one(
    place: Place, system: str, who: str, status: int, code: str
) -> None:
    answer = await place.get(system, who)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert READ in PARTNER.scopes


async def test_rows_leave_in_batches_from_a_cursor_at_the_server(place: Place) -> None:
    await place.records(*(payment(f"P{n}") for n in range(35)))
    async with snapshots.open_snapshot(place.stage.database, WORKER, "fake") as opened:
        assert opened
        first = await anext(opened.rows)
        fetching = await place.stage.rows("select count(*) from pg_stat_activity where query ilike 'fetch forward%'")
        sizes = [len(first), *[len(batch) async for batch in opened.rows]]
    assert sizes == [10, 10, 10, 5]
    assert fetching == [(1,)]


@pytest.mark.whole
@pytest.mark.parametrize("stalls", [False, True])
async def test_others_queue_until_a_reader_leaves_or_stalls(
    place: Place, monkeypatch: pytest.MonkeyPatch, stalls: bool
) -> None:
    monkeypatch.setattr(snapshot, "SEND_TIMEOUT", 1.0 if stalls else 30.0)
    await place.records(*(payment(f"P{n}") for n in range(300)))
    # More than the buffers between server and client hold.
    await place.stage.run("update records set body = body || jsonb_build_object('stop', repeat('K', 100000))")
    async with AsyncExitStack() as stack:
        for number in range(snapshot.MAX_CONCURRENT):
            name = f"reader-{number}"
            await place.stage.client(replace(CENTRAL, id=name))
            place.tokens[name] = await place.stage.token(name, name, SYNC)
            client = await stack.enter_async_context(place.client(name))
            answer = await stack.enter_async_context(client.stream("GET", "/bulk/fake"))
            assert answer.status_code == 200
        refused = await place.get()
        assert (refused.status_code, refused.json()["code"]) == (503, "TRY_LATER")
        assert refused.json()["message"].startswith(f"Jumlah maksimum {snapshot.MAX_CONCURRENT} salinan")
        again = await place.get(who="reader-0")
        assert again.json()["message"].startswith("Klien ini sedang membaca salinan")
        assert refused.headers["retry-after"] == "5"
        if stalls:
            await free(place)
    await free(place)


async def test_a_client_reads_one_snapshot_at_a_time_others_continue(place: Place) -> None:
    await place.records(*(payment(f"P{n}") for n in range(300)))
    await place.stage.run("update records set body = body || jsonb_build_object('stop', repeat('K', 100000))")
    await place.stage.client(replace(CENTRAL, id="second"))
    place.tokens["second"] = await place.stage.token("second", "second", SYNC)
    async with place.client("central") as client, client.stream("GET", "/bulk/fake") as answer:
        assert answer.status_code == 200
        again = await place.get()
        assert (again.status_code, again.headers["retry-after"]) == (503, "5")
        await place.taken(who="second")


async def test_who_takes_a_little_now_and_then_loses_patience() -> None:
    now = [0.0]
    patience = snapshot._SendTimeout(lambda: now[0])
    slow, fast = snapshot.MIN_BYTES_PER_SECOND // 2, snapshot.MIN_BYTES_PER_SECOND * 100
    for _ in range(10):
        async with patience.sending(slow):
            now[0] += 1
    assert patience.left == snapshot.SEND_TIMEOUT - 5
    async with patience.sending(fast):
        now[0] += 1
    assert patience.left == snapshot.SEND_TIMEOUT

    async def drip() -> None:
        for _ in range(1_000):
            async with patience.sending(slow):
                now[0] += 1
                await asyncio.sleep(0)

    with pytest.raises(TimeoutError):
        await drip()
    assert now[0] < 100


async def test_a_request_whose_body_never_arrives_delays_nobody(place: Place) -> None:
    host, port = place.url.removeprefix("http://").split(":")
    head = f"GET /bulk/fake HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {place.tokens['central']}\r\n"
    writers = []
    for _ in range(snapshot.MAX_CONCURRENT):
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


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_snapshot_whose_database_breaks_off_is_cut(place: Place) -> None:
    await place.records(*(payment(f"P{n}") for n in range(300)))
    await place.stage.run("update records set body = body || jsonb_build_object('stop', repeat('K', 100000))")
    end = "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'fetch forward%'"
    with structlog.testing.capture_logs() as logs:
        async with place.client("central") as client, client.stream("GET", "/bulk/fake") as answer:
            async with hanging():
                while not await place.stage.rows(end):
                    await asyncio.sleep(0.01)
            with pytest.raises(httpx.RemoteProtocolError):
                await answer.aread()
    events = [line["event"] for line in logs]
    assert "snapshot aborted" in events
    assert "fault" not in events
    await free(place)
    # A cursor of a connection that broke off cannot be closed: it warns here, not in a later test.
    gc.collect()


async def test_a_snapshot_costs_as_much_as_reading_everything_does(place: Place) -> None:
    await place.stage.client(replace(CENTRAL, id="second", cost_per_minute=snapshot.COST))
    place.tokens["second"] = await place.stage.token("second", "second", SYNC)
    await place.taken(who="second")
    async with hanging():
        # The first one ends a moment after its last byte.
        while (response := await place.get(who="second")).json()["code"] == "TRY_LATER":
            await asyncio.sleep(0.05)
    assert (response.status_code, response.json()["code"]) == (429, "RATE_LIMITED")
    assert int(response.headers["retry-after"]) >= 1


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
    """Wait until another snapshot may be opened."""
    async with hanging():
        while (await place.get("nowhere")).status_code != 404:
            await asyncio.sleep(0.05)
