"""``POST /bulk/{system}``: an outcome a row, whatever the rows are; nothing personal stays; who may, and who not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from hub.sync.push import LONGEST
from hub.web import lines as reading
from tests.fake import order, payment, report
from tests.web.pushing import LIMIT, TERMS, Desk, desk, lines


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[Desk]:
    async with desk(database_url) as made:
        yield made


async def test_each_row_has_its_outcome_in_order(hub: Desk) -> None:
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


async def test_a_stale_row_gets_the_current_record(hub: Desk) -> None:
    await hub.push([payment("A", version=7, status="REFUNDED", amount="4000.5")])
    (row,) = (await hub.push([payment("A", version=2, amount="1")], key="key-00002")).rows
    assert row["outcome"] == "STALE"
    current = row["current"]
    assert (current["version"], current["status"], current["statusTold"]) == (7, "REFUNDED", "REFUNDED")
    assert current["updatedAt"] == "2026-01-01T00:00:00+00:00"
    assert (current["body"]["reference"], current["body"]["amount"]) == ("A", "4000.50")


@pytest.mark.parametrize(("told", "id_"), [(12, "12"), ("", None), (None, None), (True, None), (["A"], None)])
async def test_an_item_that_cannot_be_read_is_told_by_its_id_where_that_is_one(
    hub: Desk, told: object, id_: str
) -> None:
    (row,) = (await hub.push([payment("A", broken=1) | {"id": told}])).rows
    assert (row["id"], row["outcome"]) == (id_, "QUARANTINED")


async def test_of_a_secret_record_and_of_prose_nothing_comes_back(hub: Desk) -> None:
    await hub.push([report("1", version=7, secret=True), report("2", version=7, title="Judul yang ditulis orang")])
    secret, open_ = (await hub.push([report("1"), report("2")], key="key-00002")).rows
    assert (secret["current"]["version"], secret["current"]["body"]) == (7, None)
    assert open_["current"]["body"]["trackingId"] == "2"
    assert "Judul" not in json.dumps(open_)


async def test_an_unknown_code_is_quarantined_and_kept(hub: Desk) -> None:
    (row,) = (await hub.push([payment("A", status="BARU")])).rows
    assert (row["outcome"], row["reason"]) == ("QUARANTINED", "status is unknown: 'BARU'")
    assert await hub.rows("select external_id, status from records") == [("A", "UNKNOWN")]


async def test_personal_columns_are_stored_nowhere(hub: Desk) -> None:
    answer = await hub.push(
        [payment("A"), payment("B", broken=1), payment("C", status="BARU"), payment("A", version=0)]
    )
    assert answer.outcomes == ["CREATED", "QUARANTINED", "QUARANTINED", "STALE"]
    for table in ("records", "quarantine", "changes", "pushes", "push_batches", "pending_items"):
        assert "Uji Coba" not in str(await hub.rows(f"select to_jsonb(t) from {table} t"))
    assert "Uji Coba" not in json.dumps(answer.rows)


async def test_lines_that_are_no_rows_are_refused_alone(hub: Desk) -> None:
    deep = b'{"a":' * 70 + b"1" + b"}" * 70
    body = b"\n".join(
        [
            *(b"{broken", b'"text"', b"[1]", b"\xff\xfe{}", b"", b"  \r", b'{"x":"' + b"y" * LONGEST + b'"}', deep),
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
        f"the row is longer than {LONGEST} bytes",
        "the row is nested more than 64 deep",
    ]
    assert await hub.rows("select count(*) from quarantine") == [(0,)]


async def test_one_record_told_often_in_one_body(hub: Desk) -> None:
    told = [payment("A", version=2), payment("A", version=2), payment("A", version=1), payment("A", version=3)]
    assert (await hub.push(told)).outcomes == ["CREATED", "UNCHANGED", "STALE", "UNCHANGED"]
    told = [payment("B"), payment("B", version=2, amount="7"), payment("B")]
    answer = await hub.push(told, key="key-00002")
    assert answer.outcomes == ["UNCHANGED", "CREATED", "STALE"]
    assert answer.rows[0]["reason"] == "a later row tells the same record anew"
    assert await hub.rows("select external_id, version from records order by 1") == [("A", 3), ("B", 2)]


async def test_each_of_several_words_older_than_the_record_is_stale(hub: Desk) -> None:
    await hub.push([payment("A", version=9)])
    told = [payment("A"), payment("A", version=3, amount="7"), payment("A", version=4, amount="7"), payment("A")]
    answer = await hub.push(told, key="key-00002")
    assert answer.outcomes == ["STALE"] * 4
    assert {row["current"]["version"] for row in answer.rows} == {9}


async def test_two_final_states_of_one_version_are_in_doubt(hub: Desk) -> None:
    await hub.push([order("A")])
    assert (await hub.push([order("A", status="FAILED")], key="key-00002")).outcomes == ["UPDATED"]
    assert await hub.rows("select status from records") == [("IN_DOUBT",)]


async def test_the_history_says_who_pushed(hub: Desk) -> None:
    await hub.push([payment("A")], x_request_id="request-0001")
    assert await hub.rows("select cause, actor, correlation from changes") == [
        ("bulk:fake", "client:fake", "request-0001")
    ]


async def test_an_empty_body_has_no_rows(hub: Desk) -> None:
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
async def test_who_may_not_push_is_told_nothing_else(hub: Desk, who: str, system: str, status: int, code: str) -> None:
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
async def test_a_wrong_header_is_told(hub: Desk, headers: dict[str, str], status: int, code: str) -> None:
    answer = await hub.push([payment("A")], **headers)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert answer.error["message"].endswith(".")


async def test_a_key_may_stand_in_quotes(hub: Desk) -> None:
    first, again = [await hub.push([payment("A")], key=key) for key in ("key-00001", '"key-00001"')]
    assert first.rows == again.rows


async def test_a_budget_that_is_used_up_is_told_and_what_is_stored_stays(
    hub: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [payment(f"P{number}") for number in range(2_500)]
    refused = await hub.push(items, who="poor")
    assert (refused.status, refused.error["code"]) == (429, "RATE_LIMITED")
    assert int(refused.headers["retry-after"]) >= 1
    assert await hub.rows("select count(*) from records") == [(1_000,)]


async def test_a_budget_too_small_for_a_batch_is_told(hub: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TERMS.clients, "fake", replace(TERMS.clients["fake"], cost_per_minute=50))
    told = await hub.push(payment(f"P{number}") for number in range(1_500))
    assert told.status == 400
    assert (told.error["code"], told.error["limit"], told.error["actual"]) == ("QUERY_TOO_COMPLEX", 50, 100)


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_that_is_too_large_is_told(hub: Desk, declared: bool) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield lines([payment("A")])
        while True:
            yield b"x" * 1024 * 1024

    headers = {"content_length": str(LIMIT + 1)} if declared else {}
    answer = await hub.push(endless(), **headers)
    assert (answer.status, answer.error["code"]) == (413, "BODY_TOO_LARGE")
    assert await hub.rows("select count(*) from records") == [(0,)]


async def test_a_body_that_stops_coming_is_given_up(hub: Desk, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(reading, "SILENCE", 0.1)

    async def stuck() -> AsyncIterator[bytes]:
        yield lines([payment("A")])
        await asyncio.sleep(30)

    answer = await hub.push(stuck())
    assert (answer.status, answer.error["code"]) == (408, "TOO_SLOW")
