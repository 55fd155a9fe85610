"""The feed in the graph: what each viewer sees of a change, and cursors that are valid in every query of the feed."""

from __future__ import annotations

import base64
import dataclasses
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from graphql import get_named_type
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hub.schema import ids
from hub.schema.changes import Change
from hub.schema.graph import schema
from hub.schema.reports import ReportEvent
from hub.store.database import record_statements
from hub.store.feed import pages, sequence, serialization
from hub.store.feed.cursors import encode
from hub.store.feed.pages import FeedRequest
from hub.store.queries.visibility import Detail
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import business, order, payment, permit, report
from tests.schema.complaints.test_history import PERSONAL, PROSE, life
from tests.schema.harness import ANONYMOUS, CAUSE, CLERK, OFFICER, WORKER, Answer, Stage
from tests.schema.visibility_cases import PARTNER, SEEN, VIEWERS, Tickets, create_cases, viewer
from tests.sync import isolated_sequencer

FIELDS = """cursor node {system position kind subject fields before after removed cause actor requestId effectiveAt
    recordedAt}"""
HANDLING = (ViewerKind.OFFICER, ViewerKind.WORKER)
QUERY = f"""query($first: Int! = 100, $after: String, $kinds: [String!], $systems: [String!]) {{
    changes(first: $first, after: $after, kinds: $kinds, systems: $systems) {{
        edges {{{FIELDS}}} pageInfo {{hasNextPage hasPreviousPage startCursor endCursor}} }} }}"""
CENTRAL = Viewer(ViewerKind.PARTNER, "client:central", frozenset({"records:sync.fake"}), "central")
BARE = {"ticket", "status", "secret", "receivedAt", "verifiedAt", "answeredAt", "closedAt", "dueAt", "dueEstimated"}


@pytest.fixture(scope="module")
async def tickets(shared: Stage) -> Tickets:
    """A complaint of each case, and records that are secret, changed and gone."""
    made = await create_cases(shared)
    await shared.records(report("9", secret=True), report("8", secret=True, agency="DINKES"), payment("P9", version=2))
    await shared.run("update records set gone_at = now() where external_id = 'P9'")
    while await isolated_sequencer.sequence(shared.database):
        pass
    return made


async def ask(stage: Stage, who: Viewer, **arguments: Any) -> Answer:
    return await stage.ask(who, QUERY, **arguments)


async def everything(stage: Stage, who: Viewer, first: int = 100, **arguments: Any) -> list[dict[str, Any]]:
    """Return every edge, page by page."""
    edges: list[dict[str, Any]] = []
    after, more = arguments.pop("after", None), True
    while more:
        page = (await stage.got(who, QUERY, first=first, after=after, **arguments))["changes"]
        edges += page["edges"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return edges


def nodes(edges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in edges]


@pytest.mark.parametrize("name", VIEWERS)
async def test_each_viewer_gets_changes_of_its_own_complaints(shared: Stage, tickets: Tickets, name: str) -> None:
    who = viewer(name, tickets)
    if not who.may("complaints:read"):
        assert [error["extensions"] for error in (await ask(shared, who)).errors] == [
            {"code": "FORBIDDEN", "scope": "complaints:read"}
        ]
        return
    changes = nodes(await everything(shared, who, systems=["hub"]))
    cases = {ticket: case for case, ticket in tickets.items()}
    depths = {case: depth for case, depth in SEEN[name].items() if depth is not Detail.PUBLIC}
    assert {cases[change["subject"]] for change in changes} == depths.keys()
    for change in changes:
        shown = {*change["fields"], *(change["before"] or {}), *(change["after"] or {})}
        assert not shown & {"submittedBy", "citizenId", "reporterId", "submitted_by"}
        if depths[cases[change["subject"]]] is Detail.MINIMAL:
            assert shown <= BARE
            assert (change["cause"], change["actor"], change["requestId"]) == (None, None, None)
        else:
            assert change["cause"] == "test"
            assert (change["actor"] is None) is (who.kind not in HANDLING and change["actor"] != who.name)


async def test_a_secret_complaints_partner_gets_bare_changes_only(shared: Stage, tickets: Tickets) -> None:
    whole = [each for each in nodes(await everything(shared, WORKER)) if each["subject"] == tickets["secret"]]
    changes = [each for each in nodes(await everything(shared, PARTNER)) if each["subject"] == tickets["secret"]]
    assert [each["position"] for each in changes] == [
        each["position"] for each in whole if each["before"] is None or BARE & set(each["fields"])
    ]
    assert len(changes) < len(whole)
    assert {each["after"]["status"] for each in changes} == {"RECEIVED", "VERIFIED", "ASSIGNED"}


async def test_an_officer_who_may_not_see_a_secret_gets_no_changes(
    stage: Stage,
) -> None:
    tickets = [await stage.complaint("VERIFIED", by=CLERK, secret=secret) for secret in (True, False)]
    while await isolated_sequencer.sequence(stage.database):
        pass
    for who, seen in ((OFFICER, tickets), (CLERK, tickets[1:])):
        assert {change["subject"] for change in nodes(await everything(stage, who))} == {*seen}


async def test_the_bare_facts_are_those_of_the_list_of_fields() -> None:
    assert set(serialization.serialize_names(serialization.MINIMAL_FIELDS, "complaint", minimal=True)) == BARE


async def test_actors_are_for_handlers_reporter_accounts_for_nobody(stage: Stage) -> None:
    await stage.run("insert into users (id, kind) values ('u_siti', 'CITIZEN')")
    siti = Viewer(ViewerKind.CITIZEN, "u_siti", frozenset({"complaints:read"}))
    await stage.complaint("VERIFIED", by=siti)
    await isolated_sequencer.sequence(stage.database)
    await stage.complaint("VERIFIED", by=PARTNER)
    await isolated_sequencer.sequence(stage.database)
    by_viewer = {
        "officer": [None, None, PARTNER.name, PARTNER.name],
        "citizen": [siti.name, siti.name],
        "partner": [PARTNER.name, PARTNER.name],
    }
    for who, name in ((OFFICER, "officer"), (siti, "citizen"), (PARTNER, "partner")):
        assert [each["actor"] for each in nodes(await everything(stage, who))] == by_viewer[name]
    await stage.run("update complaints set rating = 1")
    await isolated_sequencer.sequence(stage.database)
    for who, actor in ((OFFICER, "test-officer"), (siti, None), (PARTNER, None)):
        assert nodes(await everything(stage, who))[-1]["actor"] == actor


async def test_records_are_for_those_who_sync_their_system(shared: Stage, tickets: Tickets) -> None:
    sync = frozenset({"records:sync.fake"})
    assert {each["system"] for each in nodes(await everything(shared, CENTRAL))} == {"fake"}
    assert {
        each["system"] for each in nodes(await everything(shared, replace(PARTNER, scopes=PARTNER.scopes | sync)))
    } == {
        "fake",
        "hub",
    }
    for scopes in (frozenset(), frozenset({"reports:read", "payments:read"})):
        assert (await ask(shared, replace(CENTRAL, scopes=scopes))).codes == ["FORBIDDEN"]
    assert (await ask(shared, ANONYMOUS)).codes == ["FORBIDDEN"]


async def stage_page(stage: Stage, who: Viewer, **arguments: Any) -> Any:
    return (await stage.got(who, QUERY, **arguments))["changes"]


async def test_secret_records_are_for_who_may_know_reporters(shared: Stage, tickets: Tickets) -> None:
    sync = frozenset({"records:sync.fake"})
    seen = {
        "central": CENTRAL,
        "clerk": replace(VIEWERS["clerk"], scopes=VIEWERS["clerk"].scopes | sync),
        "officer": Viewer(ViewerKind.OFFICER, "desk", OFFICER.scopes | sync),
        "agency": replace(VIEWERS["agency"], scopes=VIEWERS["agency"].scopes | sync),
        "worker": WORKER,
    }
    found = {
        name: {each["subject"] for each in nodes(await everything(shared, who, kinds=["report"]))} & {"8", "9"}
        for name, who in seen.items()
    }
    assert found == {"central": set(), "clerk": set(), "officer": {"8", "9"}, "agency": {"9"}, "worker": {"8", "9"}}


LINKED = """query($first: Int!) {changes(first: $first) {nodes {system kind subject node {__typename id
    ... on Complaint {ticket title} ... on CentralReport {trackingId} ... on Payment {reference}}}}}"""


@pytest.mark.parametrize("name", VIEWERS)
async def test_a_change_resolves_its_node_as_far_as_visible(shared: Stage, tickets: Tickets, name: str) -> None:
    who = viewer(name, tickets)
    who = replace(who, scopes=who.scopes | {"records:sync.fake"})
    changes = (await shared.got(who, LINKED, first=100))["changes"]["nodes"]
    assert changes
    names = [ids.encode(TYPES[change["kind"]], (change["system"], change["subject"])) for change in changes]
    seen = (await shared.got(who, "query($ids: [ID!]!) {nodes(ids: $ids) {id}}", ids=names))["nodes"]
    linked = [change["node"] for change in changes]
    assert [each and {"id": each["id"]} for each in linked] == seen
    for change, shown in zip(changes, linked, strict=True):
        if change["kind"] == "complaint":
            assert (shown["title"] is None) is (SEEN[name][_case(tickets, change["subject"])] is Detail.MINIMAL)
    assert [shown for change, shown in zip(changes, linked, strict=True) if change["subject"] == "P9" and shown] == []


def _case(tickets: Tickets, ticket: str) -> str:
    return next(case for case, each in tickets.items() if each == ticket)


async def test_the_nodes_of_a_page_are_one_statement_a_type(shared: Stage, tickets: Tickets) -> None:
    statements = set()
    for first in (10, 40):
        with record_statements() as noted:
            page = (await shared.got(WORKER, LINKED, first=first))["changes"]["nodes"]
        assert len(page) == first
        statements.add(len(noted) - len({change["kind"] for change in page}))
    assert len(statements) == 1


async def test_a_subgraph_shows_of_a_changes_node_no_more_than_its_id(stage: Stage) -> None:
    ticket = await stage.complaint("VERIFIED", secret=True)
    await isolated_sequencer.sequence(stage.database)
    query = "{changes {nodes {subject node {__typename id}}}}"
    (change, *_) = (await stage.got(WORKER, query, part="systems"))["changes"]["nodes"]
    assert change == {
        "subject": ticket,
        "node": {"__typename": "Complaint", "id": ids.encode("Complaint", ("hub", ticket))},
    }
    assert (await stage.got(CLERK, query, part="systems"))["changes"]["nodes"] == []


async def test_what_is_gone_is_a_tombstone(shared: Stage, tickets: Tickets) -> None:
    changes = [each for each in nodes(await everything(shared, CENTRAL)) if each["subject"] == "P9"]
    assert [each["removed"] for each in changes] == [False, True]
    assert (changes[1]["fields"], changes[1]["before"]) == (["goneAt"], {"goneAt": None})


async def test_a_deletion_is_a_change_and_reveals_no_more(stage: Stage) -> None:
    await stage.records(payment("P1"), report("1", secret=True))
    await stage.run("alter table records_fake disable trigger user")
    await stage.run("delete from records")
    await isolated_sequencer.sequence(stage.database)
    changes = nodes(await everything(stage, CENTRAL))
    assert [(each["subject"], each["removed"], each["after"]) for each in changes] == [("P1", True, None)]
    assert {each["subject"] for each in nodes(await everything(stage, WORKER))} == {"P1", "1"}


async def test_a_change_has_graph_field_names_and_exact_amounts(stage: Stage) -> None:
    await stage.records(payment("P1", amount="9007199254740993.01"))
    await stage.records(payment("P1", amount="4000", status="REFUNDED", version=2, at="2026-02-01T10:00:00+07:00"))
    await isolated_sequencer.sequence(stage.database)
    first, second = nodes(await everything(stage, CENTRAL))
    assert (first["after"]["amount.amount"], first["before"], first["fields"]) == ("9007199254740993.01", None, [])
    assert first["after"]["purpose"] == "FARE"
    assert second["fields"] == ["amount.amount", "paidAt", "status", "sourceStatus"]
    assert second["before"]["amount.amount"] == "9007199254740993.01"
    assert second["after"] == {
        "amount.amount": "4000.00",
        "paidAt": "2026-02-01T03:00:00+00:00",
        "status": "REFUNDED",
        "sourceStatus": "REFUNDED",
    }
    assert (second["cause"], second["actor"], second["requestId"]) == ("pull:fake", "worker", "run-1")
    assert second["effectiveAt"] == "2026-02-01T03:00:00+00:00"
    assert second["recordedAt"] > second["effectiveAt"]


def test_the_rows_of_a_log_have_the_names_of_the_graph_too() -> None:
    stored = {"at": None, "type": "STATUS", "from": "A", "to": None, "status_old": None, "status_new": "B"}
    facts = serialization.serialize({"log": [stored | {"attachments": 0}], "status": "CLOSED"}, "report")
    assert facts
    assert facts["log"][0].keys() == {
        serialization.serialize_names([field.name], "")[0]
        for field in dataclasses.fields(ReportEvent)
        if field.name != "note"
    }


TYPES = {
    "complaint": "Complaint",
    "report": "CentralReport",
    "payment": "Payment",
    "order": "ProcurementOrder",
    "permit": "Permit",
    "business": "Business",
}


async def test_every_fact_has_the_name_of_its_graph_field(stage: Stage) -> None:
    await stage.complaint()
    await stage.records(payment("P1"), report("1"), order("O1"), permit("I-1"), business("3399000000001"))
    stored = await stage.rows("select kind, after, prose from changes left join records using (system, kind)")
    for kind, after, prose in stored:
        found: Any = serialization.serialize({**after, **(prose or {})}, kind)
        assert found.keys() > {"status"}
        assert [
            name for name in found.keys() - serialization.EXTRA_FIELDS if not _is_field(TYPES[kind], name.split("."))
        ] == []
    assert {kind for kind, *_ in stored} == TYPES.keys()


def _is_field(of: str, path: list[str]) -> bool:
    kind: Any = schema(None, ())._schema.type_map[of]
    for name in path:
        if name not in getattr(kind, "fields", {}):
            return False
        kind = get_named_type(kind.fields[name].type)
    return not hasattr(kind, "fields") or path == ["log"]


async def test_the_feed_has_no_personal_data_and_no_free_text(stage: Stage) -> None:
    await life(stage)
    title, written, note = PROSE
    await stage.records(
        payment("P1", payer=PERSONAL["name"]), report("1", title=title, content=written), report("2", content=note)
    )
    await stage.records(report("1", title=PERSONAL["name"], content=PERSONAL["phone"], version=2))
    await stage.run("update complaints set text = :text, rating = 5, citizen_id = null", text=PERSONAL["nik"])
    await isolated_sequencer.sequence(stage.database)
    feed = json.dumps(await everything(stage, WORKER))
    assert '"rating"' in feed
    for value in (*PERSONAL.values(), *PROSE, "bocor", "-7.1234", "110.4321"):
        assert value not in feed


def test_every_field_of_a_change_is_in_the_query_of_these_tests() -> None:
    graph: Any = Change
    names = {field.graphql_name or _camel(field.python_name) for field in graph.__strawberry_definition__.fields}
    assert names == set(FIELDS.replace("{", " ").replace("}", " ").split()) - {"cursor"}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


@pytest.fixture(scope="module")
async def whole(shared: Stage, tickets: Tickets) -> list[dict[str, Any]]:
    """Return the whole feed as the worker sees it."""
    return await everything(shared, WORKER)


@pytest.mark.whole
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=12), start=st.integers(0, 40), looked_at=st.integers(1, 30)
)
async def test_pages_of_any_size_from_any_cursor_give_one_order(
    shared: Stage, whole: list[dict[str, Any]], sizes: list[int], start: int, looked_at: int
) -> None:
    after = whole[start - 1]["cursor"] if start else None
    edges: list[dict[str, Any]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "SCAN_LIMIT", looked_at)
        for size in sizes:
            page = await stage_page(shared, WORKER, first=size, after=after)
            edges += page["edges"]
            after = page["pageInfo"]["endCursor"]
            assert page["pageInfo"]["hasNextPage"] is (len(edges) + start < len(whole))
    assert nodes(edges) == nodes(whole[start : start + len(edges)])
    assert nodes(await everything(shared, WORKER, after=after)) == nodes(whole[start + len(edges) :])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wishes=st.lists(
        st.tuples(st.sampled_from([None, ["hub"], ["fake"], []]), st.sampled_from([None, ["payment"], ["complaint"]])),
        max_size=6,
    )
)
async def test_one_cursor_serves_other_systems_and_kinds(
    shared: Stage, whole: list[dict[str, Any]], wishes: list[tuple[list[str] | None, list[str] | None]]
) -> None:
    after: str | None = None
    passed: dict[str, int] = {"hub": 0, "fake": 0}
    for systems, kinds in wishes:
        page = await stage_page(shared, WORKER, first=5, after=after, systems=systems, kinds=kinds)
        expected = [
            each
            for each in nodes(whole)
            if each["position"] > passed[each["system"]]
            and (systems is None or each["system"] in systems)
            and (kinds is None or each["kind"] in kinds)
        ]
        assert nodes(page["edges"]) == expected[:5]
        after = page["pageInfo"]["endCursor"]
        passed |= json.loads(_opened(after))


def _opened(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


async def test_invisible_changes_are_passed_even_on_an_empty_page(
    shared: Stage, tickets: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SCAN_LIMIT", 3)
    monkeypatch.setattr(pages, "MAX_SCANS", 1)
    nobody = replace(PARTNER, name="client:other")
    after, count = None, 0
    while True:
        page = await stage_page(shared, nobody, after=after)
        assert page["edges"] == []
        assert page["pageInfo"]["startCursor"] is None
        assert page["pageInfo"]["endCursor"] != after
        after, count = page["pageInfo"]["endCursor"], count + 1
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert count > 5
    assert (await stage_page(shared, nobody, after=after))["pageInfo"]["endCursor"] == after


@pytest.mark.parametrize(("statements", "more"), [(2, True), (1_000, False)])
async def test_a_page_looks_on_past_what_one_may_not_see(
    shared: Stage, tickets: Tickets, monkeypatch: pytest.MonkeyPatch, statements: int, more: bool
) -> None:
    monkeypatch.setattr(pages, "SCAN_LIMIT", 3)
    monkeypatch.setattr(pages, "MAX_SCANS", statements)
    page = await stage_page(shared, replace(PARTNER, name="client:other"))
    assert (page["edges"], page["pageInfo"]["hasNextPage"]) == ([], more)
    if more:
        assert json.loads(_opened(page["pageInfo"]["endCursor"]))["hub"] == 6


async def test_one_page_reaches_past_many_invisible_changes(
    shared: Stage, tickets: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SCAN_LIMIT", 2)
    monkeypatch.setattr(pages, "MAX_SCANS", 1_000)
    edges = await everything(shared, PARTNER)
    assert (await stage_page(shared, PARTNER, first=1))["edges"] == edges[:1]
    last = (await stage_page(shared, PARTNER, first=1, after=edges[-2]["cursor"]))["edges"]
    assert last == edges[-1:]


async def test_now_is_where_to_follow_from(stage: Stage) -> None:
    await stage.records(payment("P1"))
    await stage.complaint()
    await isolated_sequencer.sequence(stage.database)
    page = await stage_page(stage, WORKER, after="now", systems=["fake"])
    assert (page["edges"], page["pageInfo"]["hasNextPage"]) == ([], False)
    after = page["pageInfo"]["endCursor"]
    assert json.loads(_opened(after)) == {"fake": 1, "hub": 1}
    await stage.records(payment("P2"))
    await isolated_sequencer.sequence(stage.database)
    assert [each["subject"] for each in nodes(await everything(stage, WORKER, after=after))] == ["P2"]


async def test_a_cursor_reveals_no_unreadable_system(shared: Stage, tickets: Tickets) -> None:
    everywhere = (await stage_page(shared, WORKER))["pageInfo"]["endCursor"]
    page = await stage_page(shared, CENTRAL, after=everywhere)
    assert json.loads(_opened(page["pageInfo"]["endCursor"])).keys() == {"fake"}


@pytest.mark.parametrize(
    ("cursor", "code"),
    [
        ("", "BAD_INPUT"),
        ("%%%", "BAD_INPUT"),
        ("a" * 20_000, "BAD_INPUT"),
        ("WzFd", "BAD_INPUT"),
        (encode({"hub": -1}), "BAD_INPUT"),
        (encode({"hub": True}), "BAD_INPUT"),
        (encode({"hub": 1.5}), "BAD_INPUT"),  # type: ignore[dict-item]
        (encode({"hub": "1"}), "BAD_INPUT"),  # type: ignore[dict-item]
        (encode({"hub": 10**18}), "CURSOR_EXPIRED"),
        (encode({"hub": 2**64 - 1}), "CURSOR_EXPIRED"),
    ],
)
async def test_a_cursor_that_was_made_up_is_refused(shared: Stage, tickets: Tickets, cursor: str, code: str) -> None:
    answer = await ask(shared, WORKER, after=cursor)
    assert (answer.data["changes"], answer.codes) == (None, [code])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cursor=st.text() | st.dictionaries(st.text(), st.integers(-1, 2**64 - 1), max_size=3).map(encode))
async def test_no_cursor_is_a_server_fault(shared: Stage, tickets: Tickets, cursor: str) -> None:
    answer = await ask(shared, WORKER, after=cursor, first=1)
    assert set(answer.codes) <= {"BAD_INPUT", "CURSOR_EXPIRED"}


@pytest.mark.parametrize(
    "arguments", [{"first": 0}, {"kinds": ["\0"]}, {"kinds": ["payment", "payments"]}, {"systems": ["\0"]}]
)
async def test_arguments_are_checked(shared: Stage, tickets: Tickets, arguments: dict[str, Any]) -> None:
    assert (await ask(shared, WORKER, **arguments)).codes == ["BAD_INPUT"]


async def test_an_unknown_kind_is_refused_with_the_known_ones(shared: Stage, tickets: Tickets) -> None:
    (error,) = (await ask(shared, WORKER, kinds=["payments"])).errors
    assert (
        error["message"]
        == "There is no kind 'payments'; there are complaint, business, order, payment, permit, report."
    )


@pytest.mark.parametrize("name", ["hub", "nowhere"])
async def test_an_unreadable_system_is_refused_like_a_missing_one(shared: Stage, tickets: Tickets, name: str) -> None:
    (error,) = (await ask(shared, CENTRAL, systems=["fake", name])).errors
    assert error["extensions"] == {"code": "BAD_INPUT"}
    assert error["message"] == (
        f"There is no system '{name}' that you may follow; following one takes records:sync.<system>, "
        "and hub complaints:read."
    )


async def test_a_cursor_that_is_too_old_leads_to_a_snapshot(stage: Stage) -> None:
    await stage.records(payment("P1"), payment("P2"))
    await stage.complaint()
    await isolated_sequencer.sequence(stage.database)
    (old, *_), new = await everything(stage, WORKER, systems=["fake"]), (await stage_page(stage, WORKER))["pageInfo"]
    async with stage.database.write(CAUSE) as db:
        await db.execute(text("update feed set settled_at = '2026-01-01' where system = 'fake'"))
        assert await sequence.expire(db, timedelta(days=30)) == 2
    answer = await ask(stage, WORKER, after=old["cursor"])
    (error,) = answer.errors
    snapshot = f"GET /bulk/fake?after={old['cursor']}"
    assert error["extensions"] == {"code": "CURSOR_EXPIRED", "system": "fake", "snapshot": snapshot}
    assert error["message"] == (
        "What changed in fake since this cursor is no longer kept. "
        f"Take a snapshot at {snapshot} and go on from the cursor it gives."
    )
    # The other system continues from the same cursor; without a cursor the kept changes are listed.
    assert len(nodes(await everything(stage, WORKER, after=old["cursor"], systems=["hub"]))) == 1
    await stage.records(order("O1"))
    await isolated_sequencer.sequence(stage.database)
    assert [each["subject"] for each in nodes(await everything(stage, WORKER, systems=["fake"]))] == ["O1"]
    assert [each["subject"] for each in nodes(await everything(stage, WORKER, after=new["endCursor"]))] == ["O1"]


async def test_a_page_takes_the_same_few_statements_whatever_is_on_it(shared: Stage, tickets: Tickets) -> None:
    counts = set()
    for first in (1, 100):
        with record_statements() as noted:
            async with shared.database.read() as db:
                await pages.read_page(db, WORKER, FeedRequest(first))
        counts.add(len(noted))
    assert counts == {3}


async def test_changes_dropped_while_reading_are_an_expired_cursor(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.records(payment("P1"), payment("P2"))
    await isolated_sequencer.sequence(stage.database)
    look = pages.scan_end

    async def dropped_meanwhile(*arguments: Any) -> Any:
        async with stage.database.write(CAUSE) as db:
            assert await sequence.expire(db, timedelta(0)) == 2
        return await look(*arguments)

    monkeypatch.setattr(pages, "scan_end", dropped_meanwhile)
    assert (await ask(stage, WORKER)).codes == ["CURSOR_EXPIRED"]
