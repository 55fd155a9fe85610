"""The mapping of an item of the history to a payment, beyond the samples, for any order and any text."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hub.connectors.gopay
from hub.connectors.gopay.mapping import to_record
from hub.connectors.gopay.statuses import FINAL, LATEST, RANK, STATUS
from hub.contract import Record
from hub.errors import BadRecord
from hub.kinds import PaymentStatus

SAMPLES = Path(hub.connectors.gopay.__file__).parent / "samples"


def fare(**changes: Any) -> dict[str, Any]:
    """Return the sample of a paid fare with other top-level fields; None removes one."""
    raw = copy.deepcopy(json.loads((SAMPLES / "fare_paid.json").read_text())["raw"]) | changes
    return {name: value for name, value in raw.items() if value is not None}


def fare_with(**info: Any) -> dict[str, Any]:
    """Return the sample with other fields in ``additionalInfo``."""
    raw = fare()
    return raw | {"additionalInfo": raw["additionalInfo"] | info}


def stored(items: tuple[dict[str, Any], ...]) -> Record:
    """Return the stored record of several items of one payment: the newest, and of equal ones the last."""
    kept = to_record(items[0])
    for item in items[1:]:
        record = to_record(item)
        kept = kept if record.version < kept.version else record
    return kept


def test_repeated_and_shuffled_items_end_alike() -> None:
    life = [fare(status=name) for name in ("INIT", "PENDING", "SUCCESS", "CLOSED")]
    life += [fare(latestTransactionStatus="04"), fare(status="INIT"), fare(status="NEW")]
    ends = {stored(order).status for order in permutations(life)}
    assert ends == {"REFUNDED"}


@pytest.mark.parametrize("before", ["INIT", "PENDING"])
@pytest.mark.parametrize("after", ["SUCCESS", "CLOSED", "CANCELLED"])
def test_an_outcome_is_newer_than_a_payment_under_way(before: str, after: str) -> None:
    assert to_record(fare(status=after)).version > to_record(fare(status=before)).version


def test_an_unknown_code_neither_hides_nor_blocks_an_outcome() -> None:
    under_way, unknown, paid = fare(status="INIT"), fare(status="NEW"), fare(status="SUCCESS")
    assert stored((under_way, unknown)).status == "UNKNOWN"
    assert stored((unknown, paid)).status == stored((paid, unknown)).status == "SUCCESS"


def test_status_ranks_are_distinct_and_final_ones_highest() -> None:
    assert RANK.keys() == set(PaymentStatus)
    assert len(set(RANK.values())) == len(RANK)
    assert min(RANK[status] for status in FINAL) > max(RANK[status] for status in set(RANK) - FINAL)


@pytest.mark.parametrize(("code", "status"), LATEST.items())
def test_latest_codes(code: str, status: PaymentStatus) -> None:
    record = to_record(fare(status=None, latestTransactionStatus=code))
    assert (record.status, record.source_status, record.unknown) == (status, code, None)


@pytest.mark.parametrize(("name", "status"), STATUS.items())
def test_status_names(name: str, status: PaymentStatus) -> None:
    record = to_record(fare(status=name))
    assert (record.status, record.source_status, record.unknown) == (status, name, None)


@pytest.mark.parametrize("code", ["07", "10", "77", "x"])
def test_a_code_outside_the_table_is_kept_as_is(code: str) -> None:
    record = to_record(fare(latestTransactionStatus=code))
    assert (record.status, record.source_status, record.unknown) == ("UNKNOWN", code, "latestTransactionStatus")
    assert record.amount == 4000


def test_both_spellings_of_an_instant_are_the_same_instant() -> None:
    local, utc = to_record(fare()), to_record(fare(dateTime="2026-03-01T23:41:09Z"))
    assert local.occurred_at == utc.occurred_at
    assert utc.occurred_at.tzinfo is not None


def test_equal_rides_seconds_apart_are_two_payments() -> None:
    assert to_record(fare()).external_id != to_record(fare_with(referenceNo="A12603020002")).external_id


def test_a_repeated_reference_is_one_key() -> None:
    keys = to_record(fare_with(partnerReferenceNo="A12603020001", rrn="")).keys
    assert [key.value for key in keys] == ["A12603020001"]


def test_nothing_of_who_paid_is_in_a_record() -> None:
    assert "Uji" not in repr(to_record(fare_with(payerName="Penumpang Uji", payerPhone="0899 Uji")))


@pytest.mark.parametrize("text", ["nul\0", "half\ud83d", "line\nbreak", "x" * 65, 7, ["a"]])
def test_a_text_that_cannot_be_kept_is_refused_with_its_field(text: object) -> None:
    with pytest.raises(BadRecord, match="halteCode"):
        to_record(fare_with(halteCode=text))


@given(st.decimals(min_value=0, max_value=10**15, places=2))
def test_an_amount_is_read_to_the_cent(amount: Decimal) -> None:
    assert to_record(fare(amount={"value": f"{amount:f}", "currency": "IDR"})).amount == amount


@pytest.mark.parametrize("value", [4000, 4000.0, "4,000.00", "4e3", "NaN", "\u0664\u0660", " 4000", "", None, "1" * 17])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(BadRecord, match=r"amount\.value"):
        to_record(fare(amount={"value": value, "currency": "IDR"}))


@pytest.mark.parametrize("value", ["02-03-2026 06:30:00", "2026-03-02", "0001-01-01T00:00:00+07:00", "", None, 1772])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(BadRecord, match="dateTime"):
        to_record(fare(dateTime=value))
