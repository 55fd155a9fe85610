"""The half year of payments in the sandbox: its contents, its irregularities, and its continuation."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hub.connectors.gopay import signing
from hub.connectors.gopay.sandbox import GopaySandbox, build
from hub.connectors.gopay.sandbox.history import DAYS, SIZE, History, half_year, quota
from hub.connectors.gopay.sandbox.payments import invented
from hub.connectors.gopay.settings import GopaySettings
from hub.demo.world import DemoWorld, complaints
from hub.errors import BadSetting
from tests.connectors.gopay.sandbox_history import NOON, TODAY, history, settings

__all__ = ["history", "settings"]


def noon() -> datetime:
    """A clock that does not move."""
    return NOON


@pytest.mark.whole
def test_it_has_fifty_thousand_payments_of_half_a_year(history: History) -> None:
    payments = history.payments.values()
    assert len(payments) == SIZE
    assert len({payment.partner for payment in payments}) == len({payment.rrn for payment in payments}) == SIZE
    assert min(payment.at for payment in payments) > NOON - timedelta(days=184)
    assert max(payment.at for payment in payments) < NOON
    assert {item["status"] for item in history.items(0, len(history)) if "status" in item} >= {"DISPUTED"}


@pytest.mark.whole
def test_all_that_complaints_cite_is_in_it(history: History) -> None:
    by_partner = {payment.partner: payment for payment in history.payments.values()}
    cited = [complaint.payment for complaint in complaints(TODAY) if complaint.payment]
    assert len(cited) > 1000
    for payment in cited:
        stored = by_partner[payment.reference]
        values = stored.at, Decimal(stored.amount), stored.merchant, stored.line.code if stored.line else None
        assert values == (payment.paid_at, payment.amount, payment.merchant, payment.corridor)


@pytest.mark.whole
def test_most_are_fares_with_a_corridor(history: History) -> None:
    counts = Counter(payment.merchant for payment in history.payments.values())
    assert [name for name, _ in counts.most_common()] == ["TRANSJATENG", "TRANSSEMARANG", "BAPENDA", "LOKET"]
    corridors = {p.line.code for p in history.payments.values() if p.line and p.merchant == "TRANSJATENG"}
    assert corridors >= {f"K{number}" for number in range(1, 8)}


@pytest.mark.whole
def test_some_payments_are_repeated_in_older_versions(history: History) -> None:
    items = history.items(0, len(history))
    listed = Counter(item["additionalInfo"]["referenceNo"] for item in items)
    assert 50 < sum(count - 1 for count in listed.values()) < 80


@pytest.mark.whole
def test_tomorrows_history_of_yesterday_is_the_same(history: History) -> None:
    day = TODAY - timedelta(days=30)
    tomorrow = half_year(DemoWorld(TODAY + timedelta(days=1)))
    cited = {c.payment.reference for c in complaints(TODAY) if c.payment}
    cited |= {c.payment.reference for c in complaints(TODAY + timedelta(days=1)) if c.payment}

    def of_day(history: History) -> dict[str, dict[str, Any]]:
        payments = [
            payment for payment in history.payments.values() if payment.at.astimezone(signing.JAKARTA).date() == day
        ]
        return {payment.reference: payment.item() for payment in payments if payment.partner not in cited}

    ours, theirs = of_day(history), of_day(tomorrow)
    both = ours.keys() & theirs.keys()
    assert len(both) > 200
    assert all(ours[reference] == theirs[reference] for reference in both)


def test_any_half_year_has_the_same_number() -> None:
    for first in (TODAY, TODAY + timedelta(days=17), date(2031, 2, 28)):
        assert sum(quota(first - timedelta(days=back)) for back in range(DAYS)) == SIZE


def test_time_passes(settings: GopaySettings) -> None:
    at = NOON.astimezone(signing.JAKARTA)
    few = History([invented(at - timedelta(hours=hour), f"{hour}", Random(hour), "SUCCESS") for hour in range(9)])
    sandbox = GopaySandbox(settings, few, noon, timedelta())
    for _ in range(40):
        sandbox.tick()
    statuses = Counter(payment.status for payment in few.payments.values())
    assert sandbox.figures()["payments"] > 49
    assert statuses.keys() >= {"INIT", "SUCCESS", "REFUNDED"}
    assert statuses["SUCCESS"] > statuses["REFUNDED"]
    assert sandbox.figures()["open"] == statuses["INIT"]


@pytest.mark.whole
def test_a_world_of_another_day_has_its_own_present(settings: GopaySettings) -> None:
    assert build(settings, DemoWorld(TODAY)).now.astimezone(signing.JAKARTA).date() == TODAY


def test_the_key_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="HUB_GOPAY_PRIVATE_KEY_FILE"):
        build(GopaySettings(private_key_file=str(tmp_path / "none.pem")), DemoWorld(TODAY))
