"""The demo's businesses and permits: the same in every process and in a world of any size."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise

import pytest

from hub.complaints.areas import AREAS
from hub.demo import licence_numbers as numbers
from hub.demo.businesses import FULL_SIZE, Business, BusinessWorld, business_of_permit, permits_before
from hub.demo.dice import Dice
from hub.demo.months import now
from hub.demo.permit_stages import ISSUED, Stage, has_number, next_stage
from hub.demo.permit_types import CENTRE, PERMIT_TYPES, Sector
from hub.demo.permits import Permit
from hub.demo.suppliers import suppliers
from tests.demo.conftest import TODAY

WORLD = BusinessWorld(TODAY, 1_200)


@pytest.fixture(scope="module")
def businesses() -> list[Business]:
    return [WORLD.business(number) for number in range(WORLD.count)]


@pytest.fixture(scope="module")
def permits(businesses: list[Business]) -> list[Permit]:
    return [permit for business in businesses for permit in business.permits]


def test_the_full_size_has_thirty_thousand_permits() -> None:
    assert BusinessWorld(TODAY, FULL_SIZE).permits == 30_000


def test_permits_are_numbered_through_and_lead_back(businesses: list[Business], permits: list[Permit]) -> None:
    assert [permit.number for permit in permits] == list(range(WORLD.permits))
    for business in businesses:
        assert permits_before(business.number) == permits_before(business.number + 1) - len(business.permits)
        assert all(business_of_permit(permit.number) == business.number for permit in business.permits)


def test_a_third_of_the_permits_is_in_each_sector(businesses: list[Business]) -> None:
    sectors = Counter(business.sector for business in businesses for _ in business.permits)
    assert set(sectors) == set(Sector)
    assert max(sectors.values()) - min(sectors.values()) == 0


def test_every_area_and_level_of_authority_occurs(businesses: list[Business], permits: list[Permit]) -> None:
    assert {business.area_code for business in businesses} == {area.code for area in AREAS}
    levels = Counter(permit.authority for permit in permits)
    assert min(levels["00"], levels["01"], levels["02"]) > len(permits) / 10


def test_a_business_depends_on_its_number_alone() -> None:
    assert BusinessWorld(TODAY, 5).business(1_000) == WORLD.business(1_000)
    assert BusinessWorld(TODAY, seed=34).business(1_000) != WORLD.business(1_000)
    assert BusinessWorld(date(2027, 2, 1)).business(1_000) != WORLD.business(1_000)


def test_numbers_lead_back_and_are_unique(businesses: list[Business], permits: list[Permit]) -> None:
    for business in businesses:
        assert numbers.business_of_nib(business.nib) == business.number
        assert numbers.business_of_npwp(business.npwp) == business.number
    assert all(numbers.permit_of_id(permit.id) == permit.number for permit in permits)
    assert {len(permit.id) for permit in permits} == {13, 23, 30}
    assert len({permit.id for permit in permits}) == len(permits)
    assert numbers.business_of_nib("0220001234567") is None
    assert numbers.business_of_npwp("990000029999000") is None, "a wrong check digit"
    assert numbers.permit_of_id("I-12") is None


def test_courses_are_in_order_and_over_before_today(permits: list[Permit]) -> None:
    for permit in permits:
        times = [step.at for step in permit.steps]
        assert all(before < after for before, after in pairwise(times))
        assert times[-1] < now(TODAY)
        for before, after in pairwise(step.stage for step in permit.steps):
            assert before not in ISSUED - {Stage.ISSUED}, "nothing follows an end but a suspension"
            assert (before is Stage.ISSUED) == (after is Stage.SUSPENDED)
    assert {permit.steps[-1].stage for permit in permits} == set(Stage)


def test_the_side_that_decides_knows_all(permits: list[Permit]) -> None:
    late = [permit for permit in permits if permit.behind]
    assert 0 < len(late) < len(permits) / 20
    for permit in late:
        decides = permit.authority == CENTRE
        assert permit.steps_at(centre=decides) == permit.steps
        assert 0 < len(permit.steps_at(centre=not decides)) < len(permit.steps)
    assert 0 < sum(permit.absent for permit in permits) < len(permits) / 20


def test_a_licence_comes_with_the_issue_alone(permits: list[Permit]) -> None:
    for permit in permits:
        stages = {step.stage for step in permit.steps_at(centre=True)}
        licence = permit.licence(centre=True)
        assert (licence is not None) == has_number(stages)
        if licence:
            assert licence.issued_on < licence.valid_until


def test_some_permits_fit_each_other(businesses: list[Business]) -> None:
    """A person then matches the permit without an id."""
    keys = Counter((permit.project_id, permit.type.code) for each in businesses for permit in each.permits)
    assert 1 <= sum(times > 1 for times in keys.values()) < 100


def test_most_suppliers_are_businesses_with_their_place(businesses: list[Business]) -> None:
    registered = {business.supplier: business for business in businesses if business.supplier}
    assert 40 < len(registered) < len(suppliers())
    assert set(registered) <= set(suppliers())
    assert all(each.name == supplier.name for supplier, each in registered.items())
    assert all(each.area_code == supplier.area_code for supplier, each in registered.items())


def test_only_schools_and_cooperatives_have_a_register(businesses: list[Business]) -> None:
    registers = {business.sector: (business.own_number or (None,))[0] for business in businesses}
    assert registers == {
        Sector.EDUCATION: "NPSN",
        Sector.COOPERATIVES: "NIK Koperasi",
        Sector.TRADE: None,
    }


@pytest.mark.parametrize("stage", list(Stage))
def test_a_stage_leads_on_or_ends(stage: Stage) -> None:
    rng = Dice(1)
    for _ in range(50):
        following, steps = stage, 0
        while (after := next_stage(following, rng)) is not None:
            following, steps = after, steps + 1
        assert following in ISSUED | {Stage.REFUSED}


def test_every_type_has_a_code_of_twelve_digits() -> None:
    assert all(len(code) == 12 and code.isdigit() for code in PERMIT_TYPES)
