"""Counts from kept numbers are those of the rows, whatever is written, for every viewer and every filter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import combinations
from random import Random
from typing import Any
from unittest.mock import patch

import pytest

from hub.contract import Raw
from hub.store.complaints import totals as complaint_totals
from hub.store.database import Cause
from hub.store.ingest import totals
from hub.store.queries import compiled, links, pagination
from hub.store.queries.compiled import Statements
from hub.store.queries.entities import AGENCY, AREA, COMPLAINT
from hub.store.queries.entity import Entity
from hub.store.queries.record_entities import BUSINESS, ORDER, PAYMENT, PERMIT, REPORT
from hub.viewer import Viewer
from tests.fake_connector import business, order, payment, permit, report
from tests.schema.complaints.test_kept_totals import change as change_complaints
from tests.schema.harness import Stage
from tests.schema.visibility_cases import VIEWERS
from tests.store.ingest.test_quarantine import ingest
from tests.waits import blocked, hanging

Where = tuple[tuple[str, Any], ...]

CAUSE = Cause("compare-totals", "worker", "1")
AGENCIES, AREAS = ("DISHUB", "DINKES"), ("33.74", "33.11")
CHOICES: Mapping[str, Sequence[Any]] = {
    "agency": AGENCIES,
    "area": AREAS,
    "merchant": ("TRANSJATENG", "TRANSSEMARANG", "LAIN"),
    "corridor": ("K1", "K2"),
    "paid_for": ("FARE", "TAX"),
    "marketplace": ("pasar", "toko"),
    "sector": ("EDUCATION", "BUSINESS"),
    "authority": ("PROVINCE", "CENTRE"),
    "type": ("010000000001", "010000000002"),
    "form": ("FOUNDATION", "COOPERATIVE"),
    "secret": (False, False, True),
    "amount": ("1000", "2000"),
}
KINDS: Mapping[str, tuple[Callable[..., Raw], Sequence[str]]] = {
    "P": (payment, ("SUCCESS", "REFUNDED", "?")),
    "R": (report, ("IN_PROGRESS", "CLOSED")),
    "O": (order, ("COMPLETED", "PENDING")),
    "I": (permit, ("VERIFICATION", "ISSUED")),
    "B": (business, ("ACTIVE", "SUSPENDED")),
}
VALUES: Mapping[str, Any] = {
    **dict.fromkeys(("agency", "agency_code", "by_agency"), ("DISHUB",)),
    **dict.fromkeys(("area", "area_code", "by_area"), AREAS),
    "merchant": ("TRANSJATENG",),
    "corridor": ("K1",),
    "paid_for": ("FARE", "TAX"),
    "marketplace": ("pasar",),
    "sector": ("EDUCATION",),
    "authority": ("PROVINCE",),
    "type_code": ("010000000001",),
    "legal_form": ("FOUNDATION",),
    "system": ("fake",),
    "amount_min": 2000,
    "category": ("OTHER",),
    "channel": ("WHATSAPP",),
    "klass": ("COMPLAINT",),
}
STATUSES = {"Complaint": ("ASSIGNED", "CLOSED"), "CentralReport": ("IN_PROGRESS",), "Business": ("ACTIVE",)}
ENTITIES = (COMPLAINT, REPORT, PAYMENT, ORDER, PERMIT, BUSINESS)
LINKS = (
    *((AGENCY, target, "agency", AGENCIES) for target in (COMPLAINT, REPORT, ORDER, PERMIT)),
    *((AREA, target, "area", AREAS) for target in (COMPLAINT, REPORT, PERMIT, BUSINESS)),
)
ROWS = {each: replace(each, kept=None) for each in ENTITIES}
"""The same entities without numbers, whose rows are counted."""


def item(random: Random, version: int) -> Raw:
    """Return a new version of one of a few records."""
    name = random.choice("PROIB")
    make, statuses = KINDS[name]
    facts = {fact: random.choice(values) for fact, values in CHOICES.items()}
    return make(f"{name}{random.randrange(9)}", status=random.choice(statuses), version=version, **facts)


async def change(stage: Stage, random: Random, version: int, tickets: list[str]) -> None:
    """Write records or complaints."""
    one = f"{random.choice('PROIB')}{random.randrange(9)}"
    match random.randrange(8):
        case 0:
            await stage.run("update records set gone_at = now() where external_id = :one", one=one)
        case 1:
            await stage.run("update records set gone_at = null where external_id = :one", one=one)
        case 2:
            await stage.run("update records set updated_at = 'infinity' where external_id = :one", one=one)
        case 3 | 4:
            await change_complaints(stage, random, tickets)
        case _:
            items = {each["id"]: each for each in (item(random, version) for _ in range(random.randrange(1, 12)))}
            await ingest(stage, list(items.values()))


def filters(entity: Entity) -> Iterator[Where]:
    """Yield no filter, each filter with a value, and each two of them."""
    named = [(name, _value(entity, name)) for name in entity.filters if name == "status" or name in VALUES]
    for number in range(3):
        yield from combinations(named, number)


def _value(entity: Entity, name: str) -> Any:
    return VALUES[name] if name != "status" else STATUSES.get(entity.name, ("COMPLETED", "SUCCESS", "ISSUED"))


async def differing(stage: Stage) -> list[Any]:
    return [
        *await stage.rows("select d.* from systems s cross join lateral differing_fact_counts(s.name) d"),
        *await stage.rows("select by from differing_complaint_totals()"),
    ]


async def counts(stage: Stage, entity: Entity, viewer: Viewer, where: Where) -> Any:
    async with stage.database.read() as db:
        return await pagination.count(db, entity, viewer, where)


async def link_counts(stage: Stage, link: links.EntityLink, viewer: Viewer, codes: Sequence[str], where: Where) -> Any:
    async with stage.database.read() as db:
        return await links.linked_counts(db, viewer, [("hub", code) for code in codes], link, where)


async def compare(stage: Stage, random: Random, viewer: Viewer, cases: int) -> int:
    """Compare some counts from numbers with those of the rows; return how many were greater than one."""
    lists = [(entity, where) for entity in ENTITIES for where in filters(entity)]
    linked = [(*link, where) for link in LINKS for where in filters(link[1])]
    larger = 0
    for entity, where in random.sample(lists, cases):
        found = await counts(stage, entity, viewer, where)
        assert found == await counts(stage, ROWS[entity], viewer, where), (entity.name, viewer, where)
        larger += found > 1
    for source, target, key, codes, where in random.sample(linked, cases):
        of = [links.EntityLink(source, each, (key,)) for each in (target, ROWS[target])]
        by_numbers, by_rows = [await link_counts(stage, each, viewer, codes, where) for each in of]
        assert by_numbers == by_rows, (source.name, target.name, viewer, where)
        larger += any(number > 1 for number in by_rows.values())
    return larger


@pytest.mark.parametrize(
    ("seed", "cases"), [(0, 3), *(pytest.param(seed, 15, marks=pytest.mark.whole) for seed in range(1, 4))]
)
async def test_counts_are_those_of_the_rows(stage: Stage, seed: int, cases: int) -> None:
    random = Random(seed)
    tickets = await stage.complaints("ASSIGNED", [{} for _ in range(20)])
    for version in range(1, 30):
        await change(stage, random, version, tickets)
        if version % 9 == 0:
            await complaint_totals.merge(stage.database, CAUSE)
        assert await differing(stage) == []
    assert await stage.rows("select 1 from record_fact_counts where records < 0") == []
    if seed % 2:
        await stage.run("update systems set visible_to = 'reports:read'")
    larger = [await compare(stage, random, viewer, cases) for viewer in VIEWERS.values()]
    assert sum(larger) > 2 * cases


async def test_counts_from_numbers_end_at_the_same_number(stage: Stage) -> None:
    await stage.records(*(order(f"O{number}") for number in range(7)))
    viewer = VIEWERS["officer"]
    with ExitStack() as patched:
        patched.enter_context(patch.object(compiled, "STATEMENTS", Statements()))
        for module in (pagination, links):
            patched.enter_context(patch.object(module, "COUNT_CAP", 3))
        link = links.EntityLink(AGENCY, ORDER, ("agency",))
        assert await counts(stage, ORDER, viewer, ()) == await counts(stage, ROWS[ORDER], viewer, ()) == 4
        assert await link_counts(stage, link, viewer, AGENCIES, ()) == {("hub", "DISHUB"): 4, ("hub", "DINKES"): 0}


def test_numbers_are_used_where_a_breakdown_fits() -> None:
    officer, partner, anonymous = (VIEWERS[name] for name in ("officer", "partner", "anonymous"))
    cases = [
        (ORDER, anonymous, ("by_agency", "status", "marketplace"), True),
        (PAYMENT, partner, ("merchant", "corridor", "system"), True),
        (PAYMENT, partner, ("paid_for", "corridor"), False),
        (PAYMENT, officer, ("amount_min",), False),
        (REPORT, officer, ("agency", "by_area", "area_code"), True),
        (REPORT, officer, ("occurred_from",), False),
        (PERMIT, officer, ("by_nib",), False),
        (COMPLAINT, officer, ("agency", "status"), True),
        (COMPLAINT, officer, ("area", "status"), False),
        (COMPLAINT, anonymous, ("agency",), True),
        (COMPLAINT, partner, (), False),
    ]
    for entity, viewer, names, used in cases:
        assert (entity.kept_numbers(viewer, names) is not None) is used, (entity.name, names)


async def test_wrong_counts_are_corrected_beside_a_write(stage: Stage) -> None:
    """The correction waits for a write that changes the same number, and adds to what it wrote."""
    await stage.records(*(order(f"O{number}") for number in range(3)))
    assert await totals.correct(stage.database, CAUSE) == 0
    await stage.run("update record_fact_counts set records = 7 where by = 'all'")
    await stage.run("delete from record_fact_counts where by = 'marketplace'")
    async with hanging(), stage.database.write(CAUSE) as db:
        await db.exec_driver_sql("update records set status = 'PENDING' where external_id = 'O1'")
        correcting = asyncio.create_task(totals.correct(stage.database, CAUSE))
        await blocked(stage.database)
    assert await correcting == 2
    assert await differing(stage) == []
    assert await totals.correct(stage.database, CAUSE) == 0


async def test_writes_of_complaints_do_not_wait(stage: Stage) -> None:
    one, other = await stage.complaints("ASSIGNED", [{}, {}])
    async with hanging(), stage.database.write(CAUSE) as db:
        await db.exec_driver_sql(f"update complaints set status = 'CLOSED' where ticket = '{one}'")
        await stage.run("update complaints set status = 'CLOSED' where ticket = :ticket", ticket=other)
    assert await differing(stage) == []
