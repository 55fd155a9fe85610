"""``docs/profiles.md`` agrees with the tests: each requirement that it calls met names an existing test."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "profiles.md"
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
TRIED = {"yes", "held"}


class Row(NamedTuple):
    """One requirement of a profile."""

    section: str
    requirement: str
    status: str
    where: str
    proof: str


def rows() -> list[Row]:
    """Return every row of every table, without heads and rules."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [Row(*row) for row in cells if row[0] != "section"]


@cache
def defined(path: Path) -> frozenset[str]:
    """Return the names of the functions of a file."""
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.section)
def test_a_requirement_is_tried_or_has_a_reason(row: Row) -> None:
    assert row.status in {*TRIED, "outside", "no"}
    named = NAMED.findall(row.proof)
    for file, name in named:
        path = ROOT / "tests" / file
        assert path.is_file(), f"there is no tests/{file}"
        assert name in defined(path), f"tests/{file} has no {name}"
    reason = NAMED.sub("", row.proof).strip(" ,;:")
    assert named if row.status in TRIED else reason, "neither a test nor a reason"


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.section)
def test_what_is_met_is_met_somewhere(row: Row) -> None:
    places = re.findall(r"`([^`]+)`", row.where)
    assert places or row.status not in TRIED
    assert not [place for place in places if not (ROOT / "hub" / place).exists()]


def test_no_table_lost_a_row() -> None:
    sections = [row.section for row in rows()]
    counted = {part: sum(each.startswith(f"{part}-") for each in sections) for part in COUNTS}
    assert counted == COUNTS


COUNTS = {"5.2.1": 5, "5.2.3": 3, "5.3.2.1": 14, "5.3.2.2": 14, "5.3.4": 5, "5.4.1": 6, "5.4.2": 3}
"""The number of requirements of each section of the FAPI profile for a server."""
