"""Removal of personal fields from raw items."""

from __future__ import annotations

import pytest

from hub.connectors.redaction import strip


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
