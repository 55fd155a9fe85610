"""Totals of agreement, and what the public gets of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.fake_connector import permit
from tests.schema.agreement.conftest import Centre, Region, Registers
from tests.schema.harness import ANONYMOUS, OFFICER

QUERY = """query($by: AgreementTotalsGrouping!) {agreementTotals(by: $by) {
    key label matters agreed shareAgreed medianSeconds p95Seconds oldest}}"""


async def _totals(registers: Registers, by: str, viewer: Any = OFFICER) -> dict[str, Any]:
    answer = await registers.stage.ask(viewer, QUERY, language="en", by=by)
    assert answer.errors == []
    return {row.pop("key"): row for row in answer.data["agreementTotals"]}


@pytest.fixture
async def counted(registers: Registers) -> Registers:
    """Six permits of one agency, of which five agree, one of them after a while; two of another, which differ."""
    await registers.differ("I-0", "I-1", agency="DISHUB")
    agreed = [permit(f"I-{n}", authority="CENTRE", agency="DISHUB") for n in range(2, 6)]
    for each in (Region, Centre):
        await registers.say(each, *agreed)
    await registers.say(Region, permit("I-1", authority="CENTRE", status="ISSUED", version=2))
    await registers.stage.run("update agreement_events set seconds = 90 where seconds is not null")
    await registers.differ("I-8", "I-9", agency="DINKES", area="33.72")
    return registers


async def test_an_officer_gets_exact_totals(counted: Registers) -> None:
    found = await _totals(counted, "AGENCY")
    dishub, dinkes = found["DISHUB"], found["DINKES"]
    assert (dishub["matters"], dishub["agreed"], round(dishub["shareAgreed"], 3)) == (6, 5, 0.833)
    assert (dishub["medianSeconds"], dishub["p95Seconds"]) == (90, 90)
    assert dishub["oldest"].startswith("2026-01-03")
    assert (dinkes["matters"], dinkes["agreed"], dinkes["medianSeconds"]) == (2, 0, None)
    assert dishub["label"].startswith("Dinas Perhubungan")


async def test_matters_are_grouped_in_every_way(counted: Registers) -> None:
    assert {key: row["matters"] for key, row in (await _totals(counted, "PAIR")).items()} == {"permit": 8}
    assert (await _totals(counted, "PAIR"))["permit"]["label"] == "Permits"
    fields = await _totals(counted, "FIELD")
    assert {key: (row["matters"], row["agreed"], row["label"]) for key, row in fields.items()} == {
        "status": (4, 1, "Status")
    }
    causes = await _totals(counted, "CAUSE")
    assert causes["NOT_TOLD"]["matters"] >= 4
    assert causes["NOT_TOLD"]["label"] == "Not sent"
    assert {key: row["matters"] for key, row in (await _totals(counted, "AREA")).items()} == {"33.72": 2, "33.74": 6}


async def test_days_are_those_in_jakarta(counted: Registers) -> None:
    await counted.stage.run("update matters set since = now() - interval '200 days' where agency_code = 'DINKES'")
    await counted.stage.run("update matters set since = date_trunc('day', now()) where agency_code = 'DISHUB'")
    days = await _totals(counted, "DAY")
    assert [row["matters"] for row in days.values()] == [6]


async def test_the_public_gets_no_small_group(counted: Registers) -> None:
    await counted.stage.run(
        "update agreement_events set seconds = null where matter_id <> (select min(id) from matters)"
    )
    lacking = replace(OFFICER, scopes=frozenset({"hub:operate"}))
    for viewer in (ANONYMOUS, lacking):
        by_pair = await _totals(counted, "PAIR", viewer)
        assert (by_pair["permit"]["matters"], by_pair["permit"]["medianSeconds"]) == (8, None)
        by_agency = await _totals(counted, "AGENCY", viewer)
        assert [row["matters"] for row in by_agency.values()] == [None, None], "the other one would disclose it"
        assert set(by_agency["DINKES"].values()) == {None, by_agency["DINKES"]["label"]}


async def test_what_the_public_may_not_see_does_not_count(counted: Registers) -> None:
    await counted.stage.run("update records set secret = true where external_id = 'I-0'")
    assert (await _totals(counted, "PAIR", ANONYMOUS))["permit"]["matters"] == 7
    assert (await _totals(counted, "PAIR"))["permit"]["matters"] == 8
