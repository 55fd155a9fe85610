"""Totals of answers, compared with rows counted by hand: the public sees no small groups, and no way to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.schema.harness import ANONYMOUS, OFFICER, Stage

DAY = 86_400
FIGURES = "figures {received answered due inTime medianSeconds p90Seconds}"
QUERY = (
    "query($by: ComplaintTotalsGrouping!, $keys: [String!]) {answerTotals(by: $by, keys: $keys,"
    ' range: {start: "2026-01-01", end: "2026-12-31"}) {key label '
    f"{FIGURES} months {{month {FIGURES}}}}}}}"
)
HIDDEN = dict.fromkeys(("received", "answered", "due", "inTime", "medianSeconds", "p90Seconds"))


async def totals(stage: Stage, viewer: Any, by: str, keys: list[str] | None = None) -> dict[str | None, Any]:
    answer = await stage.got(viewer, QUERY, by=by, keys=keys)
    return {row["key"]: row for row in answer["answerTotals"]}


@pytest.fixture(scope="module")
async def answered(shared: Stage) -> Stage:
    """Of one agency ten complaints in March, answered after 1 to 9 days, and four in April; of another six in March."""
    for agency, at, days in (
        ("DISHUB", "2026-03-02", range(10)),
        ("DISHUB", "2026-04-02", range(4)),
        ("DINKES", "2026-03-03", range(6)),
        ("DINSOS", "2026-03-04", range(2)),
    ):
        received = datetime.fromisoformat(f"{at}T00:00:00+00:00")
        for each in days:
            (ticket,) = await shared.complaints("ASSIGNED", [{}], agency=agency)
            await shared.run(
                "update complaints set received_at = :at, due_at = :due, answered_at = :answered"
                " where ticket = :ticket",
                at=received,
                due=received + timedelta(days=5),
                answered=received + timedelta(days=each) if each else None,
                ticket=ticket,
            )
    return shared


async def test_answers_are_counted_and_timed_by_agency(answered: Stage) -> None:
    found = (await totals(answered, OFFICER, "AGENCY"))["DISHUB"]
    assert found["label"] == "Dinas Perhubungan"
    assert [each["month"] for each in found["months"]] == ["2026-03", "2026-04"]
    march = {"received": 10, "answered": 9, "due": 10, "inTime": 5, "medianSeconds": 5 * DAY, "p90Seconds": 8.2 * DAY}
    assert found["months"][0]["figures"] == pytest.approx(march)
    assert found["figures"]["received"] == 14


async def test_the_public_gets_sums_without_small_months(answered: Stage) -> None:
    found = (await totals(answered, ANONYMOUS, "AGENCY"))["DISHUB"]
    assert found["months"][1] == {"month": "2026-04", "figures": HIDDEN}
    assert (found["figures"]["received"], found["figures"]["answered"]) == (10, 9)


async def test_a_selected_group_hides_what_the_others_do(answered: Stage) -> None:
    """DINSOS is too small in March, and so is the difference to the month's total: DINKES is hidden as well."""
    every = await totals(answered, ANONYMOUS, "AGENCY")
    assert every["DINSOS"]["figures"] == every["DINKES"]["figures"] == HIDDEN
    for agency, row in every.items():
        assert await totals(answered, ANONYMOUS, "AGENCY", [str(agency)]) == {agency: row}


async def test_few_answers_have_no_public_times(answered: Stage) -> None:
    await answered.run(
        "update complaints set answered_at = null where agency_code = 'DISHUB' and due_at - answered_at < '2 days'"
    )
    (march,) = (await totals(answered, ANONYMOUS, "MONTH"))["2026-03"]["months"]
    assert march["figures"]["medianSeconds"] is not None
    few = (await totals(answered, ANONYMOUS, "AGENCY", ["DISHUB"]))["DISHUB"]["figures"]
    assert (few["answered"], few["inTime"], few["medianSeconds"]) == (3, 3, None)
