"""Differences that are made on purpose are all found, with their cause, and nothing besides; after repair all agree."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from hub.contract import Raw
from hub.errors import Refused
from tests.registers import Both, Centre, Region, at, permit
from tests.store.agreement import reports

LATER = "update decisions set due_at = now() + interval '1 day'"
CENTRAL: dict[str, Any] = {"authority": "CENTRE"}


def central(number: int, **over: Any) -> Raw:
    """The permit of a number as the centre has it; each second one is the centre's to decide."""
    authority = "CENTRE" if number % 2 else "REGENCY"
    return permit(f"I-{number}", f"I-{number}", authority=authority, project_id=f"R-{number}", **over)


def regional(number: int, **over: Any) -> Raw:
    """The same as the region has it."""
    return central(number, **over) | {"id": str(number)}


async def bring(both: Both, side: Any, items: Iterable[Raw]) -> None:
    rest = list(items)
    while rest:
        await both.bring(side, *rest[:1000])
        del rest[:1000]


async def changed_in_the_region(both: Both, numbers: list[int]) -> None:
    """The region changes permits that the centre decides."""
    await bring(both, Region, (regional(each, status="REJECTED", since=at(9), changed=at(9)) for each in numbers))


async def decided_and_refused(both: Both, numbers: list[int]) -> None:
    """The centre decides, and the region refuses to follow."""
    await bring(both, Centre, (central(each, status="APPROVAL", since=at(9), changed=at(9)) for each in numbers))
    both.region.errors = [Refused("no")] * len(numbers)
    await both.deliver(Region)


async def decided_and_not_shown(both: Both, numbers: list[int]) -> None:
    """The centre decides, and the region accepts it without following."""
    both.region.deaf = True
    await bring(both, Centre, (central(each, status="APPROVAL", since=at(9), changed=at(9)) for each in numbers))
    await both.deliver(Region)
    both.region.deaf = False


async def other_scale(both: Both, numbers: list[int]) -> None:
    """The region has other data of the business."""
    await bring(both, Region, (regional(each, scale="LARGE", changed=at(9)) for each in numbers))


async def unknown_code(both: Both, numbers: list[int]) -> None:
    """The centre sends a code that nobody knows."""
    await bring(both, Centre, (central(each, status="58", since=at(9), changed=at(9)) for each in numbers))


async def entered_twice(both: Both, numbers: list[int]) -> None:
    """The region has two rows of one permit."""
    await bring(both, Region, (regional(each) | {"id": f"double-{each}"} for each in numbers))


async def without_authority(both: Both, numbers: list[int]) -> None:
    """Nobody knows who decides, and both sides decided."""
    nobody = {"authority": None, "since": at(9), "changed": at(9)}
    await bring(both, Centre, (central(each) | nobody | {"status": "REJECTED"} for each in numbers))
    await bring(both, Region, (regional(each) | nobody | {"status": "APPROVAL"} for each in numbers))


INJECTED: dict[str, tuple[str, Callable[[Both, list[int]], Any]]] = {
    "CHANGED_BACK": ("DIFFERS", changed_in_the_region),
    "NOT_TAKEN": ("DIFFERS", decided_and_refused),
    "TOLD_LATE": ("DIFFERS", decided_and_not_shown),
    "NOT_TOLD": ("DIFFERS", other_scale),
    "UNKNOWN_CODE": ("UNKNOWN", unknown_code),
    "MATCH_UNSURE": ("UNKNOWN", entered_twice),
    "CONFLICT": ("DIFFERS", without_authority),
}
STATES = "select pair, state, cause, count(*) from matters where state <> 'AGREED' group by 1, 2, 3"
Found = Counter[tuple[str, str, str]]
"""Pair, state and cause → number of matters."""


async def fill(both: Both, permits: int, complaints: int) -> None:
    """Have both sides hold so many permits and complaints, and agree on all."""
    await bring(both, Centre, map(central, range(permits)))
    await bring(both, Region, map(regional, range(permits)))
    await reports.fill_reports(both, complaints)
    # PostgreSQL does so by itself, but within a minute, which the rest of the test may not take.
    await both.run("analyze")
    assert await both.rows(STATES) == []
    counted = await both.rows("select pair, count(*) from matters group by 1 order by 1")
    assert counted == [("permit", permits), ("report", complaints)]


def numbers_of(size: int, count: int, seed: int, place: int) -> list[int]:
    """Return permits that no other seed or cause gets. The centre decides odd ones, as the first three causes need."""
    begin, among, row = (1, 3, place) if place < 3 else (0, 4, place - 3)
    shuffled = random.Random(1).sample(range(begin, size, 2), len(range(begin, size, 2)))
    first = (seed * among + row) * count
    return shuffled[first : first + count]


async def inject(both: Both, size: int, count: int, seed: int) -> tuple[Found, list[int]]:
    """Make ``count`` differences of each cause; return how many of each must be found, and the permits."""
    numbers: list[int] = []
    expected: Found = Counter()
    for place, (cause, (state, make)) in enumerate(INJECTED.items()):
        mine = numbers_of(size, count, seed, place)
        await make(both, mine)
        await both.run(LATER)
        expected["permit", state, cause] += count
        numbers += mine
    return +expected, numbers


async def inject_reports(both: Both, size: int, count: int, seed: int) -> tuple[Found, list[str]]:
    """Make ``count`` differences of each cause; return how many of each must be found, and the tickets."""
    tickets = [f"T-{each}" for each in random.Random(seed).sample(range(size), count * len(reports.INJECTED))]
    expected: Found = Counter()
    for place, (cause, make) in enumerate(reports.INJECTED.items()):
        await make(both, tickets[place * count : (place + 1) * count])
        expected["report", "DIFFERS", cause] += count
    return +expected, tickets


async def found(both: Both) -> Found:
    return Counter({(pair, state, cause): number for pair, state, cause, number in await both.rows(STATES)})


async def repair(both: Both, numbers: list[int]) -> None:
    """Both sides hold the same again of these permits."""
    await both.run("update records set gone_at = now() where external_id like 'double-%'")
    same = {"since": at(99), "changed": at(99), "status": "PAYMENT"}
    await bring(both, Region, (regional(each) | same for each in numbers))
    await bring(both, Centre, (central(each) | same for each in numbers))


async def check(both: Both, permits: int, complaints: int, count: int, seed: int) -> None:
    expected, numbers = await inject(both, permits, count, seed)
    of_reports, tickets = await inject_reports(both, complaints, count, seed)
    assert await found(both) == expected + of_reports
    await repair(both, numbers)
    assert await found(both) == of_reports
    await reports.repair_reports(both, tickets)
    assert await found(both) == Counter()


@pytest.mark.parametrize("count", [0, 1, 7])
async def test_what_differs_is_found_and_nothing_besides(both: Both, count: int) -> None:
    await fill(both, 120, 60)
    await check(both, 120, 60, count, seed=0)


@pytest.mark.whole
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(3))
async def test_a_thousand_of_each_are_found_among_thirty_thousand(both: Both, seed: int) -> None:
    await fill(both, 30_000, 6_000)
    await check(both, 30_000, 6_000, 1_000, seed)
