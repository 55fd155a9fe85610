"""The table of categories: codes, labels, agencies in office, and the published order."""

from __future__ import annotations

import re

from hub.complaints.agencies import AGENCIES
from hub.complaints.categories import BY_CODE, CATEGORIES


def test_codes_are_unique_and_spelt_as_enum_values() -> None:
    assert len(BY_CODE) == len(CATEGORIES)
    assert all(re.fullmatch(r"[A-Z]+(_[A-Z]+)*", category.code) for category in CATEGORIES)


def test_every_category_has_an_agency_still_in_office() -> None:
    in_office = {agency.code for agency in AGENCIES if agency.valid_to is None}
    assert {category.agency_code for category in CATEGORIES} <= in_office


def test_every_category_has_both_labels_and_no_two_the_same() -> None:
    for labels in ({c.label_id for c in CATEGORIES}, {c.label_en for c in CATEGORIES}):
        assert len(labels) == len(CATEGORIES)
        assert "" not in labels


def test_the_five_most_frequent_are_the_published_ones_in_order() -> None:
    ranked = sorted(CATEGORIES, key=lambda category: -category.weight)[:5]
    assert [(c.code, c.weight) for c in ranked] == [
        ("EDUCATION", 1026),
        ("LABOUR", 777),
        ("ENERGY", 590),
        ("SOCIAL_AID", 550),
        ("ROADS", 537),
    ]
