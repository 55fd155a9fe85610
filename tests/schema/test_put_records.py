"""``putRecords`` stores a few rows as ``/bulk/`` does, with typed errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hub.contract import SystemDeclaration
from tests.api.bulk_harness import FAKE, BulkHub, running_hub
from tests.fake_connector import Fake, FakeSettings, payment, report


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[BulkHub]:
    async with running_hub(database_url) as made:
        yield made


async def test_each_row_has_its_outcome(hub: BulkHub) -> None:
    await hub.put([payment("A", version=3), report("1", version=3, secret=True)])
    put = await hub.put(
        [payment("A"), report("1"), payment("B"), payment("C", broken=1), "no object", payment("D", status="BARU")],
        key="key-00002",
    )
    assert put["__typename"] == "PutRecordsPayload"
    assert [(row["row"], row["externalId"], row["outcome"]) for row in put["rows"]] == [
        (1, "A", "STALE"),
        (2, "1", "STALE"),
        (3, "B", "CREATED"),
        (4, "C", "QUARANTINED"),
        (5, None, "REFUSED"),
        (6, "D", "QUARANTINED"),
    ]
    assert [row["index"] + 1 for row in put["rows"]] == [row["row"] for row in put["rows"]]
    open_, secret = (row["current"] for row in put["rows"][:2])
    assert (open_["version"], open_["status"], open_["body"]["reference"]) == ("3", "SUCCESS", "A")
    assert secret is None
    assert [row["reason"] for row in put["rows"]] == [
        None,
        None,
        None,
        "broken: it says so",
        "the row is not a JSON object",
        "status is unknown: 'BARU'",
    ]


async def test_a_repeat_is_answered_as_before_also_in_parallel(hub: BulkHub) -> None:
    answers = await asyncio.gather(*(hub.put([payment("A"), {"version": 1, **payment("B")}]) for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert [row["outcome"] for row in answers[0]["rows"]] == ["CREATED", "CREATED"]
    assert await hub.rows("select count(*) from changes") == [(2,)]


async def test_another_input_with_the_key_conflicts_with_bulk_too(hub: BulkHub) -> None:
    await hub.put([payment("A")])
    conflict = await hub.put([payment("B")])
    assert (conflict["__typename"], conflict["code"]) == ("IdempotencyConflict", "IDEMPOTENCY_CONFLICT")
    assert (await hub.push([payment("B")])).status == 409
    assert await hub.rows("select external_id from records") == [("A",)]


@pytest.mark.parametrize(
    ("rows", "key", "problem"),
    [
        ([], "key-00001", ("rows", "REQUIRED")),
        ([{}] * 501, "key-00001", ("rows", "TOO_MANY")),
        ([{}], "short", ("idempotencyKey", "MALFORMED")),
    ],
)
async def test_unusable_input_is_refused(hub: BulkHub, rows: list[object], key: str, problem: tuple[str, str]) -> None:
    payload = await hub.put(rows, key=key)
    assert payload["__typename"] == "InvalidInput"
    assert [(each["field"], each["code"]) for each in payload["problems"]] == [problem]


async def test_five_hundred_rows_are_taken(hub: BulkHub) -> None:
    put = await hub.put([payment(f"P{number}") for number in range(500)])
    assert {row["outcome"] for row in put["rows"]} == {"CREATED"}


async def test_the_scope_is_bound_to_the_system(hub: BulkHub) -> None:
    refused = await hub.put([payment("A")], who="reader")
    assert (refused.data, str(refused.errors[0].original_error)) == (
        {"putRecords": None},
        f"This needs the scope {FAKE}.",
    )
    for who, system in (("other", "fake"), ("other", "other"), ("fake", "nowhere")):
        unknown = await hub.put([payment("A")], who=who, system=system)
        assert (unknown["__typename"], unknown["code"]) == ("SystemNotFound", "NOT_FOUND")
    assert await hub.rows("select count(*) from records") == [(0,)]


async def test_history_names_the_client_and_no_personal_data(hub: BulkHub) -> None:
    await hub.put([payment("A"), payment("B", broken=1)])
    assert await hub.rows("select cause, actor, correlation from changes") == [
        ("mutation:putRecords", "client:fake", "request")
    ]
    for table in ("records", "quarantine", "changes", "pushes", "push_batches"):
        assert "Uji Coba" not in str(await hub.rows(f"select to_jsonb(t) from {table} t"))


@pytest.mark.parametrize(
    "row", [{"a": 2**70}, {"payer": "\ud800"}, {"kind": "payment", "id": "x\0y"}], ids=["huge", "surrogate", "NUL"]
)
async def test_an_odd_row_is_reported_and_no_fault(hub: BulkHub, row: dict[str, object]) -> None:
    put = await hub.put([{**payment("A"), **row, "broken": 1}, payment("B")])
    assert put["rows"][0]["outcome"] in {"REFUSED", "QUARANTINED"}
    assert put["rows"][1]["outcome"] == "CREATED"
