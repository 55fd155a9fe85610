"""The catalogue of open data is what DCAT-AP demands, by pyshacl in an environment of its own."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients import CLIENTS, patient
from tests.clients.python_environment import installed, run

LOCK = CLIENTS / "requirements-shacl.lock"
SHAPES = Path(__file__).with_name("dcat_shapes.ttl")

Catalogue = dict[str, Any]


def _distribution(catalogue: Catalogue) -> Catalogue:
    found: Catalogue = catalogue["dcat:dataset"][0]["dcat:distribution"][0]
    return found


SPOILT: dict[str, Callable[[Catalogue], object]] = {
    "title": lambda each: each.pop("dct:title"),
    "description": lambda each: each["dcat:dataset"][0].pop("dct:description"),
    "publisher": lambda each: each["dct:publisher"].pop("@type"),
    "name": lambda each: each["dct:publisher"].pop("foaf:name"),
    "dataset": lambda each: each.update({"dcat:dataset": []}),
    "accessURL": lambda each: _distribution(each).update({"dcat:accessURL": "months.csv"}),
    "mediaType": lambda each: _distribution(each).update({"dcat:mediaType": {"@id": "urn:text/csv"}}),
    "license": lambda each: _distribution(each).pop("dct:license"),
}
"""What is done to a catalogue, by the property that is wrong then."""


@pytest.mark.outside
@patient
async def test_the_catalogue_has_the_shape_of_dcat_ap(browser: httpx.AsyncClient, tmp_path: Path) -> None:
    programs = await installed("shacl", LOCK)
    right = [(await browser.get(f"{at}/catalog.jsonld")).json() for at in ("/data", "/en/data")]
    wrong = [copy.deepcopy(right[0]) for _ in SPOILT]
    for spoil, catalogue in zip(SPOILT.values(), wrong, strict=True):
        spoil(catalogue)
    files = []
    for number, catalogue in enumerate([*right, *wrong]):
        files.append(tmp_path / f"{number}.jsonld")
        files[-1].write_text(json.dumps(catalogue))
    code, output = await run(programs / "python", CLIENTS / "validate_shapes.py", SHAPES, *files)
    assert code == 0, output
    found = json.loads(output)
    assert found[:2] == [{"conforms": True, "paths": []}] * 2
    assert [each["paths"] for each in found[2:]] == [[name] for name in SPOILT]
