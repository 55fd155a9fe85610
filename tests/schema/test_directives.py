"""What the SDL tells a router of scopes is what the hub enforces, in the merged graph and in each part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import DirectiveNode, ObjectTypeDefinitionNode, ObjectTypeExtensionNode, parse, value_from_ast_untyped

from hub.schema.graph import PARTS, schema
from hub.schema.systems import System
from hub.viewer import Viewer, ViewerKind
from tests.schema.stage import ANONYMOUS, OFFICER, Stage
from tests.schema.test_fields import FIELDS
from tests.schema.test_refusals import NEEDS

Told = tuple[bool, tuple[tuple[str, ...], ...]]
"""Whether a token is needed, and the sets of scopes each of which is enough."""

PUBLIC: Told = (False, ())
ANY_TOKEN: Told = (True, ())
ROOTS: Mapping[str, tuple[Told, str, str]] = {
    "agencies": (PUBLIC, "(first: 1) {totalCount}", ""),
    "agency": (PUBLIC, '(code: "DISHUB") {code}', ""),
    "areas": (PUBLIC, "(first: 1) {totalCount}", ""),
    "centralReports": ((False, (("reports:read",),)), "(first: 1) {totalCount}", "reports:read"),
    "changes": (ANY_TOKEN, "(first: 1) {pageInfo {endCursor}}", "complaints:read"),
    "complaint": (PUBLIC, '(ticket: "LG-2026-000001") {ticket}', ""),
    "complaintTotals": (PUBLIC, "(by: STATUS) {count}", ""),
    "complaints": (PUBLIC, "(first: 1) {totalCount}", ""),
    "conflicts": ((False, (("complaints:assign",),)), "(first: 1) {totalCount}", "complaints:assign"),
    "deliveries": ((False, (("hub:operate",),)), "(first: 1) {totalCount}", "hub:operate"),
    "node": (PUBLIC, f'(id: "{System.id_of(("hub", "fake"))}") {{id}}', ""),
    "nodes": (PUBLIC, "(ids: []) {id}", ""),
    "orderTotals": (PUBLIC, "(by: AGENCY) {count}", ""),
    "paymentTotals": ((False, (("payments:read",),)), "(by: CORRIDOR) {count}", "payments:read"),
    "payments": ((False, (("payments:read",),)), "(first: 1) {totalCount}", "payments:read"),
    "procurementOrders": (PUBLIC, "(first: 1) {totalCount}", ""),
    "systems": (PUBLIC, "{name}", ""),
}
"""Every field of the query root: what the SDL says, how it is asked, and the scope that is missing."""


def printed(sdl: str) -> dict[tuple[str, str], Told]:
    """What the SDL says of each field of each type."""
    return {
        (kind.name.value, field.name.value): _told(field.directives or ())
        for kind in parse(sdl).definitions
        if isinstance(kind, ObjectTypeDefinitionNode | ObjectTypeExtensionNode)
        for field in kind.fields or ()
    }


def _told(directives: Any) -> Told:
    by_name: dict[str, DirectiveNode] = {each.name.value: each for each in directives}
    found = by_name.get("requiresScopes")
    sets = value_from_ast_untyped(found.arguments[0].value) if found and found.arguments else []
    return "authenticated" in by_name, tuple(map(tuple, sets))


WHOLE = printed(schema().sdl)


@pytest.mark.parametrize("type_name", FIELDS)
def test_a_field_of_an_entity_is_printed_with_the_scopes_of_the_table(type_name: str) -> None:
    table = {name: scopes for scopes, names in FIELDS[type_name].items() for name in names.split()}
    for name, scopes in table.items():
        assert WHOLE[type_name, name] == ((False, (tuple(scopes.split()),)) if scopes else PUBLIC), name


def test_every_field_of_the_roots_has_its_line() -> None:
    queries = {name: told for (kind, name), told in WHOLE.items() if kind == "Query" and not name.startswith("_")}
    assert queries == {name: told for name, (told, _, _) in ROOTS.items()}
    mutations = {name: told for (kind, name), told in WHOLE.items() if kind == "Mutation"}
    assert mutations.keys() == NEEDS.keys()
    for name, (authenticated, sets) in mutations.items():
        assert (authenticated, sets) == ANY_TOKEN if name == "putRecords" else (NEEDS[name],) in sets, name


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_prints_the_same(part: Any) -> None:
    """Fields that federation adds are a part's own."""
    of_part = {place: told for place, told in printed(schema(part.name).sdl).items() if not place[1].startswith("_")}
    assert of_part == {place: WHOLE[place] for place in of_part}


@pytest.mark.parametrize("name", ROOTS)
async def test_a_root_field_is_refused_to_whom_the_table_says(shared: Stage, name: str) -> None:
    _, asked, scope = ROOTS[name]
    short = Viewer(ViewerKind.OFFICER, "one scope short", OFFICER.scopes - {scope})
    for viewer in (ANONYMOUS, short):
        answer = await shared.ask(viewer, f"{{{name}{asked}}}")
        told = [error["extensions"] for error in answer.errors]
        assert told == ([{"code": "FORBIDDEN", "scope": scope}] if scope else [])
        assert not scope or answer.data == {name: None}
