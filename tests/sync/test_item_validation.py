"""Bounds of values in records: an item with a value outside of them is quarantined, and no other item is affected."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import bounds
from hub.complaints.field_authority import Value
from hub.contract import Intake, Record
from hub.errors import BadRecord
from hub.http_client import Http
from hub.kinds import Key, Report
from hub.store.encryption import FieldCipher
from hub.store.use_cases.intake import validated_request
from hub.sync.batch import make_storable, read_items
from hub.sync.correlation import Correlator
from hub.sync.item_validation import check
from tests.fake_central_system import CentralSystem
from tests.fake_connector import Fake, FakeSettings, World, payment, report
from tests.schema.harness import OFFICER, Stage

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SEAL = FieldCipher([b"k" * 32], b"s" * 32)


def fake() -> Fake:
    return Fake(FakeSettings(), Http("http://127.0.0.1:9"), World())


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00+07:00",
        "1989-12-31T23:59:59+00:00",
        "2036-11-24T00:00:00+00:00",
        "9999-12-31T23:59:59-07:00",
    ],
)
def test_a_time_out_of_reach_is_that_items_quarantine(at: str) -> None:
    batch = read_items(fake(), SEAL, [payment("P1", at=at), payment("P2", at="2026-11-21T00:00:00+07:00")], NOW)
    assert [item.external_id for item in batch.items if item.error is None] == ["P2"]
    assert [fault.reason for fault in batch.rejected] == ["occurred_at is outside of 1990 to 2036"]


@pytest.mark.parametrize("at", ["1990-01-01T00:00:00+00:00", "2036-11-21T00:00:00+00:00"])
def test_a_time_at_the_edge_is_taken(at: str) -> None:
    assert read_items(fake(), SEAL, [payment("P1", at=at)], NOW).rejected == []


@pytest.mark.parametrize("amount", ["10000000000000000", "-10000000000000000", "1e30", "NaN", "Infinity", "4000.005"])
def test_an_amount_beyond_the_column_is_refused(amount: str) -> None:
    (fault,) = read_items(fake(), SEAL, [payment("P1", amount=amount)], NOW).rejected
    assert fault.reason.startswith("the amount is not a number below 10,000,000,000,000,000 with at most 2 decimals")


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"version": 2**63}, "the version is not an integer within the hub's limits"),
        ({"version": -(2**63)}, "the version is not an integer within the hub's limits"),
        ({"facts_version": 2**63}, "the version is not an integer within the hub's limits"),
        ({"currency": "ID1"}, "the currency is not a code such as IDR"),
        ({"updated_at": NOW + timedelta(days=3660)}, "updated_at is outside of 1990 to 2036"),
        ({"external_id": "x" * 501}, "the id is not a text of at most 500 characters"),
        ({"external_id": ""}, "the id is empty"),
        ({"external_id": "P\x1b[2J1"}, "the id contains control or invisible characters"),
        ({"keys": (Key("order", "\u200b"),)}, "the key order contains control or invisible characters"),
        ({"keys": (Key("payment", "x" * 501),)}, "the key payment is not a text of at most 500 characters"),
        ({"status": "GONE"}, "the status is not one of its kind"),
        ({"source_status": "x" * 201}, "the source status is not a text of at most 200 characters"),
        ({"currency": "RUPIAH"}, "the currency is not a code such as IDR"),
        ({"updated_at": datetime(2026, 1, 1)}, "updated_at is not a time with a zone"),  # noqa: DTZ001
    ],
)
def test_a_value_beyond_its_column_is_refused(over: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRecord, match=reason):
        check(replace(fake().map(payment("P1")), **over), Fake.kinds, NOW)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"followups": 2**31}, "followups is not an integer within the hub's limits"),
        ({"followups": -(2**31)}, "followups is not an integer within the hub's limits"),
        ({"log": [{}] * 10_001}, "log is not a value that the hub can store"),
        ({"followups": "3"}, "followups is of another type than the kind declares"),
        ({"followups": True}, "followups is of another type than the kind declares"),
        ({"title": None}, "title is of another type than the kind declares"),
        ({"content": "x" * 100_001}, "content is longer than 100000 characters"),
        ({"content": "a\0b"}, "content contains characters that cannot be stored"),
        ({"content": "a\ud800b"}, "content contains characters that cannot be stored"),
        ({"category": {"id": 1}}, "category is of another type than the kind declares"),
        ({"area_code": "3" * 501}, "area_code is not a text of at most 500 characters"),
        ({"log": [{"at": float("nan")}]}, "log is not a value that the hub can store"),
        ({"log": [{"at": 1e300}]}, "log is not a value that the hub can store"),
        ({"area_code": "33\u202e"}, "area_code contains control or invisible characters"),
        ({"notes": [1]}, "notes is of another type than the kind declares"),
    ],
)
def test_a_fact_beyond_the_types_of_the_graph(facts: dict[str, Any], reason: str) -> None:
    record = fake().map(report("L1"))
    assert isinstance(record.facts, Report)
    with pytest.raises(BadRecord, match=reason):
        check(replace(record, facts=replace(record.facts, **facts)), Fake.kinds, NOW)


def test_a_kind_that_the_connector_does_not_declare() -> None:
    with pytest.raises(BadRecord, match="its kind is not declared by the connector"):
        check(fake().map(payment("P1")), (Report,), NOW)


def test_how_deep_an_item_is_nested() -> None:
    assert not bounds.is_nested_deeper([[]], 2)
    assert bounds.is_nested_deeper([[]], 1)
    assert bounds.is_nested_deeper({"a": {"b": []}}, 2)
    assert not bounds.is_nested_deeper("text", 0)


def test_a_failed_mapping_quarantines_its_item_without_values() -> None:
    batch = read_items(fake(), SEAL, [{"kind": "payment", "payer": "Uji Coba"}, payment("P2")], NOW)
    assert [fault.reason for fault in batch.rejected] == ["the mapping cannot read it (KeyError)"]
    assert list(batch.rows) == [("payment", "P2")]


@pytest.mark.parametrize("item", [None, 3, "text", [], [{"id": "P1"}]])
def test_an_item_that_is_no_object_is_quarantined(item: Any) -> None:
    assert len(read_items(fake(), SEAL, [item, payment("P2")], NOW).rejected) == 1


def test_a_value_json_cannot_represent_is_never_stored() -> None:
    deep: Any = "end"
    for _ in range(5_000):
        deep = [deep]
    raw = {"nan": float("nan"), "inf": [float("-inf")], "huge": 10**6_000, "deep": deep, "half": "a\ud800", "nul": "\0"}
    kept = make_storable(raw)
    assert (kept["nan"], kept["inf"], len(kept["huge"]), kept["half"], kept["nul"]) == (
        None,
        [None],
        300,
        "a?",
        "\ufffd",
    )
    assert not bounds.is_nested_deeper(kept)


async def test_no_list_breaks_by_a_value_from_outside(stage: Stage) -> None:
    far = "0001-01-01T00:00:00+07:00"
    await stage.records(payment("P1"), payment("P2", at=far), payment("P3", amount="NaN"), {"kind": "payment"})
    listed = await stage.got(
        OFFICER, "{ payments { edges { node { reference paidAt } } } systems { quarantinedCount } }"
    )
    assert [edge["node"]["reference"] for edge in listed["payments"]["edges"]] == ["P1"]
    assert listed["systems"] == [{"quarantinedCount": 3}]


async def test_a_replay_is_bounded_by_when_the_item_came(stage: Stage) -> None:
    ahead = (datetime.now(UTC) + bounds.MAX_AHEAD - timedelta(days=1)).isoformat()
    await stage.records(payment("P1", at=ahead, amount=str(Decimal("1.5"))))
    assert await stage.rows("select external_id from records") == [("P1",)]


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)])  # noqa: DTZ001
def test_intake_and_shared_fields_are_bounded_too(at: datetime) -> None:
    intake = Intake(
        title="Judul",
        text="Isi",
        klass="COMPLAINT",
        category=None,
        area_code=None,
        agency_code=None,
        anonymous=False,
        secret=False,
        received_at=at,
        reporter=None,
    )
    with pytest.raises(BadRecord, match="not plausible"):
        validated_request("L1", intake, ())

    class Far(CentralSystem):
        def shared_values(self, record: Record) -> dict[str, Value]:
            return {"agency": Value(at, "DINKES"), "status": Value(NOW, "ASSIGNED")}

    connector = Far(FakeSettings(), Http("http://127.0.0.1:9"), World())
    assert list(Correlator(connector, SEAL)._remote_values(connector.map(report("L1")))) == ["status"]


@given(
    st.datetimes(bounds.EARLIEST.replace(tzinfo=None), bounds.LATEST.replace(tzinfo=None)),
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    | st.sampled_from([UTC, ZoneInfo("Asia/Jakarta"), ZoneInfo("Asia/Jayapura"), ZoneInfo("UTC")]),
)
def test_times_are_digested_as_their_iso_text(at: datetime, zone: tzinfo) -> None:
    """As the digests of stored records are: with others, the next pull would write each of them."""
    assert orjson.dumps(at.replace(tzinfo=zone)).decode() == f'"{at.replace(tzinfo=zone).isoformat()}"'
