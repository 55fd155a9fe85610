"""Records that demo complaints cite exist, are frequent enough for every page, and are plausible."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import accumulate

import pytest

from hub.complaints.agencies import AGENCIES
from hub.demo.months import now
from hub.demo.world import DemoComplaint
from hub.kinds import ReportStatus
from tests.demo.conftest import TODAY

Year = tuple[DemoComplaint, ...]
MERCHANTS = {"FARE": {"TRANSJATENG", "TRANSSEMARANG"}, "TAX": {"BAPENDA"}, "TICKET": {"LOKET"}}


@pytest.mark.whole
def test_any_hundred_neighbours_cite_reports_and_payments(year: Year) -> None:
    for cited in ("report", "payment"):
        running = [0, *accumulate(getattr(complaint, cited) is not None for complaint in year)]
        fewest = min(after - before for before, after in zip(running, running[100:], strict=False))
        assert fewest >= 5, cited


def test_citations_fit_into_the_sandboxes(year: Year) -> None:
    cited = Counter(
        name for complaint in year for name in ("report", "payment", "order") if getattr(complaint, name) is not None
    )
    assert 2_000 < cited["report"] <= 3_000
    assert 2_000 < cited["payment"] <= 4_000
    assert 200 < cited["order"] < 1_000
    assert sum(bool(complaint.report and complaint.payment) for complaint in year) > 200


def test_an_officers_first_page_shows_every_kind_of_link(year: Year) -> None:
    working = [c for c in reversed(year) if c.status == "IN_PROGRESS" and c.channel == "WHATSAPP"]
    page = working[:20]
    assert len(working) >= 60
    assert sum(c.report is not None for c in page) >= 6
    assert sum(c.payment is not None for c in page) >= 6
    assert sum(c.report is not None and c.payment is not None for c in page) >= 3
    a_month_ago = now(TODAY) - timedelta(days=30)
    assert sum(c.received_at < a_month_ago for c in working) > 60


def test_references_and_ids_are_unique(year: Year) -> None:
    for found in (
        [c.payment.reference for c in year if c.payment],
        [c.report.id for c in year if c.report],
        [c.report.tracking_id for c in year if c.report],
        [c.order.order_id for c in year if c.order],
        [c.ticket for c in year],
    ):
        assert len(found) == len(set(found))


def test_payments_are_in_the_history_of_the_right_merchant(year: Year) -> None:
    present = now(TODAY)
    for payment in (c.payment for c in year if c.payment):
        assert present - timedelta(days=180) <= payment.paid_at < present
        assert payment.merchant in MERCHANTS[payment.paid_for]
        assert (payment.corridor is not None) == (payment.paid_for == "FARE")
        assert payment.paid_for != "FARE" or payment.amount in (Decimal(4000), Decimal(2000))
        assert payment.amount >= 2000


def test_fares_precede_complaints_by_minutes_to_hours(year: Year) -> None:
    kinds = Counter(c.payment.paid_for for c in year if c.payment)
    assert set(kinds) == {"FARE", "TAX", "TICKET"}
    for complaint in year:
        if complaint.payment is None:
            continue
        ahead = complaint.received_at - complaint.payment.paid_at
        if complaint.payment.paid_for == "FARE":
            assert timedelta(minutes=5) < ahead < timedelta(hours=18)
        elif ahead < timedelta(0):
            assert complaint.payment.reference not in complaint.text
            assert complaint.status not in ("CLOSED", "ANSWERED") or complaint.steps[-1].at > complaint.payment.paid_at


def test_a_complaint_about_a_ride_names_corridor_and_payment(year: Year) -> None:
    for complaint in year:
        if complaint.payment and complaint.payment.corridor:
            assert complaint.agency_code in ("DISHUB", None)
            assert complaint.payment.corridor in complaint.title + complaint.text
            assert complaint.payment.reference in complaint.text


def test_reports_are_mostly_in_step_and_one_in_eight_is_not(year: Year) -> None:
    closed = [c for c in year if c.report and c.status == "CLOSED"]
    apart = sum(c.report is not None and c.report.status != "CLOSED" for c in closed) / len(closed)
    assert 0.09 < apart < 0.16
    assert {c.report.status for c in year if c.report} <= set(ReportStatus) - {"UNKNOWN"}


def test_reports_precede_only_the_complaints_they_became(year: Year) -> None:
    present = now(TODAY)
    for complaint in year:
        if complaint.report is None:
            assert complaint.channel != "LAPOR"
            continue
        assert complaint.report.created_at <= complaint.report.updated_at <= present
        assert (complaint.report.created_at < complaint.received_at) == (complaint.channel == "LAPOR")


def test_orders_belong_to_agencies_in_office_and_came_first(year: Year) -> None:
    in_office = {agency.code for agency in AGENCIES if agency.in_office(TODAY)}
    for complaint in year:
        if complaint.order:
            assert complaint.order.agency_code in in_office
            assert complaint.order.ordered_at < complaint.received_at
            assert complaint.order.order_id in complaint.title + complaint.text
