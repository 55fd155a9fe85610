"""The kept columns of a raw item are an allow list."""

from __future__ import annotations

from typing import Any

import pytest

from hub.connectors.redaction import strip
from hub.kept_columns import keep_columns, mask_columns, quote_code

PATHS = ("id", "report.title", "rows[].text", "rows[].files[]", "names.#", "data", "data.at")


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        (
            {"id": 1, "nik": "3399014107900001", "n": 2, "b": True, "o": {"x": 1}, "l": [1], "z": None},
            {
                "id": 1,
                "nik": "(text)",
                "n": "(number)",
                "b": "(true or false)",
                "o": "(object)",
                "l": "(list)",
                "z": None,
            },
        ),
        ({"Id": 1, " id": 2, "\ufeffid": 3}, {"Id": "(number)"}),
        ({"report": {"title": "A", "user": {"name": "B"}}}, {"report": {"title": "A", "user": "(object)"}}),
        ({"report": "A", "id": {"name": "B"}}, {"report": "(text)", "id": {"name": "(text)"}}),
        ({"id": ["B"]}, {"id": []}),
        (
            {"rows": [{"text": "A", "by": "B"}, "C", None], "data": "D"},
            {"rows": [{"text": "A", "by": "(text)"}, "(text)", None], "data": "D"},
        ),
        ({"data": {"at": 1, "by": "B"}}, {"data": {"at": 1, "by": "(text)"}}),
        ({"names": {"17": "A", "budi": "B", "3399014107900001": "C"}}, {"names": {"17": "A", "budi": "(text)"}}),
        ({"3399014107900001": "A", "Budi <budi@warga.example>": 1}, {}),
        ([], {}),
    ],
)
def test_values_of_declared_columns_only(raw: Any, left: Any) -> None:
    assert keep_columns(raw, PATHS) == left
    assert keep_columns(left, PATHS) == left, "kept again it stays"


def test_what_people_wrote_is_taken_out_of_a_copy() -> None:
    raw = {"id": 1, "report": {"title": "A", "x": 1}, "rows": [{"text": ""}, {"text": "B"}], "data": {"at": 1}}
    assert mask_columns(raw, ("report.title", "rows[].text", "data")) == {
        "id": 1,
        "report": {"title": "(sealed)", "x": 1},
        "rows": [{"text": ""}, {"text": "(sealed)"}],
        "data": {"at": 1},
    }
    assert raw["report"] == {"title": "A", "x": 1}
    assert mask_columns(raw, ()) is raw
    assert mask_columns({"id": 1}, ("report.title",)) == {"id": 1}


@pytest.mark.parametrize(
    "name",
    [
        "nama_pemesan",
        "Nama_Pemesan",
        "nama_pemesan ",
        "\ufeffnama_pemesan",
        "namaPemesan",
        "NAMA PEMESAN",
        "nama-pemesan",
        "ｎａｍａ_pemesan",
        "na\u200bma_pemesan",
    ],
)
def test_a_personal_column_matches_any_spelling_at_any_depth(name: str) -> None:
    raw = {name: "B", "rows": [{"a": {name: "B"}}], "id": 1}
    assert strip(raw, ["nama_pemesan"]) == {"rows": [{"a": {}}], "id": 1}
    assert strip({"row": {name: "B", "x": 1}}, ["row.nama_pemesan"]) == {"row": {"x": 1}}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("ANEH", "'ANEH'"),
        (3399014107900001, "(number)"),
        ("0811 0000 0001", "a text of 14 characters"),
        ("budi@warga.example", "a text of 18 characters"),
        ("x" * 41, "a text of 41 characters"),
        (None, "None"),
        (["a"], "(list)"),
    ],
)
def test_a_reason_repeats_codes_only(value: Any, shown: str) -> None:
    assert quote_code(value) == shown
