"""The tables of the documents have the figures of ``bench/results.json``, which names neither machine nor folder."""

from __future__ import annotations

import os
import platform

import pytest

from bench import tables


@pytest.mark.parametrize("page", tables.PLACES)
def test_tables_have_the_figures_of_the_results(page: str) -> None:
    assert (tables.ROOT / page).read_text() == tables.rendered(page), "run `python -m bench.tables`"


def test_results_name_neither_machine_nor_folder() -> None:
    text = tables.RESULTS.read_text()
    assert '"cores"' in text
    assert platform.node() not in text
    assert os.fspath(tables.ROOT) not in text
