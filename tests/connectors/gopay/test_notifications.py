"""The mapping of notifications to payments; notifications and the history give the same result in any order."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from functools import reduce
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hub.connectors.gopay
from hub.connectors.gopay.mapping import to_record
from hub.connectors.gopay.notifications import PARTNER, SENT
from hub.connectors.gopay.statuses import CLASSIC, LATEST, RANK
from hub.contract import Raw
from hub.errors import BadRecord
from hub.kinds import PaymentStatus
from hub.store.encryption import FieldCipher
from hub.store.ingest.rows import Row, merge_rows
from hub.sync.batch import to_row
from tests.connectors.gopay import signed_notifications

SAMPLES = Path(hub.connectors.gopay.__file__).parent / "samples"
SEAL = FieldCipher([b"k" * 32], b"s" * 32)
ENVELOPE = {SENT: "2026-03-02T06:41:13+07:00", PARTNER: "HUBJATENG"}


def debit(status: str = "00", sent: str = ENVELOPE[SENT], **over: Any) -> Raw:
    return signed_notifications.debit("A12603020001", status, **over) | ENVELOPE | {SENT: sent}


def classic(status: str = "settlement", code: str = "200", **over: Any) -> Raw:
    notification = signed_notifications.classic("A12603020001", status, code, **over)
    return {name: value for name, value in notification.items() if name != "signature_key"}


def listed(**over: Any) -> Raw:
    """Return the item of the history for the same payment."""
    return json.loads((SAMPLES / "fare_paid.json").read_text())["raw"] | over  # type: ignore[no-any-return]


def at(time: str) -> str:
    return f"2026-03-02T{time}+07:00"


def test_a_notification_is_of_the_record_that_the_history_lists() -> None:
    for raw in (debit(), classic()):
        assert to_record(raw).external_id == to_record(listed()).external_id


@pytest.mark.parametrize(("code", "status"), LATEST.items())
def test_codes_of_snap(code: str, status: PaymentStatus) -> None:
    assert (to_record(debit(code)).status, to_record(debit(code)).source_status) == (status, code)


@pytest.mark.parametrize(("name", "status"), CLASSIC.items())
def test_midtrans_statuses_map_as_documented(name: str, status: PaymentStatus) -> None:
    assert (to_record(classic(name)).status, to_record(classic(name)).source_status) == (status, name)


def test_the_status_names_are_those_of_the_contract() -> None:
    names = "authorize, capture, pending, settlement, deny, cancel, expire, failure, refund, partial_refund"
    assert CLASSIC.keys() == set(names.split(", "))


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (debit("77"), "latestTransactionStatus"),
        (debit("07"), "latestTransactionStatus"),
        (classic("chargeback"), "transaction_status"),
        (classic("settlement", "201"), "status_code"),
        (classic("refund", "202"), "status_code"),
        (classic(fraud_status="maybe"), "fraud_status"),
    ],
)
def test_an_unknown_or_unsigned_status_is_unknown(raw: Raw, field: str) -> None:
    record = to_record(raw)
    assert (record.status, record.unknown, record.final) == ("UNKNOWN", field, False)


@pytest.mark.parametrize(
    ("fraud", "status"), [(None, "SUCCESS"), ("accept", "SUCCESS"), ("challenge", "PENDING"), ("deny", "CANCELLED")]
)
def test_fraud_status_decides_a_captured_payment(fraud: str | None, status: str) -> None:
    assert to_record(classic("capture", fraud_status=fraud)).status == status
    assert to_record(classic("refund", fraud_status=fraud)).status == "REFUNDED"


@pytest.mark.parametrize(("fraud", "status"), [("challenge", "PENDING"), ("deny", "CANCELLED"), ("accept", "UNKNOWN")])
def test_a_challenged_payment_with_201_is_not_unknown(fraud: str, status: str) -> None:
    record = to_record(classic("capture", "201", fraud_status=fraud))
    assert (record.status, record.unknown) == (status, "status_code" if status == "UNKNOWN" else None)


def test_times_and_amount() -> None:
    record = to_record(classic())
    assert record.occurred_at == datetime.fromisoformat(at("06:41:09"))
    assert record.updated_at == datetime.fromisoformat(at("06:41:12"))
    assert str(record.amount) == "4000.00"
    assert to_record(debit(amount=None)).amount is None
    assert to_record(debit(createdTime=None, finishedTime=None)).occurred_at == datetime.fromisoformat(at("06:41:13"))


@given(
    st.dictionaries(
        st.sampled_from([*debit(), *classic()]), st.none() | st.text() | st.integers() | st.lists(st.text())
    )
)
def test_any_value_of_any_field_is_read_or_refused(over: dict[str, Any]) -> None:
    for raw in (debit(), classic()):
        with contextlib.suppress(BadRecord):
            record = to_record(raw | over)
            assert record.external_id
            assert abs(record.version) < 2**53


# The law


def row(raw: Raw) -> Row:
    return to_row(to_record(raw), raw, SEAL)


def end(items: list[Raw]) -> tuple[Any, ...]:
    """Return the stored values after these items."""
    stored = reduce(merge_rows, map(row, items))
    record = stored.record
    return (
        record.status,
        record.source_status,
        record.final,
        record.occurred_at,
        record.amount,
        stored.body,
        sorted(stored.keys),
    )


LIFE = [
    debit("01", createdTime=at("06:41:09"), finishedTime=None),
    classic("pending", "201", settlement_time=None),
    debit("00"),
    classic("capture", fraud_status="accept"),
    classic("settlement", settlement_time="2026-03-02 06:45:00"),
    listed(status="INIT"),
    listed(status="SUCCESS"),
    debit("04", finishedTime=at("09:00:00")),
    classic("partial_refund", settlement_time="2026-03-02 09:00:00"),
]


def test_a_refunded_payment_has_all_details_of_the_history() -> None:
    status, source_status, final, _, _, body, keys = end(LIFE)
    assert (status, final) == ("REFUNDED", True)
    assert source_status in {"04", "partial_refund"}
    assert (body["corridor"], body["merchant"]) == ("K1", "TRANSJATENG")
    assert ("payment", body["rrn"]) in keys


@given(st.permutations(LIFE), st.lists(st.sampled_from(LIFE), max_size=5))
def test_any_order_of_calls_and_history_gives_one_result(order: list[Raw], again: list[Raw]) -> None:
    assert end(order + again) == end(LIFE)


@given(st.lists(st.sampled_from(LIFE), min_size=1, max_size=4, unique_by=json.dumps))
def test_whatever_part_of_it_came_any_order_ends_the_same(items: list[Raw]) -> None:
    assert len({repr(end(list(order))) for order in permutations(items)}) == 1


def test_an_older_notification_after_a_newer_changes_nothing() -> None:
    for older in (debit("01"), classic("pending", "201"), listed(status="INIT")):
        assert end([debit("00"), older])[0] == "SUCCESS"


def test_a_repeated_notification_without_a_time_changes_nothing() -> None:
    first = debit("00", at("06:41:13"), createdTime=None, finishedTime=None)
    later = debit("00", at("07:11:13"), createdTime=None, finishedTime=None)
    assert end([first, later]) == end([later, first]) == end([first])
    assert end([first, debit("00")]) == end([debit("00"), first]) == end([debit("00")])


def test_history_outranks_a_notification_of_the_same_status() -> None:
    assert end([listed(), debit("00")]) == end([debit("00"), listed()]) == end([listed()])
    assert all(to_record(listed(status="SUCCESS")).version > to_record(item).version for item in LIFE[:5])


def test_ranks_do_not_run_into_each_other() -> None:
    latest = debit("01", finishedTime="2099-12-31T23:59:59+07:00")
    assert to_record(latest).version < to_record(debit("03", createdTime="2000-01-01T00:00:00+07:00")).version
    assert max(RANK.values()) < 8
