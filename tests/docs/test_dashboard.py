"""The dashboard of ``docs/`` uses existing series, and shows every series of ``/metrics``."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.docs import prometheus_expressions

DOCS = Path(__file__).parents[2] / "docs"
DASHBOARD = json.loads((DOCS / "dashboard.json").read_text())
PANELS = DASHBOARD["panels"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]


@pytest.mark.parametrize(
    ("title", "target"), TARGETS, ids=lambda value: value if isinstance(value, str) else value["refId"]
)
def test_a_panel_uses_existing_series_labels_and_values(title: str, target: dict[str, Any]) -> None:
    prometheus_expressions.check(target["expr"], target["legendFormat"])


def test_every_figure_is_shown() -> None:
    shown = {prometheus_expressions.check(target["expr"], "").removesuffix("_bucket") for _, target in TARGETS}
    assert shown == {name for name in prometheus_expressions.figures() if not name.endswith("_bucket")}


def test_panels_have_a_number_and_a_place_of_their_own() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    cells = [
        {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
        for grid in (panel["gridPos"] for panel in PANELS)
    ]
    assert not any(one & other for one, other in combinations(cells, 2))
    assert max(x for taken in cells for x, _ in taken) < 24


def test_the_data_source_is_chosen_at_the_import() -> None:
    (variable,) = DASHBOARD["templating"]["list"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    sources = [each["datasource"]["uid"] for panel in PANELS for each in (panel, *panel["targets"])]
    assert set(sources) == {f"${{{variable['name']}}}"}


def test_operators_are_led_to_the_dashboard() -> None:
    assert "(dashboard.json)" in (DOCS / "operations.md").read_text()
