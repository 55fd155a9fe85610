"""The texts name only known things, and the lists contain what is drawn from them."""

from __future__ import annotations

from string import Formatter

import pytest

from hub.complaints import categories
from hub.complaints.agencies import BY_CODE
from hub.complaints.areas import AREAS
from hub.complaints.enums import ComplaintClass
from hub.complaints.workflow import RejectionReason
from hub.demo.dice import Dice
from hub.demo.directory import directory
from hub.demo.places import CORRIDORS, NAMES, SPOTS
from hub.demo.topics import Topic, phrases, shelves

EVERYWHERE = {"area", "place", "agency", "since"}
RIDE = {"bus", "corridor", "route", "stop"}
PAID = {"amount", "reference"}
KNOWN = {
    "GENERAL": EVERYWHERE | RIDE,
    "RIDE": EVERYWHERE | RIDE,
    "FARE": EVERYWHERE | RIDE | PAID,
    "TAX": EVERYWHERE | PAID,
    "TICKET": EVERYWHERE | PAID,
    "TAX_LATER": EVERYWHERE,
    "TICKET_LATER": EVERYWHERE,
    "ORDER": EVERYWHERE | {"order"},
    "REFUSED": EVERYWHERE,
}


def test_every_shelf_is_there_and_no_other() -> None:
    assert set(shelves()) == set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_topics_name_known_codes_and_only_facts_of_their_shelf(name: str) -> None:
    for topic in shelves()[name].topics:
        assert _names(topic) <= KNOWN[name], topic.titles
        assert topic.by_bus == bool(_names(topic) & RIDE)
        assert topic.category in categories.BY_CODE
        assert topic.klass in set(ComplaintClass)
        assert set(topic.agencies) <= set(BY_CODE)
        assert (name == "REFUSED") == (topic.refusal in set(RejectionReason))


def test_every_category_can_come_up_without_a_citation() -> None:
    found = {topic.category for topic in shelves()["GENERAL"].topics}
    assert found == set(categories.BY_CODE)


def test_a_categorys_weight_does_not_depend_on_its_topics() -> None:
    shelf = shelves()["GENERAL"]
    rng = Dice(1)
    drawn = [shelf.draw(rng).category for _ in range(40_000)]
    share = drawn.count("EDUCATION") / len(drawn)
    total = sum(category.weight for category in categories.CATEGORIES)
    assert share == pytest.approx(categories.BY_CODE["EDUCATION"].weight / total, abs=0.006)


def test_phrases_have_endings_per_class_and_refusal_reasons() -> None:
    assert set(phrases().closings) == {*ComplaintClass, "INSPECTION"}
    assert set(RejectionReason) <= set(phrases().notes)


def test_areas_have_names_and_spots_and_corridors_cross_areas() -> None:
    codes = {area.code for area in AREAS}
    assert set(NAMES) == set(SPOTS) == codes
    assert {code for corridor in CORRIDORS for code in corridor.areas} <= codes


def test_every_agency_has_an_invented_head_and_contact() -> None:
    offices = directory()
    assert set(offices) == set(BY_CODE)
    assert all(office.email.endswith(".example") for office in offices.values())
    assert len({office.head_phone for office in offices.values()}) == len(offices)


def _names(topic: Topic) -> set[str]:
    return {name for text in (*topic.titles, *topic.texts) for _, name, _, _ in Formatter().parse(text) if name}
