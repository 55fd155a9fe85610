"""The SDL declares to routers the scopes that the hub enforces, in the merged graph and in each part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import DirectiveNode, ObjectTypeDefinitionNode, ObjectTypeExtensionNode, parse, value_from_ast_untyped

from hub.schema.graph import PARTS, schema
from hub.schema.systems import System
from hub.viewer import Viewer, ViewerKind
from tests.schema.complaints.test_refusals import NEEDS
from tests.schema.harness import ANONYMOUS, OFFICER, Stage
from tests.schema.operations.mutations import OF_ONESELF
from tests.schema.test_fields import FIELDS

Declared = tuple[bool, tuple[tuple[str, ...], ...]]
"""Whether a token is needed, and the sets of scopes of which one is needed."""

PUBLIC: Declared = (False, ())
ANY_TOKEN: Declared = (True, ())
OTHERS: Mapping[str, Declared] = {
    "putRecords": ANY_TOKEN,
    "resolveClaim": (False, (("complaints:verify", "reports:read"),)),
    **dict.fromkeys(OF_ONESELF, PUBLIC),
}
"""Mutations that need something other than one scope."""
ROOTS: Mapping[str, tuple[Declared, str, str]] = {
    "agencies": (PUBLIC, "(first: 1) {totalCount}", ""),
    "agency": (PUBLIC, '(code: "DISHUB") {code}', ""),
    "agreementDays": ((False, (("hub:operate",),)), "(days: 1) {matters}", "hub:operate"),
    "agreementTotals": (PUBLIC, "(by: PAIR) {matters}", ""),
    "areas": (PUBLIC, "(first: 1) {totalCount}", ""),
    "auditEvents": ((False, (("hub:audit",),)), "(first: 1) {pageInfo {endCursor}}", "hub:audit"),
    "categories": (PUBLIC, "{code name}", ""),
    "businesses": ((False, (("licensing:read",),)), "(first: 1) {totalCount}", "licensing:read"),
    "centralReport": ((False, (("reports:read",),)), '(trackingId: "1") {trackingId}', "reports:read"),
    "centralReports": ((False, (("reports:read",),)), "(first: 1) {totalCount}", "reports:read"),
    "changes": (ANY_TOKEN, "(first: 1) {pageInfo {endCursor}}", "complaints:read"),
    "complaintsWithClaims": (
        (False, (("complaints:verify", "reports:read"),)),
        "(first: 1) {totalCount}",
        "complaints:verify",
    ),
    "clients": ((False, (("hub:operate",),)), "{id}", "hub:operate"),
    "complaint": (PUBLIC, '(ticket: "LG-2026-000001") {ticket}', ""),
    "complaintTotals": (PUBLIC, "(groupBy: STATUS) {count}", ""),
    "answerTotals": (PUBLIC, "(by: STATUS) {label}", ""),
    "complaints": (PUBLIC, "(first: 1) {totalCount}", ""),
    "complaintsWithConflicts": ((False, (("complaints:assign",),)), "(first: 1) {totalCount}", "complaints:assign"),
    "deliveries": ((False, (("hub:operate",),)), "(first: 1) {totalCount}", "hub:operate"),
    "deliveryGroups": ((False, (("hub:operate",),)), "{key}", "hub:operate"),
    "disagreements": (PUBLIC, "(first: 1) {totalCount}", ""),
    "hubStatus": ((False, (("hub:operate",),)), "{workers {running}}", "hub:operate"),
    "me": (PUBLIC, "{client {id}}", ""),
    "node": (PUBLIC, f'(id: "{System.id_of(("hub", "fake"))}") {{id}}', ""),
    "nodes": (PUBLIC, "(ids: []) {id}", ""),
    "officers": ((False, (("hub:operate",),)), "{id}", "hub:operate"),
    "operatorIssueCount": ((False, (("hub:operate",),)), "(maxAgeSeconds: 0)", "hub:operate"),
    "operatorIssues": ((False, (("hub:operate",),)), "{code}", "hub:operate"),
    "orderTotals": (PUBLIC, "(groupBy: AGENCY) {count}", ""),
    "payment": ((False, (("payments:read",),)), '(reference: "P1") {reference}', "payments:read"),
    "paymentTotals": ((False, (("payments:read",),)), "(groupBy: CORRIDOR) {count}", "payments:read"),
    "payments": ((False, (("payments:read",),)), "(first: 1) {totalCount}", "payments:read"),
    "permit": ((False, (("licensing:read",),)), '(number: "I-1") {number}', "licensing:read"),
    "permitFacts": (PUBLIC, '(number: "I-1") {status}', ""),
    "permitTotals": (PUBLIC, "(by: SECTOR) {permits}", ""),
    "permits": ((False, (("licensing:read",),)), "(first: 1) {totalCount}", "licensing:read"),
    "procurementOrders": (PUBLIC, "(first: 1) {totalCount}", ""),
    "quarantine": ((False, (("hub:operate",),)), "(first: 1) {id}", "hub:operate"),
    "quarantineGroups": ((False, (("hub:operate",),)), "{key}", "hub:operate"),
    "system": (PUBLIC, '(name: "fake") {name}', ""),
    "systems": (PUBLIC, "{name}", ""),
    "viewer": (PUBLIC, "{kind scopes}", ""),
    "webhooks": ((False, (("webhooks:manage",), ("hub:operate",))), "{id}", "webhooks:manage"),
}
"""Every field of the query root: its directives, its selection, and the missing scope."""


def printed(sdl: str) -> dict[tuple[str, str], Declared]:
    """Return the directives of each field of each type in an SDL."""
    return {
        (kind.name.value, field.name.value): _declared(field.directives or ())
        for kind in parse(sdl).definitions
        if isinstance(kind, ObjectTypeDefinitionNode | ObjectTypeExtensionNode)
        for field in kind.fields or ()
    }


def _declared(directives: Any) -> Declared:
    by_name: dict[str, DirectiveNode] = {each.name.value: each for each in directives}
    found = by_name.get("requiresScopes")
    sets = value_from_ast_untyped(found.arguments[0].value) if found and found.arguments else []
    return "authenticated" in by_name, tuple(map(tuple, sets))


WHOLE = printed(schema().sdl)


@pytest.mark.parametrize("type_name", FIELDS)
def test_an_entitys_field_is_printed_with_its_scopes(type_name: str) -> None:
    table = {name: scopes for scopes, names in FIELDS[type_name].items() for name in names.split()}
    for name, scopes in table.items():
        assert WHOLE[type_name, name] == ((False, (tuple(scopes.split()),)) if scopes else PUBLIC), name


def test_every_field_of_the_roots_has_its_line() -> None:
    queries = {
        name: directives for (kind, name), directives in WHOLE.items() if kind == "Query" and not name.startswith("_")
    }
    assert queries == {name: directives for name, (directives, _, _) in ROOTS.items()}
    mutations = {name: directives for (kind, name), directives in WHOLE.items() if kind == "Mutation"}
    assert mutations.keys() == NEEDS.keys() | OF_ONESELF
    for name, (authenticated, sets) in mutations.items():
        if name in OTHERS:
            assert (authenticated, sets) == OTHERS[name], name
        else:
            assert (NEEDS[name],) in sets, name


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_prints_the_same(part: Any) -> None:
    """Fields that federation adds differ."""
    of_part = {
        place: directives
        for place, directives in printed(schema(part.name).sdl).items()
        if not place[1].startswith("_")
    }
    assert of_part == {place: WHOLE[place] for place in of_part}


@pytest.mark.parametrize("name", ROOTS)
async def test_a_root_field_is_refused_as_the_table_lists(shared: Stage, name: str) -> None:
    _, selection, scope = ROOTS[name]
    short = Viewer(ViewerKind.OFFICER, "one scope short", OFFICER.scopes - {scope})
    for viewer in (ANONYMOUS, short):
        answer = await shared.ask(viewer, f"{{{name}{selection}}}")
        errors = [error["extensions"] for error in answer.errors]
        assert errors == ([{"code": "FORBIDDEN", "scope": scope}] if scope else [])
        assert not scope or answer.data == {name: None}
