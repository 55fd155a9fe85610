"""Every mutation × every kind of viewer: one without the scope, complaint or role changes nothing.

Roles are those of the workflow's tables. A refused call changes no row. A mutation without a line fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hub.complaints.workflow import DECISIONS, WORKFLOW, Action, Role
from hub.connectors.registry import Enabled
from hub.schema.complaints import audited
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.schema.reports import CentralReport
from hub.store.complaints.permissions import role_of
from hub.store.queries.visibility import Detail
from hub.sync.uploads import Uploads
from hub.viewer import Viewer, ViewerKind
from hub.web.error_responses import format_errors
from tests.api.bulk_harness import PushOnlyConnector
from tests.fake_connector import FakeSettings, payment, report
from tests.schema.complaint_mutations import payload_of
from tests.schema.harness import DELIVERED, DISPUTED, SHARES, Answer, Stage
from tests.schema.operations.mutations import OF_ONESELF, OPERATIONS
from tests.schema.visibility_cases import HANDLES, PARTNER, SEEN, VIEWERS

Given = dict[str, Any]
Input = Callable[[str], Given]
"""The input of a mutation on the complaint with a ticket."""


@dataclass(frozen=True)
class Line:
    """Who may call a mutation: with one of ``scopes``, in one of ``roles``, on a complaint in ``status``.

    ``hidden`` is the answer if the viewer may not act on the complaint; None if the mutation acts on no complaint.
    """

    scopes: tuple[str, ...]
    roles: frozenset[Role]
    input: Input
    hidden: str | None = "ComplaintNotFound"
    status: str = "ASSIGNED"


def _by(*actions: Action) -> frozenset[Role]:
    """Return the roles in which the workflow allows people any of ``actions``."""
    moves = {role for row in WORKFLOW if row.action in actions for role in row.roles}
    return frozenset(moves.union(*(DECISIONS.get(action, ()) for action in actions)))


def _about(**more: Any) -> Input:
    return lambda ticket: {"ticket": ticket, **more}


def _delivery(**more: Any) -> Input:
    return lambda ticket: {"key": f"{ticket}/1", **more}


def _submission(ticket: str) -> Given:
    return {
        "idempotencyKey": ticket,
        "channel": "GOJEK",
        "class": "COMPLAINT",
        "title": "Bus tidak berhenti di halte",
        "text": "Bus melewati halte tanpa berhenti.",
        "areaCode": "33.74",
        "anonymous": True,
    }


def _rows(ticket: str) -> Given:
    return {"idempotencyKey": ticket, "system": "fake", "rows": [payment(ticket)]}


def _report(ticket: str) -> str:
    """Return the report that claims a complaint."""
    return CentralReport.id_of(("fake", ticket))


LONG = "Kami periksa di lapangan."
EITHER = ("complaints:respond", "complaints:reply")
ANYBODY = frozenset(Role)

DELIVERY = "DeliveryNotFound"
OPERATE, SYNC = ("hub:operate",), ("records:sync.fake",)
VERIFY, ASSIGN, RESPOND = ("complaints:verify",), ("complaints:assign",), ("complaints:respond",)

LINES: Mapping[str, Line] = {
    "submitComplaint": Line(("complaints:submit",), ANYBODY, _submission, None),
    "verifyComplaint": Line(VERIFY, _by(Action.VERIFY), _about(verdict="VERIFIED"), status="RECEIVED"),
    "assignComplaint": Line(ASSIGN, _by(Action.ASSIGN), _about(agencyCode="DISHUB")),
    "respondToComplaint": Line(RESPOND, _by(Action.START), _about(text=LONG, final=False)),
    "closeComplaint": Line(EITHER, _by(Action.CLOSE), _about(), status="ANSWERED"),
    "replyToComplaint": Line(EITHER, _by(Action.REPLY), _about(text=LONG)),
    "reopenComplaint": Line(EITHER, _by(Action.REOPEN), _about(reason=LONG), status="ANSWERED"),
    "rateComplaint": Line(EITHER, _by(Action.RATE), _about(rating=4), status="ANSWERED"),
    "forwardComplaint": Line(ASSIGN, _by(Action.FORWARD), _about(system="fake")),
    "resolveConflict": Line(
        ASSIGN, _by(Action.KEEP_LOCAL), _about(system="fake", field="AGENCY", resolution="KEEP_LOCAL")
    ),
    "renewTrackingCode": Line(EITHER, _by(Action.RENEW_CODE), _about()),
    "resolveClaim": Line(
        VERIFY, _by(Action.LINK), lambda ticket: {"ticket": ticket, "report": _report(ticket), "decision": "CONFIRM"}
    ),
    "retryDelivery": Line(OPERATE, ANYBODY, _delivery(), DELIVERY),
    "giveUpDelivery": Line(OPERATE, ANYBODY, _delivery(), DELIVERY),
    "confirmDelivery": Line(OPERATE, ANYBODY, lambda ticket: _delivery(externalId=ticket)(ticket), DELIVERY),
    "putRecords": Line(SYNC, ANYBODY, _rows, None),
}
"""The table: a new mutation needs a line."""

OF_SEVERAL = {"resolveDisagreement"}
"""Acts on whatever of several matters the viewer sees: see tests/schema/agreement/test_resolve.py."""

WEBHOOKS = {
    *("registerWebhook", "updateWebhook", "pauseWebhook", "resumeWebhook"),
    *("rotateWebhookSecret", "replayWebhook", "deleteWebhook"),
}
"""Act on webhooks of the client that calls: see tests/schema/webhooks/test_webhooks.py."""

OPERATOR = Viewer(ViewerKind.OFFICER, "operator", frozenset({*OPERATE, *SYNC}))
EVERY: Mapping[str, Viewer] = {
    **VIEWERS,
    "operator": OPERATOR,
    "agency that operates": replace(VIEWERS["agency"], scopes=HANDLES | OPERATOR.scopes),
    "system": replace(PARTNER, name="client:system", scopes=frozenset(SYNC)),
}
"""All viewers, also those that the matrix of fields does not need."""


@pytest.fixture(scope="module")
async def filled(shared: Stage) -> Stage:
    """A hub with a system that accepts complaints and shares one of their fields, and a citizen's account."""
    await shared.run("insert into users (id, kind) values ('u_siti', 'CITIZEN')")
    await shared.run("update systems set sends = '{CREATE}' where name = 'fake'")
    await shared.run(SHARES)
    return shared


@pytest.fixture(scope="module")
def pushes(filled: Stage) -> Uploads:
    """A hub that accepts pushed rows."""
    return Uploads(filled.database, filled.cipher, [Enabled(PushOnlyConnector, FakeSettings())])


async def ask(stage: Stage, pushes: Uploads, viewer: Viewer, mutation: str, given: Given) -> Answer:
    """Return the response of the mutation to a viewer."""
    context = Context(
        stage.database, viewer, stage.cipher, stage.settings.secret, "en", "request", push_records=pushes.store_all
    )
    code = "... on NotAllowed {code}" if LINES[mutation].hidden else ""
    name = mutation[0].upper() + mutation[1:]
    query = f"mutation($i: {name}Input!) {{done: {mutation}(input: $i) {{__typename {code}}}}}"
    async with context:
        result = await schema().execute(query, variable_values={"i": given}, context_value=context)
    return Answer(result.data, list(format_errors(result.errors or (), "request")))


def expected(mutation: str, name: str, viewer: Viewer, *, secret: bool) -> Any:
    """Return what the table lists for a call: the code of an error or refusal, or the type of the response."""
    line = LINES[mutation]
    if not any(viewer.may(scope) for scope in line.scopes):
        return "FORBIDDEN"
    seen = SEEN.get(name, SEEN["agency"] if viewer.agency else {})
    whole = bool(viewer.ticket) or seen.get("secret" if secret else "public") is Detail.FULL
    operates = line.scopes is OPERATE and viewer.may(*OPERATE) and not secret
    if line.hidden and not (whole or operates):
        return line.hidden
    return payload_of(mutation) if role_of(viewer) in line.roles else "WRONG_ROLE"


def outcome(answer: Answer) -> Any:
    """Return the same of a response."""
    done = answer.data["done"]
    return done.get("code") or done["__typename"] if done else answer.codes[0]


async def written(stage: Stage) -> Any:
    """Return the number of rows that any act adds to."""
    tables = ("changes", "complaint_steps", "deliveries", "delivery_attempts", "counterparts")
    return await stage.rows("select " + ", ".join(f"(select count(*) from {table})" for table in tables))


async def prepared(stage: Stage, line: Line, *, secret: bool) -> Mapping[str, str]:
    """Return for each viewer the ticket of a new complaint on which the mutation can be called."""
    values = {"agency_code": "DISHUB", "secret": secret}
    tickets = await stage.complaints(line.status, [values] * len(EVERY), by=PARTNER)
    new = {"t": tickets}
    await stage.run("update complaints set citizen_id = 'u_siti' where ticket = any(:t)", **new)
    await stage.run(f"{DISPUTED} where ticket = any(:t)", **new)
    if line.scopes is OPERATE:
        await stage.run(f"{DELIVERED} where ticket = any(:t)", **new)
    await stage.records(*(report(ticket) for ticket in tickets))
    await stage.run(
        "insert into claims select 'fake', ticket, id, 'TAG', now() from complaints where ticket = any(:t)", **new
    )
    return dict(zip(EVERY, tickets, strict=True))


def test_every_mutation_has_its_line() -> None:
    mutations = schema()._schema.mutation_type
    assert mutations is not None
    assert sorted(LINES) == sorted(mutations.fields.keys() - OF_SEVERAL - WEBHOOKS - OPERATIONS.keys() - OF_ONESELF)


def test_every_act_of_the_timeline_is_in_a_table_of_roles() -> None:
    assert set(Action) - {row.action for row in WORKFLOW} - DECISIONS.keys() == {Action.SUBMIT}


RECORDED_BY_THE_STORE = {"renewTrackingCode", "retryDelivery", "giveUpDelivery", "confirmDelivery"}
NO_DECISION = {"submitComplaint", "putRecords"}


def test_every_deciding_mutation_writes_an_audit_row() -> None:
    assert LINES.keys() == audited.ACTIONS.keys() | RECORDED_BY_THE_STORE | NO_DECISION


async def trail(stage: Stage, subject: str) -> list[Any]:
    """Return actor and refusal of each audit row of a complaint or delivery, without reads of text."""
    statement = "select actor, refused from audit_events where subject = :subject and action <> 'secret:read'"
    return await stage.rows(statement, subject=subject)


def recorded(mutation: str, result: str, viewer: Viewer) -> list[Any]:
    """Return the audit rows that a call creates."""
    done = result == payload_of(mutation) and (
        mutation in RECORDED_BY_THE_STORE or (mutation in audited.ACTIONS and viewer.kind is ViewerKind.OFFICER)
    )
    refused = result == "WRONG_ROLE" and mutation in audited.ACTIONS
    return [(viewer.name, refused)] if done or refused else []


@pytest.mark.whole
@pytest.mark.parametrize("secret", [False, True], ids=["public", "secret"])
@pytest.mark.parametrize("mutation", LINES)
async def test_a_mutation_is_allowed_for_its_listed_viewers_only(
    filled: Stage, pushes: Uploads, mutation: str, secret: bool
) -> None:
    line = LINES[mutation]
    for name, ticket in (await prepared(filled, line, secret=secret)).items():
        who = EVERY[name]
        viewer = replace(who, ticket=ticket) if who.kind is ViewerKind.HOLDER else who
        before = await written(filled)
        answer = await ask(filled, pushes, viewer, mutation, line.input(ticket))
        listed = expected(mutation, name, viewer, secret=secret)
        assert (name, outcome(answer)) == (name, listed)
        assert (await written(filled) == before) is (listed != payload_of(mutation)), name
        subject = f"delivery:{ticket}/1" if line.scopes is OPERATE else f"complaint:{ticket}"
        assert await trail(filled, subject) == recorded(mutation, listed, viewer), name
