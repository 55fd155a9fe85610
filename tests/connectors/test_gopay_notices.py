"""From a notification to a payment, and how notifications and the history end alike in any order."""

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
from hub.connectors.base import Raw
from hub.connectors.gopay.mapping import to_record
from hub.connectors.gopay.notices import PARTNER, SENT
from hub.connectors.gopay.statuses import CLASSIC, LATEST, RANK
from hub.errors import BadRecord
from hub.kinds import PaymentStatus
from hub.store.ingest.rows import Row, merged
from hub.store.sealing import Seal
from hub.sync.batch import row_of
from tests.connectors import gopay_calls

SAMPLES = Path(hub.connectors.gopay.__file__).parent / "samples"
SEAL = Seal([b"k" * 32], b"s" * 32)
ENVELOPE = {SENT: "2026-03-02T06:41:13+07:00", PARTNER: "HUBJATENG"}


def debit(status: str = "00", sent: str = ENVELOPE[SENT], **over: Any) -> Raw:
    return gopay_calls.debit("A12603020001", status, **over) | ENVELOPE | {SENT: sent}


def classic(status: str = "settlement", code: str = "200", **over: Any) -> Raw:
    told = gopay_calls.classic("A12603020001", status, code, **over)
    return {name: value for name, value in told.items() if name != "signature_key"}


def listed(**over: Any) -> Raw:
    """The item of the history on the same payment."""
    return json.loads((SAMPLES / "fare_paid.json").read_text())["raw"] | over  # type: ignore[no-any-return]


def at(time: str) -> str:
    return f"2026-03-02T{time}+07:00"


def test_a_notification_is_of_the_record_that_the_history_lists() -> None:
    for raw in (debit(), classic()):
        assert to_record(raw).external_id == to_record(listed()).external_id


@pytest.mark.parametrize(("code", "status"), LATEST.items())
def test_codes_of_snap(code: str, status: PaymentStatus) -> None:
    assert (to_record(debit(code)).status, to_record(debit(code)).told) == (status, code)


@pytest.mark.parametrize(("word", "status"), CLASSIC.items())
def test_words_of_midtrans(word: str, status: PaymentStatus) -> None:
    assert (to_record(classic(word)).status, to_record(classic(word)).told) == (status, word)


def test_the_words_are_those_of_the_contract() -> None:
    told = "authorize, capture, pending, settlement, deny, cancel, expire, failure, refund, partial_refund"
    assert CLASSIC.keys() == set(told.split(", "))


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
def test_what_nobody_knows_or_the_signature_does_not_bear_out_is_unknown(raw: Raw, field: str) -> None:
    record = to_record(raw)
    assert (record.status, record.unknown, record.final) == ("UNKNOWN", field, False)


@pytest.mark.parametrize(
    ("fraud", "status"), [(None, "SUCCESS"), ("accept", "SUCCESS"), ("challenge", "PENDING"), ("deny", "CANCELLED")]
)
def test_a_suspicion_of_fraud_holds_the_money_back(fraud: str | None, status: str) -> None:
    assert to_record(classic("capture", fraud_status=fraud)).status == status
    assert to_record(classic("refund", fraud_status=fraud)).status == "REFUNDED"


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
    return row_of(to_record(raw), raw, SEAL)


def end(words: list[Raw]) -> tuple[Any, ...]:
    """What holds after these."""
    held = reduce(merged, map(row, words))
    record = held.record
    return record.status, record.told, record.final, record.occurred_at, record.amount, held.body, sorted(held.keys)


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


def test_a_payments_life_ends_refunded_with_all_that_the_history_knows() -> None:
    status, told, final, _, _, body, keys = end(LIFE)
    assert (status, final) == ("REFUNDED", True)
    assert told in {"04", "partial_refund"}
    assert (body["corridor"], body["merchant"]) == ("K1", "TRANSJATENG")
    assert ("payment", body["rrn"]) in keys


@given(st.permutations(LIFE), st.lists(st.sampled_from(LIFE), max_size=5))
def test_any_order_and_repetition_of_notifications_and_history_ends_the_same(
    order: list[Raw], again: list[Raw]
) -> None:
    assert end(order + again) == end(LIFE)


@given(st.lists(st.sampled_from(LIFE), min_size=1, max_size=4, unique_by=json.dumps))
def test_whatever_part_of_it_came_any_order_ends_the_same(words: list[Raw]) -> None:
    assert len({repr(end(list(order))) for order in permutations(words)}) == 1


def test_an_older_word_after_a_newer_changes_nothing() -> None:
    for older in (debit("01"), classic("pending", "201"), listed(status="INIT")):
        assert end([debit("00"), older])[0] == "SUCCESS"


def test_a_notification_without_a_time_that_is_sent_again_changes_nothing() -> None:
    first = debit("00", at("06:41:13"), createdTime=None, finishedTime=None)
    later = debit("00", at("07:11:13"), createdTime=None, finishedTime=None)
    assert end([first, later]) == end([later, first]) == end([first])
    assert end([first, debit("00")]) == end([debit("00"), first]) == end([debit("00")])


def test_what_the_history_says_outranks_a_notification_of_the_same_status() -> None:
    assert end([listed(), debit("00")]) == end([debit("00"), listed()]) == end([listed()])
    assert all(to_record(listed(status="SUCCESS")).version > to_record(word).version for word in LIFE[:5])


def test_ranks_do_not_run_into_each_other() -> None:
    latest = debit("01", finishedTime="2099-12-31T23:59:59+07:00")
    assert to_record(latest).version < to_record(debit("03", createdTime="2000-01-01T00:00:00+07:00")).version
    assert max(RANK.values()) < 8
