"""The audit trail in the graph, and the rows that reads of secret text add to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.complaints.workflow import Action
from hub.store import audit
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import report
from tests.schema.harness import CAUSE, CLERK, OFFICER, Stage
from tests.schema.visibility_cases import CITIZEN, PARTNER

AUDITOR = Viewer(ViewerKind.OFFICER, "u_auditor", frozenset({"hub:audit"}), "app")
DESK = replace(OFFICER, name="u_desk", client="app")
QUERY = """query($first: Int! = 20, $after: String, $filter: AuditEventFilter, $order: AuditEventOrderBy! = AT_DESC) {
    auditEvents(first: $first, after: $after, filter: $filter, orderBy: $order) {
        edges {cursor node {action subject refused actor client network requestId details at}}
        pageInfo {hasNextPage endCursor}}}"""


async def trail(stage: Stage, action: str = "secret:read") -> list[Any]:
    """Return subject, actor and client of each row of an action, in order."""
    statement = "select subject, actor, client, request_id from audit_events where action = :action order by id"
    return [row[:3] for row in await stage.rows(statement, action=action)]


async def events(stage: Stage, **arguments: Any) -> Any:
    """Return a page of events as an auditor sees it."""
    return (await stage.got(AUDITOR, QUERY, **arguments))["auditEvents"]


async def filled(stage: Stage) -> None:
    """Three rows of the trail."""
    for number, refused in enumerate((False, True, False)):
        cause = replace(CAUSE, actor=f"u_{number}", client="app", network="203.0.113.0/24", correlation=f"r-{number}")
        async with stage.database.write(cause) as db:
            await audit.record(db, "sign-in", f"user:u_{number}", refused=refused, reason="password")


async def test_the_trail_is_read_in_pages(stage: Stage) -> None:
    await filled(stage)
    first = await events(stage, first=2)
    assert [edge["node"]["actor"] for edge in first["edges"]] == ["u_2", "u_1"]
    rest = await events(stage, first=2, after=first["pageInfo"]["endCursor"])
    (edge,) = rest["edges"]
    del edge["node"]["at"]
    assert edge["node"] == {
        "action": "sign-in", "subject": "user:u_0", "refused": False, "actor": "u_0", "client": "app",
        "network": "203.0.113.0/24", "requestId": "r-0", "details": {"reason": "password"},
    }  # fmt: skip
    assert [page["pageInfo"]["hasNextPage"] for page in (first, rest)] == [True, False]


@pytest.mark.parametrize(
    ("filter", "actors"),
    [
        ({"actor": ["u_0", "u_2"]}, ["u_0", "u_2"]),
        ({"subject": ["user:u_1"]}, ["u_1"]),
        ({"refused": True}, ["u_1"]),
        ({"requestId": ["r-2"]}, ["u_2"]),
        ({"client": ["app"], "action": ["sign-in"]}, ["u_0", "u_1", "u_2"]),
        ({"action": ["sign-out"]}, []),
        ({"from": "2020-01-01T00:00:00Z", "actor": ["u_0"]}, ["u_0"]),
        ({"to": "2020-01-01T00:00:00Z"}, []),
    ],
)
async def test_the_trail_is_filtered(stage: Stage, filter: dict[str, Any], actors: list[str]) -> None:
    await filled(stage)
    page = await events(stage, filter=filter, order="AT_ASC")
    assert [edge["node"]["actor"] for edge in page["edges"]] == actors


async def test_each_read_of_the_log_is_a_row_and_needs_its_own_scope(stage: Stage) -> None:
    await filled(stage)
    everything = replace(OFFICER, scopes=OFFICER.scopes | {"hub:operate"})
    answer = await stage.ask(replace(everything, name="u_desk"), QUERY)
    assert (answer.data, answer.codes) == ({"auditEvents": None}, ["FORBIDDEN"])
    assert answer.errors[0]["extensions"]["scope"] == "hub:audit"
    await events(stage, filter={"actor": ["u_0"]})
    (look,) = (await events(stage, filter={"action": ["audit:read"]}))["edges"]
    assert (look["node"]["actor"], look["node"]["details"]) == ("u_auditor", {"conditions": ["actor=('u_0',)"]})


@pytest.mark.parametrize("given", [{"first": 0}, {"first": 101}, {"after": "x"}, {"filter": {"actor": ["\0"]}}])
async def test_bad_input_is_refused(stage: Stage, given: dict[str, Any]) -> None:
    assert (await stage.ask(AUDITOR, QUERY, **given)).codes == ["BAD_INPUT"]


FIELDS = ["title", "text", "attachments {name}", "timeline {note}"]


@pytest.mark.parametrize("field", FIELDS)
async def test_reading_a_secret_complaint_is_audited_for_every_field(stage: Stage, field: str) -> None:
    secret, public = await stage.complaint("VERIFIED", secret=True), await stage.complaint("VERIFIED")
    await stage.got(DESK, f"{{complaints {{edges {{node {{{field}}}}}}}}}")
    assert await trail(stage) == [(f"complaint:{secret}", "u_desk", "app")]
    await stage.got(DESK, f'{{complaint(ticket: "{public}") {{{field}}}}}')
    await stage.got(DESK, f'{{complaint(ticket: "{secret}") {{ticket status}}}}')
    assert len(await trail(stage)) == 1


async def test_an_operation_writes_one_row_per_complaint_in_one_query(stage: Stage) -> None:
    tickets = await stage.complaints("VERIFIED", [{"secret": True}] * 3)
    query = f'{{complaints {{edges {{node {{{" ".join(FIELDS)}}}}}}} complaint(ticket: "{tickets[0]}") {{title}}}}'
    await stage.got(DESK, query)
    assert sorted(await trail(stage)) == [(f"complaint:{ticket}", "u_desk", "app") for ticket in sorted(tickets)]
    assert await stage.rows("select count(distinct at) from audit_events") == [(1,)]


async def test_a_read_without_secret_text_writes_no_row(stage: Stage) -> None:
    await stage.run("insert into users (id, kind) values ('u_siti', 'CITIZEN')")
    mine = await stage.complaint("VERIFIED", secret=True, by=PARTNER)
    query = "{complaints {edges {node {ticket title text timeline {note}}}}}"
    for viewer in (CLERK, PARTNER):
        await stage.ask(viewer, query)
    assert await trail(stage) == []
    holder = Viewer(ViewerKind.HOLDER, f"holder:{mine}", CITIZEN.scopes, ticket=mine)
    await stage.got(holder, query)
    assert await trail(stage) == [(f"complaint:{mine}", f"holder:{mine}", None)]


async def test_secret_text_is_withheld_if_the_read_cannot_be_audited(stage: Stage) -> None:
    ticket = await stage.complaint("VERIFIED", secret=True)
    await stage.run("alter table audit_events add constraint full_up check (action <> 'secret:read')")
    answer = await stage.ask(DESK, f'{{complaint(ticket: "{ticket}") {{ticket text}}}}')
    assert answer.data["complaint"] == {"ticket": ticket, "text": None}
    assert len(answer.errors) == 1


@pytest.mark.parametrize("field", ["title", "content", "log {note}"])
async def test_who_reads_a_secret_report_is_recorded(stage: Stage, field: str) -> None:
    await stage.records(report("R1", secret=True), report("R2"))
    await stage.got(DESK, f"{{centralReports {{edges {{node {{{field}}}}}}}}}")
    assert await trail(stage) == [("fake:R1", "u_desk", "app")]


async def test_reads_of_a_reporter_are_in_the_trail_too(stage: Stage) -> None:
    ticket = await stage.complaint("VERIFIED")
    await stage.act(ticket, Action.ASSIGN)
    await stage.got(DESK, "{complaints {edges {node {reporter {name phone}}}}}")
    assert await trail(stage, "identity:read") == [(f"complaint:{ticket}", "u_desk", "app")]
    details = await stage.rows("select details from audit_events where action = 'identity:read'")
    assert details == [({"purpose": "HANDLING", "fields": ["name", "phone"]},)]
