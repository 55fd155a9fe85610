"""``POST /bulk/{system}``: an outcome for each row, no personal data stored, and who may upload."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from hub.api import ndjson as reading
from hub.contract import SystemDeclaration
from hub.sync.uploads import MAX_ROW_BYTES
from tests.api.bulk_harness import LIMIT, POLICIES, BulkHub, lines, running_hub
from tests.fake_connector import Fake, FakeSettings, order, payment, report


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[BulkHub]:
    async with running_hub(database_url) as made:
        yield made


async def test_each_row_has_its_outcome_in_order(hub: BulkHub) -> None:
    await hub.push([payment("A"), payment("B", version=5), payment("C")])
    answer = await hub.push(
        [
            payment("A"),
            payment("B", version=4),
            payment("C", version=2, amount="9"),
            payment("D"),
            payment("E", broken=1),
        ],
        key="key-00002",
    )
    assert [(row["row"], row["id"], row["outcome"]) for row in answer.rows] == [
        (1, "A", "UNCHANGED"),
        (2, "B", "STALE"),
        (3, "C", "UPDATED"),
        (4, "D", "CREATED"),
        (5, "E", "QUARANTINED"),
    ]
    assert answer.rows[4]["reason"] == "broken: it says so"
    assert answer.summary == {
        "rows": 5, "CREATED": 1, "UPDATED": 1, "UNCHANGED": 1, "STALE": 1, "QUARANTINED": 1, "REFUSED": 0,
    }  # fmt: skip
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_stale_row_gets_the_current_record(hub: BulkHub) -> None:
    await hub.push([payment("A", version=7, status="REFUNDED", amount="4000.5")])
    (row,) = (await hub.push([payment("A", version=2, amount="1")], key="key-00002")).rows
    assert row["outcome"] == "STALE"
    current = row["current"]
    assert (current["version"], current["status"], current["sourceStatus"]) == (7, "REFUNDED", "REFUNDED")
    assert current["updatedAt"] == "2026-01-01T00:00:00+00:00"
    assert (current["body"]["reference"], current["body"]["amount.amount"]) == ("A", "4000.50")


@pytest.mark.parametrize(("sent", "id_"), [(12, "12"), ("", None), (None, None), (True, None), (["A"], None)])
async def test_an_unreadable_item_is_reported_by_its_id_if_it_has_one(hub: BulkHub, sent: object, id_: str) -> None:
    (row,) = (await hub.push([payment("A", broken=1) | {"id": sent}])).rows
    assert (row["id"], row["outcome"]) == (id_, "QUARANTINED")


async def test_of_a_secret_record_and_of_prose_nothing_comes_back(hub: BulkHub) -> None:
    await hub.push([report("1", version=7, secret=True), report("2", version=7, title="Judul yang ditulis orang")])
    secret, open_ = (await hub.push([report("1"), report("2")], key="key-00002")).rows
    assert secret == {"row": 1, "id": "1", "outcome": "STALE", "current": None}
    assert open_["current"]["body"]["trackingId"] == "2"
    assert "Judul" not in json.dumps(open_)


async def test_an_unknown_code_is_quarantined_and_kept(hub: BulkHub) -> None:
    (row,) = (await hub.push([payment("A", status="BARU")])).rows
    assert (row["outcome"], row["reason"]) == ("QUARANTINED", "status is unknown: 'BARU'")
    assert await hub.rows("select external_id, status from records") == [("A", "UNKNOWN")]


async def test_personal_columns_are_stored_nowhere(hub: BulkHub) -> None:
    answer = await hub.push(
        [payment("A"), payment("B", broken=1), payment("C", status="BARU"), payment("A", version=0)]
    )
    assert answer.outcomes == ["CREATED", "QUARANTINED", "QUARANTINED", "STALE"]
    for table in ("records", "quarantine", "changes", "pushes", "push_batches", "pending_items"):
        assert "Uji Coba" not in str(await hub.rows(f"select to_jsonb(t) from {table} t"))
    assert "Uji Coba" not in json.dumps(answer.rows)


async def test_lines_that_are_no_rows_are_refused_alone(hub: BulkHub) -> None:
    deep = b'{"a":' * 70 + b"1" + b"}" * 70
    body = b"\n".join(
        [
            *(
                b"{broken",
                b'"text"',
                b"[1]",
                b"\xff\xfe{}",
                b"",
                b"  \r",
                b'{"x":"' + b"y" * MAX_ROW_BYTES + b'"}',
                deep,
            ),
            *(json.dumps(payment("A")).encode() + b"\r", json.dumps(payment("B")).encode()),
        ]
    )
    answer = await hub.push(body)
    assert answer.outcomes == ["REFUSED"] * 6 + ["CREATED"] * 2
    assert [row["reason"] for row in answer.rows[:6]] == [
        "the row is not JSON in UTF-8",
        "the row is not a JSON object",
        "the row is not a JSON object",
        "the row is not JSON in UTF-8",
        f"the row is longer than {MAX_ROW_BYTES} bytes",
        "the row is nested more than 64 deep",
    ]
    assert await hub.rows("select count(*) from quarantine") == [(0,)]


async def test_a_record_repeated_in_one_body_is_stored_once(hub: BulkHub) -> None:
    rows = [payment("A", version=2), payment("A", version=2), payment("A", version=1), payment("A", version=3)]
    assert (await hub.push(rows)).outcomes == ["CREATED", "UNCHANGED", "STALE", "UNCHANGED"]
    rows = [payment("B"), payment("B", version=2, amount="7"), payment("B")]
    answer = await hub.push(rows, key="key-00002")
    assert answer.outcomes == ["UNCHANGED", "CREATED", "STALE"]
    assert answer.rows[0]["reason"] == "a later row contains the same record"
    assert await hub.rows("select external_id, version from records order by 1") == [("A", 3), ("B", 2)]


async def test_each_version_older_than_the_record_is_stale(hub: BulkHub) -> None:
    await hub.push([payment("A", version=9)])
    rows = [payment("A"), payment("A", version=3, amount="7"), payment("A", version=4, amount="7"), payment("A")]
    answer = await hub.push(rows, key="key-00002")
    assert answer.outcomes == ["STALE"] * 4
    assert {row["current"]["version"] for row in answer.rows} == {9}


async def test_two_final_states_of_one_version_are_in_doubt(hub: BulkHub) -> None:
    await hub.push([order("A")])
    assert (await hub.push([order("A", status="FAILED")], key="key-00002")).outcomes == ["UPDATED"]
    assert await hub.rows("select status from records") == [("IN_DOUBT",)]


async def test_the_history_names_the_pushing_client(hub: BulkHub) -> None:
    await hub.push([payment("A")], x_request_id="request-0001")
    assert await hub.rows("select cause, actor, correlation from changes") == [
        ("bulk:fake", "client:fake", "request-0001")
    ]


async def test_an_empty_body_has_no_rows(hub: BulkHub) -> None:
    answer = await hub.push(b"\n\n")
    assert (answer.rows, answer.counted) == ([], {})


@pytest.mark.parametrize(
    ("who", "system", "status", "code"),
    [
        ("nobody", "fake", 401, "UNAUTHENTICATED"),
        ("reader", "fake", 403, "FORBIDDEN"),
        ("reader", "nowhere", 403, "FORBIDDEN"),
        ("other", "fake", 404, "NOT_FOUND"),
        ("other", "other", 404, "NOT_FOUND"),
        ("fake", "nowhere", 404, "NOT_FOUND"),
    ],
)
async def test_a_client_that_may_not_push_learns_nothing_else(
    hub: BulkHub, who: str, system: str, status: int, code: str
) -> None:
    answer = await hub.push([payment("A")], who=who, system=system)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert await hub.rows("select count(*) from pushes") == [(0,)]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"content_type": "application/json"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": "application/x-ndjson; charset=latin-1"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_encoding": "gzip"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"idempotency_key": "short"}, 400, "BAD_REQUEST"),
        ({"idempotency_key": ""}, 400, "BAD_REQUEST"),
    ],
)
async def test_a_wrong_header_is_refused(hub: BulkHub, headers: dict[str, str], status: int, code: str) -> None:
    answer = await hub.push([payment("A")], **headers)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert answer.error["message"].endswith(".")


async def test_a_key_may_stand_in_quotes(hub: BulkHub) -> None:
    first, again = [await hub.push([payment("A")], key=key) for key in ("key-00001", '"key-00001"')]
    assert first.rows == again.rows


async def test_an_exhausted_budget_is_reported_and_stored_rows_stay(
    hub: BulkHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [payment(f"P{number}") for number in range(2_500)]
    refused = await hub.push(items, who="poor")
    assert (refused.status, refused.error["code"]) == (429, "RATE_LIMITED")
    assert int(refused.headers["retry-after"]) >= 1
    assert await hub.rows("select count(*) from records") == [(1_000,)]


async def test_a_budget_too_small_for_a_batch_is_refused(hub: BulkHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POLICIES.clients, "fake", replace(POLICIES.clients["fake"], cost_per_minute=50))
    response = await hub.push(payment(f"P{number}") for number in range(1_500))
    assert response.status == 400
    assert (response.error["code"], response.error["limit"], response.error["actual"]) == ("QUERY_TOO_COMPLEX", 50, 100)


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_that_is_too_large_is_refused(hub: BulkHub, declared: bool) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield lines([payment("A")])
        while True:
            yield b"x" * 1024 * 1024

    headers = {"content_length": str(LIMIT + 1)} if declared else {}
    answer = await hub.push(endless(), **headers)
    assert (answer.status, answer.error["code"]) == (413, "BODY_TOO_LARGE")
    assert await hub.rows("select count(*) from records") == [(0,)]


async def test_a_body_that_stops_coming_is_given_up(hub: BulkHub, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(reading, "READ_TIMEOUT", 0.1)

    async def stuck() -> AsyncIterator[bytes]:
        yield lines([payment("A")])
        await asyncio.sleep(30)

    answer = await hub.push(stuck())
    assert (answer.status, answer.error["code"]) == (408, "TOO_SLOW")
