"""A repeated upload: after success, after a broken connection, concurrently, with another body; rows stay single."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.api import ndjson as reading
from hub.contract import Raw, SystemDeclaration
from hub.store.database import Cause
from hub.store.ingest import uploads
from hub.sync import uploads as sync_uploads
from tests.api.bulk_harness import Answer, BulkHub, lines, running_hub
from tests.fake_connector import Fake, FakeSettings, payment
from tests.serving import serve
from tests.waits import HANGS_AFTER, hanging

SENT = {"idempotency-key": "key-00001", "x-as": "fake", "content-type": "application/x-ndjson"}


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def hub(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BulkHub]:
    """A hub with batches of ten rows."""
    monkeypatch.setattr(reading, "MAX_BATCH_ROWS", 10)
    async with running_hub(database_url) as made:
        yield made


def items(count: int, first: int = 0, **over: object) -> list[Raw]:
    return [payment(f"P{number:05}", **over) for number in range(first, first + count)]


async def until_stored(hub: BulkHub, count: int) -> None:
    async with hanging():
        while await hub.rows("select count(*) from records") != [(count,)]:
            await asyncio.sleep(0.01)


async def test_a_repeat_is_answered_as_before_and_changes_nothing(hub: BulkHub) -> None:
    rows = [*items(25), payment("B", broken=1)]
    first = await hub.push(rows)
    await hub.push(items(5, version=2, amount="9"), key="key-00002")
    again = await hub.push(rows)
    assert first.rows == again.rows
    assert again.outcomes == ["CREATED"] * 25 + ["QUARANTINED"]
    assert await hub.rows("select count(*) from changes") == [(30,)]
    assert await hub.rows("select times from quarantine") == [(1,)]


@pytest.mark.parametrize(
    "other",
    [items(24), items(26), items(25, amount="9"), items(10), items(20), items(35), [], items(25)[::-1]],
    ids=["shorter", "longer", "changed", "one batch", "two batches", "four batches", "nothing", "another order"],
)
async def test_another_body_is_refused(hub: BulkHub, other: Sequence[Raw]) -> None:
    await hub.push(items(25))
    answer = await hub.push(other)
    assert (answer.status, answer.error["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert "new key" in answer.error["message"]
    assert await hub.rows("select count(*) from records") == [(25,)]


async def test_spaces_count_and_blank_lines_do_not(hub: BulkHub) -> None:
    body = lines(items(12))
    assert (await hub.push(body)).status == 200
    assert (await hub.push(b"\n" + body.replace(b"\n", b"\n \n"))).status == 200
    assert (await hub.push(body.replace(b'"id": ', b'"id":'))).status == 409


async def test_two_clients_and_two_systems_do_not_share_keys(hub: BulkHub) -> None:
    await hub.push(items(12))
    assert (await hub.push(items(3, first=50), who="second")).outcomes == ["CREATED"] * 3


async def test_five_at_once_store_once_and_get_the_same_answer(hub: BulkHub) -> None:
    answers = await asyncio.gather(*(hub.push(items(95)) for _ in range(5)))
    assert {answer.status for answer in answers} == {200}
    assert all(answer.rows == answers[0].rows for answer in answers)
    assert answers[0].counted == {"rows": 95, "CREATED": 95}
    assert await hub.rows("select count(*) from changes") == [(95,)]


async def test_an_upload_is_one_transactions_own_until_that_ends(hub: BulkHub) -> None:
    upload, cause = uploads.Upload("client:fake", "fake", "key-00001"), Cause("test", "test", "test")

    async def hold() -> uploads.StoredUpload:
        async with hub.database.write(cause) as db:
            await db.execute(text("set local lock_timeout = '50ms'"))
            return await uploads.lock_upload(db, upload)

    lock = await hold()
    async with hub.database.write(cause) as db:
        await uploads.lock_upload(db, upload)
        with pytest.raises(DBAPIError, match="lock timeout"):
            await hold()
    assert await hold() == lock


@pytest.mark.parametrize("other", [items(95, amount="9"), items(15), items(95) + items(20, first=200)])
async def test_of_two_bodies_at_once_with_one_key_one_is_refused(hub: BulkHub, other: list[Raw]) -> None:
    answers = await asyncio.gather(hub.push(items(95)), hub.push(other))
    assert sorted(answer.status for answer in answers) == [200, 409]
    done = next(answer for answer in answers if answer.status == 200)
    assert (await hub.rows("select batches, done_at is not null from pushes")) == [(-(-len(done.rows) // 10), True)]


async def test_concurrent_uploads_of_a_record_report_true_outcomes(hub: BulkHub) -> None:
    bodies = [[payment("A", version=version, amount=str(version))] * 15 for version in range(1, 9)]
    answers = await asyncio.gather(*(hub.push(each, key=f"key-{number:05}") for number, each in enumerate(bodies)))
    assert {answer.status for answer in answers} == {200}
    assert await hub.rows("select version, amount::int from records") == [(8, 8)]


async def test_a_cut_upload_goes_on_where_it_was_cut(hub: BulkHub) -> None:
    """The connection is closed in the middle of a row."""
    body = lines(items(95))
    async with serve(hub.app) as url:
        async with sending(url, body, body.index(b"P00047")):
            await until_stored(hub, 40)
        await hub.push(items(1, version=2, amount="9"), key="key-00002")
        async with httpx.AsyncClient() as client:
            answer = Answer(await client.post(f"{url}/bulk/fake", content=body, headers=SENT))
    assert answer.outcomes == ["CREATED"] * 95
    assert await hub.rows("select count(*) from changes") == [(96,)]
    assert await hub.rows("select amount::int from records where external_id = 'P00000'") == [(9,)]


async def test_an_upload_cut_at_any_place_ends_like_one_that_was_not(hub: BulkHub) -> None:
    body = lines([*items(31), payment("B", broken=1), payment("C", status="BARU")]) + b"{broken\n"
    async with serve(hub.app) as url:
        for place in range(0, len(body), len(body) // 9):
            async with sending(url, body, place):
                await asyncio.sleep(0.05)
        async with httpx.AsyncClient() as client:
            answer = Answer(await client.post(f"{url}/bulk/fake", content=body, headers=SENT))
    assert answer.outcomes == ["CREATED"] * 31 + ["QUARANTINED"] * 2 + ["REFUSED"]
    assert await hub.rows("select count(*) from changes") == [(32,)]


@asynccontextmanager
async def sending(url: str, body: bytes, until: int) -> AsyncIterator[None]:
    """Send an upload up to a byte of its body, and close the connection there."""
    host, port = url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = "".join(f"{name}: {value}\r\n" for name, value in {**SENT, "content-length": str(len(body))}.items())
    writer.write(f"POST /bulk/fake HTTP/1.1\r\nhost: hub\r\n{head}\r\n".encode() + body[:until])
    await writer.drain()
    yield
    writer.close()
    await writer.wait_closed()


async def test_a_lost_database_is_reported_and_the_repeat_completes(hub: BulkHub) -> None:
    blocked = "from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    async with hub.database.dedicated() as other, other.begin():
        await other.execute(text("select pg_advisory_xact_lock(hashtextextended('ingest fake', 0))"))
        sending = asyncio.create_task(hub.push(items(25)))
        async with hanging():
            while not await hub.rows(f"select pg_terminate_backend(pid) {blocked}"):
                await asyncio.sleep(0.01)
        broken = await sending
    assert (broken.status, broken.error["code"], broken.headers["retry-after"]) == (503, "TRY_LATER", "5")
    assert (await hub.push(items(25))).outcomes == ["CREATED"] * 25


@pytest.mark.whole
async def test_an_upload_that_would_wait_for_many_is_refused(hub: BulkHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_uploads, "MAX_QUEUED", 3)
    async with hub.database.dedicated() as other, other.begin():
        await other.execute(text("select pg_advisory_xact_lock(hashtextextended('ingest fake', 0))"))
        waiting = [asyncio.create_task(hub.push(items(5, first=5 * n), key=f"key-{n:05}")) for n in range(4)]
        async with hanging():
            while not hub.pushes._queues["fake"].is_full:
                await asyncio.sleep(0.01)
        refused = await hub.push(items(1), key="key-00009")
        assert (refused.status, refused.error["code"], refused.headers["retry-after"]) == (503, "TRY_LATER", "5")
    assert {(await answer).counted["CREATED"] for answer in waiting} == {5}
    assert (await hub.push(items(1), key="key-00009")).counted["UNCHANGED"] == 1


async def test_waiting_uploads_leave_connections_to_others(hub: BulkHub) -> None:
    async with hub.database.dedicated() as other, other.begin():
        await other.execute(text("select pg_advisory_xact_lock(hashtextextended('ingest fake', 0))"))
        waiting = [asyncio.create_task(hub.push(items(5, first=5 * n), key=f"key-{n:05}")) for n in range(20)]
        async with hanging():
            for _ in range(20):
                await asyncio.sleep(0.05)
                blocked = await hub.rows("select from pg_locks where locktype = 'advisory' and not granted")
        assert len(blocked) == 1
    assert {(await answer).counted["CREATED"] for answer in waiting} == {5}


@pytest.mark.whole
async def test_a_client_that_sends_before_it_reads_is_not_stalled(
    hub: BulkHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The responses are larger than the buffers of a connection."""
    monkeypatch.setattr(reading, "MAX_BATCH_ROWS", 5_000)
    body = b"{broken\n" * 200_000
    async with serve(hub.app) as url, httpx.AsyncClient(timeout=HANGS_AFTER) as client:
        answer = Answer(await client.post(f"{url}/bulk/fake", content=body, headers=SENT))
    assert answer.counted == {"rows": 200_000, "REFUSED": 200_000}


async def test_an_idempotency_key_is_kept_for_thirty_days(hub: BulkHub) -> None:
    await hub.push(items(12))
    await hub.push(items(3), key="key-00002")
    await hub.run("update pushes set created_at = now() - interval '31 days' where key = 'key-00001'")
    async with hub.database.write(Cause("test", "test", "test")) as db:
        assert await uploads.expire(db) == 1
    assert await hub.rows("select key, count(*) from pushes join push_batches b on b.push_id = id group by key") == [
        ("key-00002", 1)
    ]
    assert (await hub.push(items(5))).outcomes == ["UNCHANGED"] * 5
