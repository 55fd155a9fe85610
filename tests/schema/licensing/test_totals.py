"""Totals of permits: what counts as a restart, which record of a shared permit counts, what the public gets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.fake_connector import permit
from tests.schema.agreement.conftest import Centre, Region, Registers, registered_systems, registers
from tests.schema.harness import ANONYMOUS, OFFICER

__all__ = ["registered_systems", "registers"]

QUERY = "query($by: PermitTotalsGrouping!) {permitTotals(by: $by) {key label permits restarted restarts}}"


async def totals(registers: Registers, by: str, viewer: Any = OFFICER) -> dict[str | None, tuple[int | None, ...]]:
    answer = await registers.stage.ask(viewer, QUERY, language="en", by=by)
    assert answer.errors == []
    return {row["key"]: (row["permits"], row["restarted"], row["restarts"]) for row in answer.data["permitTotals"]}


@pytest.fixture
async def counted(registers: Registers) -> Registers:
    """Six permits of one agency, of which two were restarted, one of them twice, and two of another."""
    await registers.say(Centre, *(permit(f"I-{n}", authority="CENTRE") for n in range(6)))
    for version, clock in enumerate(("STOPPED", "RESTARTED", "STOPPED", "RESTARTED", "RUNNING"), 2):
        await registers.say(Centre, permit("I-0", authority="CENTRE", version=version, clock=clock))
    await registers.say(Centre, permit("I-1", authority="CENTRE", version=2, clock="RESTARTED"))
    await registers.say(Region, *(permit(f"I-{n}", agency="DINKES", authority="REGENCY") for n in (7, 8)))
    return registers


async def test_restarts_are_counted_by_each_group(counted: Registers) -> None:
    assert await totals(counted, "AGENCY") == {"DISHUB": (6, 2, 3), "DINKES": (2, 0, 0)}
    assert await totals(counted, "AUTHORITY") == {"CENTRE": (6, 2, 3), "REGENCY": (2, 0, 0)}
    assert await totals(counted, "SECTOR") == {"EDUCATION": (8, 2, 3)}
    assert await totals(counted, "AREA") == {"33.74": (8, 2, 3)}


async def test_a_group_has_a_label(counted: Registers) -> None:
    found = {}
    for by in ("AGENCY", "AREA", "SECTOR", "AUTHORITY"):
        answer = await counted.stage.ask(OFFICER, QUERY, language="en", by=by)
        found[by] = answer.data["permitTotals"][0]["label"]
    assert found["SECTOR"] == "Education"
    assert found["AUTHORITY"] == "Central government"
    assert found["AGENCY"].startswith("Dinas")
    assert found["AREA"] == "Kota Semarang"


async def test_totals_are_those_of_single_permits(counted: Registers) -> None:
    rows = (await counted.stage.got(OFFICER, "{permits {nodes {clockRestarts}}}"))["permits"]["nodes"]
    restarts = [row["clockRestarts"] for row in rows]
    assert await totals(counted, "SECTOR") == {"EDUCATION": (8, sum(n > 0 for n in restarts), sum(restarts))}


async def test_a_shared_permit_counts_where_it_is_decided(counted: Registers) -> None:
    shared = [permit("I-0", authority="CENTRE"), permit("I-1", authority="CENTRE"), permit("I-6", authority="REGENCY")]
    await counted.say(Region, *({**each, "agency": "DISDIKBUD", "clock": "RESTARTED"} for each in shared))
    await counted.say(Centre, permit("I-6", authority="REGENCY"))
    assert await totals(counted, "AGENCY") == {"DISHUB": (6, 2, 3), "DISDIKBUD": (1, 1, 1), "DINKES": (2, 0, 0)}
    assert sum(row[0] or 0 for row in (await totals(counted, "SECTOR")).values()) == 9


async def test_the_public_gets_no_small_group(counted: Registers) -> None:
    lacking = replace(OFFICER, scopes=frozenset({"hub:operate"}))
    for viewer in (ANONYMOUS, lacking):
        assert await totals(counted, "SECTOR", viewer) == {"EDUCATION": (8, 2, 3)}
        nothing = (None, None, None)
        assert await totals(counted, "AGENCY", viewer) == {"DISHUB": nothing, "DINKES": nothing}


async def test_secret_permits_do_not_count_for_the_public(counted: Registers) -> None:
    await counted.stage.run("update records set secret = true where external_id = 'I-0'")
    assert await totals(counted, "SECTOR", ANONYMOUS) == {"EDUCATION": (7, 1, 1)}
    assert await totals(counted, "SECTOR") == {"EDUCATION": (8, 2, 3)}


async def test_permits_of_other_systems_are_not_public(counted: Registers) -> None:
    await counted.stage.records(*(permit(f"F-{n}", sector="BUSINESS") for n in range(9)))
    assert await totals(counted, "SECTOR", ANONYMOUS) == {"EDUCATION": (8, 2, 3)}
    assert (await totals(counted, "SECTOR"))["BUSINESS"] == (9, 0, 0)
