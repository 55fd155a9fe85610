"""Changes that break clients of the last release are found, others are not, and the command explains what to do."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

import hub.schema
from hub.cli.main import build_cli
from hub.errors import HubError
from hub.schema.compatibility import ADVICE, breaking_changes, undated_deprecations
from hub.schema.graph import schema

RELEASED = """
    schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@requiresScopes"]) {
      query: Query
    }
    type Query { rows(first: Int = 20, by: By): [Row!]! total: Int @requiresScopes(scopes: [["a"], ["b", "c"]]) }
    type Row @key(fields: "id") @key(fields: "code") { id: ID! code: String! place: Place
      index: Int! @deprecated(reason: "Use `row`. It stays until 2027-12-31.") }
    type Place @shareable { latitude: Float! longitude: Float! }
    enum By { NAME CODE @deprecated(reason: "Use NAME. It stays until 2027-12-31.") }
    union Result = Row | Place
    input Filter { code: [String!] name: String @deprecated(reason: "It stays until 2027-12-31.") }
"""
DAY, AFTER = date(2027, 12, 31), date(2028, 1, 1)

BREAKING = {
    ("code: String! place", "place"): ["Field Row.code was removed."],
    ("longitude: Float!", "longitude: Float"): ["Field Place.longitude changed type from Float! to Float."],
    ("first: Int = 20,", ""): ["Argument Query.rows(first:) was removed."],
    ("first: Int = 20", "first: Int = 10"): ["Query.rows(first:) has changed defaultValue from 20 to 10."],
    ("code: [String!]", "code: [String!]!"): ["Field Filter.code changed type from [String!] to [String!]!."],
    ("Row | Place", "Place"): ["Row was removed from union type Result."],
    ("NAME CODE", "CODE"): ["Enum value By.NAME was removed."],
    (' @key(fields: "code")', ""): ['@key(fields: "code") was removed from Row.'],
    (" @shareable {", " {"): ["@shareable was removed from Place."],
    ("place: Place", 'place: Place @requiresScopes(scopes: [["a"]])'): ["Row.place asks for more scopes than before."],
    ('["b", "c"]', '["b", "c", "d"]'): ["Query.total asks for more scopes than before."],
}
HARMLESS = (
    ("place: Place", "place: Place! row: Int!"),
    ("NAME CODE", "NAME CITY CODE"),
    ("code: [String!]", "code: [String!] city: String"),
    ('["b", "c"]', '["b"], ["d"]'),
    ('@requiresScopes(scopes: [["a"], ["b", "c"]]) }', "}"),
    ("place: Place", 'place: Place @deprecated(reason: "It stays until 2028-12-31.")'),
)
EXPIRED = {
    'index: Int! @deprecated(reason: "Use `row`. It stays until 2027-12-31.")': "Field Row.index was removed.",
    ' CODE @deprecated(reason: "Use NAME. It stays until 2027-12-31.")': "Enum value By.CODE was removed.",
    ' name: String @deprecated(reason: "It stays until 2027-12-31.")': "Field Filter.name was removed.",
}


def test_each_breaking_change_is_listed() -> None:
    for (before, after), sentences in BREAKING.items():
        assert before in RELEASED
        assert breaking_changes(RELEASED, RELEASED.replace(before, after, 1), DAY) == sentences


def test_what_is_added_or_opened_breaks_nothing() -> None:
    for before, after in HARMLESS:
        assert before in RELEASED
        assert breaking_changes(RELEASED, RELEASED.replace(before, after, 1), DAY) == []


def test_a_deprecated_field_may_go_after_its_date() -> None:
    for part, sentence in EXPIRED.items():
        without = RELEASED.replace(part, "")
        assert without != RELEASED
        assert breaking_changes(RELEASED, without, DAY) == [sentence]
        assert breaking_changes(RELEASED, without, AFTER) == []
    assert breaking_changes(RELEASED, RELEASED, AFTER) == []


def test_a_deprecation_names_the_removal_date() -> None:
    assert undated_deprecations(RELEASED) == []
    for place, sdl in {
        "Row.index": RELEASED.replace("Use `row`. It stays until 2027-12-31.", "Use `row`."),
        "Place.latitude": RELEASED.replace("latitude: Float!", "latitude: Float! @deprecated"),
        "Query.rows(by)": RELEASED.replace("by: By", "by: By @deprecated"),
    }.items():
        assert undated_deprecations(sdl) == [
            f"{place} is deprecated, and its reason does not say 'It stays until YYYY-MM-DD'."
        ]
    assert undated_deprecations(schema().sdl) == []


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A file with the released schema."""
    return tmp_path / "released.graphql"


def test_the_command_lists_breaking_changes_and_advice(released: Path) -> None:
    present = Path(hub.schema.__file__).with_name("hub.graphql").read_text("utf-8")
    released.write_text(present, "utf-8")
    compatible = CliRunner().invoke(build_cli(), ["schema", "--against", str(released)])
    assert (compatible.exit_code, compatible.output) == (0, "")
    released.write_text(present.replace("type AgencyHead {", "type AgencyHead {\n  born: Int"), "utf-8")
    broken = CliRunner().invoke(build_cli(), ["schema", "--against", str(released)])
    assert isinstance(broken.exception, HubError)
    assert str(broken.exception).splitlines() == ["Field AgencyHead.born was removed.", ADVICE]
