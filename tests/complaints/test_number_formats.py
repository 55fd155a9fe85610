"""Numbers in the notation of people and spreadsheets are read correctly or refused, never read as another number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.complaints import reporter
from hub.complaints.reporter import Reporter
from hub.complaints.submission import check, normalise
from hub.complaints.tickets import Ticket, is_tracking_code, tracking_code
from tests.complaints.test_submission import FIT, TODAY

KEY = b"k" * 16


@pytest.mark.parametrize(
    "written",
    [
        "628123456789.0",
        "8123456789.0",
        "628123456789.00",
        "628123456789,0",
        "+628123456789.0",
        "6.28123456789E+11",
        "6,28123456789E+11",
        "6.28123456789e+11",
        "'08123456789",
        "’08123456789",
        "+62‑812‑345‑6789",
        "+62−812−345−6789",
        "\u200e+62 812\u200b 345 6789",
        "+62–812—345‐6789",
        "\u2066+62 812 345 6789\u2069",
    ],
)
def test_a_telephone_number_is_read_however_it_was_written(written: str) -> None:
    kept = reporter.normalise(Reporter(name="Uji Coba", phone=written))
    assert (kept.phone, reporter.check(kept)) == ("+628123456789", [])


@pytest.mark.parametrize("written", ["6.28E+12", "6,28E+12", "6.2812345678E+11", "62812345678.5", "628123456789.05"])
def test_a_telephone_number_that_lost_digits_is_refused(written: str) -> None:
    problems = check(replace(FIT, reporter=Reporter(name="Uji Coba", phone=written)), TODAY)
    assert [problem.field for problem in problems] == ["reporter.phone"]


@pytest.mark.parametrize("written", ["'3399014107900001", "33.99.01.410790.0001", "33‑9901‑410790‑0001"])
def test_a_nik_is_read_however_it_was_written(written: str) -> None:
    kept = reporter.normalise(Reporter(name="Uji Coba", nik=written))
    assert (kept.nik, reporter.check(kept)) == ("3399014107900001", [])


@pytest.mark.parametrize("written", ["339901410790001.0", "3399014107900001.0", "3.39901410790000E+15", "3,399E+15"])
def test_a_nik_of_a_spreadsheet_has_lost_digits_and_is_refused(written: str) -> None:
    problems = check(replace(FIT, reporter=Reporter(name="Uji Coba", nik=written)), TODAY)
    assert [problem.field for problem in problems] == ["reporter.nik"]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("1916449.0", "1916449"),
        ("1.916449E+6", "1916449"),
        ("#1916449", "1916449"),
        ("'1916449", "1916449"),
        ("\u200e1916449", "1916449"),
    ],
)
def test_a_tracking_id_is_read_however_it_was_written(written: str, kept: str) -> None:
    submission = replace(FIT, tracking_id=written)
    assert (normalise(submission).tracking_id, check(submission, TODAY)) == (kept, [])


@pytest.mark.parametrize("field", ["payment_reference", "order_id"])
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("TJ‑0001", "TJ-0001"),
        ("TJ−0001\u200b", "TJ-0001"),
        ("'0001", "0001"),
        ("20261128.0", "20261128"),
        ("5E0", "5E0"),
    ],
)
def test_a_reference_is_read_however_it_was_written(field: str, written: str, kept: str) -> None:
    fields: dict[str, Any] = {field: written}
    submission = replace(FIT, **fields)
    assert (getattr(normalise(submission), field), check(submission, TODAY)) == (kept, [])


@pytest.mark.parametrize("written", ["2.02E+13", "2,02611E+13"])
def test_a_reference_that_lost_digits_is_refused(written: str) -> None:
    problems = check(replace(FIT, payment_reference=written, order_id=written, tracking_id=written), TODAY)
    assert [problem.field for problem in problems] == ["paymentReference", "orderId", "trackingId"]


@pytest.mark.parametrize("dash", "-‐‑‒–—―−")
def test_ticket_and_tracking_code_are_read_with_any_dash(dash: str) -> None:
    assert str(Ticket.parse(f"\u200e#LG{dash}2026{dash}000123 ")) == "LG-2026-000123"
    assert is_tracking_code(tracking_code("7", KEY).replace("-", dash) + "\u200b", "7", KEY)
