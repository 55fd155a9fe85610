"""``putRecords``: the same way in as bulk, for a handful of rows, with typed refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.fake import payment, report
from tests.web.pushing import FAKE, Desk, desk


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[Desk]:
    async with desk(database_url) as made:
        yield made


async def test_each_row_has_its_outcome(hub: Desk) -> None:
    await hub.put([payment("A", version=3), report("1", version=3, secret=True)])
    put = await hub.put(
        [payment("A"), report("1"), payment("B"), payment("C", broken=1), "no object", payment("D", status="BARU")],
        key="key-00002",
    )
    assert put["__typename"] == "RecordsPut"
    assert [(row["index"], row["externalId"], row["outcome"]) for row in put["rows"]] == [
        (0, "A", "STALE"),
        (1, "1", "STALE"),
        (2, "B", "CREATED"),
        (3, "C", "QUARANTINED"),
        (4, None, "REFUSED"),
        (5, "D", "QUARANTINED"),
    ]
    open_, secret = (row["current"] for row in put["rows"][:2])
    assert (open_["version"], open_["status"], open_["body"]["reference"]) == ("3", "SUCCESS", "A")
    assert (secret["version"], secret["body"]) == ("3", None)
    assert [row["reason"] for row in put["rows"]] == [
        None,
        None,
        None,
        "broken: it says so",
        "the row is not a JSON object",
        "status is unknown: 'BARU'",
    ]


async def test_a_repeat_is_answered_as_before_also_in_parallel(hub: Desk) -> None:
    answers = await asyncio.gather(*(hub.put([payment("A"), {"version": 1, **payment("B")}]) for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert [row["outcome"] for row in answers[0]["rows"]] == ["CREATED", "CREATED"]
    assert await hub.rows("select count(*) from changes") == [(2,)]


async def test_another_input_with_the_key_is_a_conflict_also_that_of_bulk(hub: Desk) -> None:
    await hub.put([payment("A")])
    assert (await hub.put([payment("B")]))["__typename"] == "IdempotencyConflict"
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
async def test_input_that_cannot_be_taken_is_told(
    hub: Desk, rows: list[object], key: str, problem: tuple[str, str]
) -> None:
    told = await hub.put(rows, key=key)
    assert told["__typename"] == "InvalidInput"
    assert [(each["field"], each["code"]) for each in told["problems"]] == [problem]


async def test_five_hundred_rows_are_taken(hub: Desk) -> None:
    put = await hub.put([payment(f"P{number}") for number in range(500)])
    assert {row["outcome"] for row in put["rows"]} == {"CREATED"}


async def test_the_scope_is_bound_to_the_system(hub: Desk) -> None:
    refused = await hub.put([payment("A")], who="reader")
    assert (refused.data, str(refused.errors[0].original_error)) == (
        {"putRecords": None},
        f"This needs the scope {FAKE}.",
    )
    for who, system in (("other", "fake"), ("other", "other"), ("fake", "nowhere")):
        assert (await hub.put([payment("A")], who=who, system=system))["__typename"] == "UnknownSystem"
    assert await hub.rows("select count(*) from records") == [(0,)]


async def test_the_history_says_who_put_and_nothing_personal_is_stored(hub: Desk) -> None:
    await hub.put([payment("A"), payment("B", broken=1)])
    assert await hub.rows("select cause, actor, correlation from changes") == [
        ("mutation:putRecords", "client:fake", "request")
    ]
    for table in ("records", "quarantine", "changes", "pushes", "push_batches"):
        assert "Uji Coba" not in str(await hub.rows(f"select to_jsonb(t) from {table} t"))


@pytest.mark.parametrize(
    "row", [{"a": 2**70}, {"payer": "\ud800"}, {"kind": "payment", "id": "x\0y"}], ids=["huge", "surrogate", "NUL"]
)
async def test_an_odd_row_is_told_and_not_a_fault(hub: Desk, row: dict[str, object]) -> None:
    put = await hub.put([{**payment("A"), **row, "broken": 1}, payment("B")])
    assert put["rows"][0]["outcome"] in {"REFUSED", "QUARANTINED"}
    assert put["rows"][1]["outcome"] == "CREATED"
