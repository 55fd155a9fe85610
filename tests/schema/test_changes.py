"""The feed in the graph: what whom is told of each change, and cursors that go on wherever they were given."""

from __future__ import annotations

import base64
import dataclasses
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hub.schema.changes import Change
from hub.schema.reports import ReportEvent
from hub.store.database import counted
from hub.store.feed import facts, pages, positions
from hub.store.feed.cursors import encode
from hub.store.feed.pages import Wanted
from hub.store.reading.sight import Depth
from hub.viewer import Viewer, ViewerKind
from tests.fake import order, payment, report
from tests.schema.cases import PARTNER, SEEN, VIEWERS, Tickets, prepared, viewer
from tests.schema.stage import ANONYMOUS, CAUSE, OFFICER, WORKER, Answer, Stage
from tests.schema.test_history import PERSONAL, SAID, life
from tests.sync import undisturbed

FIELDS = """cursor node {system position kind subject fields before after removed cause actor correlation effectiveAt
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
    made = await prepared(shared)
    await shared.records(report("9", secret=True), report("8", secret=True, agency="DINKES"), payment("P9", version=2))
    await shared.run("update records set gone_at = now() where external_id = 'P9'")
    while await undisturbed.sequence(shared.database):
        pass
    return made


async def ask(stage: Stage, who: Viewer, **asked: Any) -> Answer:
    return await stage.ask(who, QUERY, **asked)


async def everything(stage: Stage, who: Viewer, first: int = 100, **asked: Any) -> list[dict[str, Any]]:
    """Every edge, page after page."""
    edges: list[dict[str, Any]] = []
    after, more = asked.pop("after", None), True
    while more:
        page = (await stage.got(who, QUERY, first=first, after=after, **asked))["changes"]
        edges += page["edges"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return edges


def nodes(edges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in edges]


@pytest.mark.parametrize("name", VIEWERS)
async def test_of_complaints_each_viewer_is_told_what_it_handles_submitted_or_brought(
    shared: Stage, tickets: Tickets, name: str
) -> None:
    who = viewer(name, tickets)
    if not who.may("complaints:read"):
        assert [error["extensions"] for error in (await ask(shared, who)).errors] == [
            {"code": "FORBIDDEN", "scope": "complaints:read"}
        ]
        return
    told = nodes(await everything(shared, who, systems=["hub"]))
    cases = {ticket: case for case, ticket in tickets.items()}
    depths = {case: depth for case, depth in SEEN[name].items() if depth is not Depth.PUBLIC}
    assert {cases[change["subject"]] for change in told} == depths.keys()
    for change in told:
        shown = {*change["fields"], *(change["before"] or {}), *(change["after"] or {})}
        assert not shown & {"submittedBy", "citizenId", "reporterId", "submitted_by"}
        if depths[cases[change["subject"]]] is Depth.BARE:
            assert shown <= BARE
            assert (change["cause"], change["actor"], change["correlation"]) == (None, None, None)
        else:
            assert change["cause"] == "test"
            assert (change["actor"] is None) is (who.kind not in HANDLING and change["actor"] != who.name)


async def test_of_a_secret_complaint_its_partner_is_told_only_changes_of_the_bare_facts(
    shared: Stage, tickets: Tickets
) -> None:
    whole = [each for each in nodes(await everything(shared, WORKER)) if each["subject"] == tickets["secret"]]
    told = [each for each in nodes(await everything(shared, PARTNER)) if each["subject"] == tickets["secret"]]
    assert [each["position"] for each in told] == [
        each["position"] for each in whole if each["before"] is None or BARE & set(each["fields"])
    ]
    assert len(told) < len(whole)
    assert {each["after"]["status"] for each in told} == {"RECEIVED", "VERIFIED", "ASSIGNED"}


async def test_the_bare_facts_are_those_of_the_list_of_fields() -> None:
    assert set(facts.names(list(facts.BARE), bare=True)) == BARE


async def test_who_acted_is_told_to_those_who_handle_complaints_and_never_the_reporters_account(stage: Stage) -> None:
    await stage.run("insert into users (id, kind) values ('u_siti', 'CITIZEN')")
    siti = Viewer(ViewerKind.CITIZEN, "u_siti", frozenset({"complaints:read"}))
    await stage.complaint("VERIFIED", by=siti)
    await undisturbed.sequence(stage.database)
    await stage.complaint("VERIFIED", by=PARTNER)
    await undisturbed.sequence(stage.database)
    by_viewer = {
        "officer": [None, None, PARTNER.name, PARTNER.name],
        "citizen": [siti.name, siti.name],
        "partner": [PARTNER.name, PARTNER.name],
    }
    for who, name in ((OFFICER, "officer"), (siti, "citizen"), (PARTNER, "partner")):
        assert [each["actor"] for each in nodes(await everything(stage, who))] == by_viewer[name]
    await stage.run("update complaints set rating = 1")
    await undisturbed.sequence(stage.database)
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


async def stage_page(stage: Stage, who: Viewer, **asked: Any) -> Any:
    return (await stage.got(who, QUERY, **asked))["changes"]


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


async def test_what_is_gone_is_a_tombstone(shared: Stage, tickets: Tickets) -> None:
    told = [each for each in nodes(await everything(shared, CENTRAL)) if each["subject"] == "P9"]
    assert [each["removed"] for each in told] == [False, True]
    assert (told[1]["fields"], told[1]["before"]) == (["goneAt"], {"goneAt": None})


async def test_what_is_deleted_is_one_too_and_tells_no_more_than_before(stage: Stage) -> None:
    await stage.records(payment("P1"), report("1", secret=True))
    await stage.run("alter table records_fake disable trigger user")
    await stage.run("delete from records")
    await undisturbed.sequence(stage.database)
    told = nodes(await everything(stage, CENTRAL))
    assert [(each["subject"], each["removed"], each["after"]) for each in told] == [("P1", True, None)]
    assert {each["subject"] for each in nodes(await everything(stage, WORKER))} == {"P1", "1"}


async def test_a_change_tells_facts_by_the_names_of_the_graph_with_exact_amounts(stage: Stage) -> None:
    await stage.records(payment("P1", amount="9007199254740993.01"))
    await stage.records(payment("P1", amount="4000", status="REFUNDED", version=2, at="2026-02-01T10:00:00+07:00"))
    await undisturbed.sequence(stage.database)
    first, second = nodes(await everything(stage, CENTRAL))
    assert (first["after"]["amount"], first["before"], first["fields"]) == ("9007199254740993.01", None, [])
    assert first["after"]["paidFor"] == "FARE"
    assert second["fields"] == ["amount", "occurredAt", "status", "statusTold"]
    assert second["before"]["amount"] == "9007199254740993.01"
    assert second["after"] == {
        "amount": "4000.00",
        "occurredAt": "2026-02-01T03:00:00+00:00",
        "status": "REFUNDED",
        "statusTold": "REFUNDED",
    }
    assert (second["cause"], second["actor"], second["correlation"]) == ("pull:fake", "worker", "run-1")
    assert second["effectiveAt"] == "2026-02-01T03:00:00+00:00"
    assert second["recordedAt"] > second["effectiveAt"]


def test_the_rows_of_a_log_have_the_names_of_the_graph_too() -> None:
    stored = {"at": None, "type": "STATUS", "from": "A", "to": None, "status_old": None, "status_new": "B"}
    told = facts.told({"log": [stored | {"attachments": 0}], "status": "CLOSED"})
    assert told
    assert told["log"][0].keys() == {
        facts.names([field.name])[0] for field in dataclasses.fields(ReportEvent) if field.name != "note"
    }


async def test_nothing_personal_and_nothing_anybody_wrote_is_in_the_whole_feed(stage: Stage) -> None:
    await life(stage)
    title, written, note = SAID
    await stage.records(
        payment("P1", payer=PERSONAL["name"]), report("1", title=title, content=written), report("2", content=note)
    )
    await stage.records(report("1", title=PERSONAL["name"], content=PERSONAL["phone"], version=2))
    await stage.run("update complaints set text = :text, rating = 5, citizen_id = null", text=PERSONAL["nik"])
    await undisturbed.sequence(stage.database)
    told = json.dumps(await everything(stage, WORKER))
    assert '"rating"' in told
    for value in (*PERSONAL.values(), *SAID, "bocor", "-7.1234", "110.4321"):
        assert value not in told


def test_every_field_of_a_change_is_in_the_query_of_these_tests() -> None:
    graph: Any = Change
    names = {field.graphql_name or _camel(field.python_name) for field in graph.__strawberry_definition__.fields}
    assert names == set(FIELDS.replace("{", " ").replace("}", " ").split()) - {"cursor", "node"}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


@pytest.fixture(scope="module")
async def whole(shared: Stage, tickets: Tickets) -> list[dict[str, Any]]:
    """The feed as the worker reads it at once."""
    return await everything(shared, WORKER)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=12), start=st.integers(0, 40), looked_at=st.integers(1, 30)
)
async def test_pages_of_any_sizes_from_any_cursor_tell_the_rest_once_in_the_same_order(
    shared: Stage, whole: list[dict[str, Any]], sizes: list[int], start: int, looked_at: int
) -> None:
    after = whole[start - 1]["cursor"] if start else None
    told: list[dict[str, Any]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "LOOKED_AT", looked_at)
        for size in sizes:
            page = await stage_page(shared, WORKER, first=size, after=after)
            told += page["edges"]
            after = page["pageInfo"]["endCursor"]
            assert page["pageInfo"]["hasNextPage"] is (len(told) + start < len(whole))
    assert nodes(told) == nodes(whole[start : start + len(told)])
    assert nodes(await everything(shared, WORKER, after=after)) == nodes(whole[start + len(told) :])


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
        wanted = [
            each
            for each in nodes(whole)
            if each["position"] > passed[each["system"]]
            and (systems is None or each["system"] in systems)
            and (kinds is None or each["kind"] in kinds)
        ]
        assert nodes(page["edges"]) == wanted[:5]
        after = page["pageInfo"]["endCursor"]
        passed |= json.loads(_opened(after))


def _opened(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


async def test_what_one_may_not_see_is_passed_also_by_a_page_without_a_change(
    shared: Stage, tickets: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LOOKED_AT", 3)
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


async def test_a_cursor_tells_of_no_system_its_reader_may_not_follow(shared: Stage, tickets: Tickets) -> None:
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
async def test_whatever_a_cursor_says_there_is_no_fault(shared: Stage, tickets: Tickets, cursor: str) -> None:
    answer = await ask(shared, WORKER, after=cursor, first=1)
    assert set(answer.codes) <= {"BAD_INPUT", "CURSOR_EXPIRED"}


@pytest.mark.parametrize(
    "asked", [{"first": 0}, {"kinds": ["\0"]}, {"kinds": ["payment", "payments"]}, {"systems": ["\0"]}]
)
async def test_arguments_are_checked(shared: Stage, tickets: Tickets, asked: dict[str, Any]) -> None:
    assert (await ask(shared, WORKER, **asked)).codes == ["BAD_INPUT"]


async def test_a_kind_that_nobody_knows_is_told_with_those_there_are(shared: Stage, tickets: Tickets) -> None:
    (error,) = (await ask(shared, WORKER, kinds=["payments"])).errors
    assert error["message"].startswith("There is no kind 'payments'; there are complaint, order, payment, report")


@pytest.mark.parametrize("name", ["hub", "nowhere"])
async def test_a_system_that_one_names_and_may_not_follow_is_refused_as_one_that_is_not_there(
    shared: Stage, tickets: Tickets, name: str
) -> None:
    (error,) = (await ask(shared, CENTRAL, systems=["fake", name])).errors
    assert error["extensions"] == {"code": "BAD_INPUT"}
    assert error["message"] == (
        f"There is no system '{name}' that you may follow; following one takes records:sync.<system>, "
        "and hub complaints:read."
    )


async def test_a_cursor_that_is_too_old_leads_to_a_snapshot(stage: Stage) -> None:
    await stage.records(payment("P1"), payment("P2"))
    await stage.complaint()
    await undisturbed.sequence(stage.database)
    (old, *_), new = await everything(stage, WORKER, systems=["fake"]), (await stage_page(stage, WORKER))["pageInfo"]
    async with stage.database.write(CAUSE) as db:
        await db.execute(text("update feed set settled_at = '2026-01-01' where system = 'fake'"))
        assert await positions.expire(db, timedelta(days=30)) == 2
    answer = await ask(stage, WORKER, after=old["cursor"])
    (error,) = answer.errors
    snapshot = f"GET /bulk/fake?after={old['cursor']}"
    assert error["extensions"] == {"code": "CURSOR_EXPIRED", "system": "fake", "snapshot": snapshot}
    assert error["message"] == (
        "What changed in fake since this cursor is no longer kept. "
        f"Take a snapshot at {snapshot} and go on from the cursor it gives."
    )
    # The other system goes on from the same cursor, and without one what is kept is told.
    assert len(nodes(await everything(stage, WORKER, after=old["cursor"], systems=["hub"]))) == 1
    await stage.records(order("O1"))
    await undisturbed.sequence(stage.database)
    assert [each["subject"] for each in nodes(await everything(stage, WORKER, systems=["fake"]))] == ["O1"]
    assert [each["subject"] for each in nodes(await everything(stage, WORKER, after=new["endCursor"]))] == ["O1"]


async def test_a_page_takes_the_same_few_statements_whatever_is_on_it(shared: Stage, tickets: Tickets) -> None:
    counts = set()
    for first in (1, 100):
        with counted() as noted:
            async with shared.database.read() as db:
                await pages.page(db, WORKER, Wanted(first))
        counts.add(len(noted))
    assert counts == {3}


async def test_what_is_dropped_while_it_is_read_is_told_as_such(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.records(payment("P1"), payment("P2"))
    await undisturbed.sequence(stage.database)
    look = pages._upto

    async def dropped_meanwhile(*given: Any) -> Any:
        async with stage.database.write(CAUSE) as db:
            assert await positions.expire(db, timedelta(0)) == 2
        return await look(*given)

    monkeypatch.setattr(pages, "_upto", dropped_meanwhile)
    assert (await ask(stage, WORKER)).codes == ["CURSOR_EXPIRED"]
