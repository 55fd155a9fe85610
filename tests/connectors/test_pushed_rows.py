"""Random pushed rows: each connector reads a row or states why it cannot; no row causes an internal error."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors import registry
from hub.http_client import Http
from hub.store.encryption import FieldCipher
from hub.sync import batch

SEAL = FieldCipher([b"k" * 32], b"s" * 32)
ODD = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
) | st.sampled_from(["x" * 600, "\0", "9" * 400, "1e999", "-0", 10**18, -1, 1e300, "2026-13-45", "٣", [[]], {"": None}])
SAMPLES = {
    name: [json.loads(path.read_text())["raw"] for path in sorted(folder.glob("samples/*.json"))]
    for name, folder in registry.discover().items()
}


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the path to every value in ``node``."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in inner:
        yield (*way, step)
        yield from places(value, (*way, step))


@st.composite
def rows(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Return a sample with a few changed values."""
    row: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(SAMPLES[name])))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(list(places(row))))
        node: Any = row
        for step in way:
            node = node[step]
        node[last] = copy.deepcopy(draw(ODD))
    return row


@pytest.mark.parametrize("name", SAMPLES)
def test_no_row_is_a_fault(name: str) -> None:
    kind = registry.load(name)
    connector = kind(kind.Settings(), Http("http://127.0.0.1"))

    @given(rows(name) | st.dictionaries(st.text(max_size=5), ODD, max_size=4))
    def holds(row: dict[str, Any]) -> None:
        taken = orjson.loads(orjson.dumps(row))
        read = batch.read_items(connector, SEAL, [taken, taken], datetime.now(UTC))
        assert len(read.items) == 2
        assert len(read.rows) + len(read.rejected) >= 1
        for each in read.rows.values():
            assert orjson.dumps([each.body, each.prose, each.keys, each.raw])

    holds()
