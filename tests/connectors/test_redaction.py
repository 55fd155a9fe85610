"""Removal of personal fields from raw items."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors import redaction
from hub.connectors.redaction import reduce_item, strip
from hub.kept_columns import keep_columns

NAMES = st.sampled_from(["a", "b", "A ", "user", "User_Name", "user.name", "rows", "1", "22", "081234567890", "", "ü"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
STEPS = st.sampled_from(["a", "b", "user", "userName", "rows", "rows[]", "a[]", "rows[][]", "1"])
PATHS = st.lists(st.lists(STEPS, min_size=1, max_size=3).map(".".join), max_size=6).map(tuple)
NUMBERED = st.sampled_from([(), ("#",), ("a.#",), ("rows[].#.b",)])


@pytest.mark.parametrize(
    ("raw", "path", "kept"),
    [
        ({"name": "A", "id": 1}, "name", {"id": 1}),
        ({"user": {"name": "A", "age": 3}}, "user.name", {"user": {"age": 3}}),
        ({"rows": [{"by": "A", "n": 1}, {"n": 2}]}, "rows[].by", {"rows": [{"n": 1}, {"n": 2}]}),
        ({"a": {"rows": [[{"by": "A"}], [{"by": "B"}]]}}, "a.rows[][].by", {"a": {"rows": [[{}], [{}]]}}),
        ({"names": ["A", "B"]}, "names[]", {"names": []}),
        ({"id": 1}, "user.name", {"id": 1}),
        ({"user": None}, "user.name", {"user": None}),
        ({"user": "A"}, "user.name", {"user": "A"}),
        ({"rows": {"by": "A"}}, "rows[].by", {"rows": {"by": "A"}}),
        ({"rows": [1, None, {"by": "A"}]}, "rows[].by", {"rows": [1, None, {}]}),
    ],
)
def test_a_path_is_dropped_and_nothing_else(raw: dict[str, object], path: str, kept: dict[str, object]) -> None:
    assert strip(raw, [path]) == kept


def test_the_original_is_left_as_it_was() -> None:
    raw = {"user": {"name": "A"}, "rows": [{"by": "B"}]}
    assert strip(raw, ["user.name", "rows[].by"]) == {"user": {}, "rows": [{}]}
    assert raw == {"user": {"name": "A"}, "rows": [{"by": "B"}]}


@given(st.dictionaries(NAMES, VALUES, max_size=5), PATHS, NUMBERED, PATHS)
def test_one_walk_keeps_what_two_walks_keep(
    raw: dict[str, Any], paths: tuple[str, ...], numbered: tuple[str, ...], personal: tuple[str, ...]
) -> None:
    columns = (*paths, *numbered)
    assert reduce_item(raw, columns, personal) == strip(keep_columns(raw, columns), personal)


def test_the_names_of_an_item_add_no_places() -> None:
    columns = ("rows.#.a", "rows.#.#.b")
    for first in range(30):
        inner = {str(second): {"b": 1, f"other{second}": {"c": 1}} for second in range(30)}
        reduce_item({"rows": {str(first): inner}}, columns, ("remark",))
    assert len(redaction._place(columns, ("remark",))._places) < 10
