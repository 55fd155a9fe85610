"""A hub on a fresh database, filled through its real entry points and queried as any viewer."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx
from sqlalchemy import text

from hub.app import build
from hub.auth.purposes import Purpose
from hub.auth.scopes import DESK_SCOPES
from hub.complaints.enums import Channel, ComplaintClass
from hub.complaints.reporter import Reporter
from hub.complaints.submission import Submission, normalise
from hub.complaints.workflow import Action
from hub.contract import Raw
from hub.http_client import Http
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.settings import Settings
from hub.store import migrate
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.idempotency import Completed
from hub.store.use_cases import transitions
from hub.store.use_cases.submission import submit
from hub.store.use_cases.transitions import Transition
from hub.sync.ingest import Ingest
from hub.sync.pull import Pull
from hub.viewer import ANONYMOUS as ANONYMOUS
from hub.viewer import WORKER as WORKER
from hub.viewer import Viewer, ViewerKind
from hub.web.error_responses import format_errors
from tests.fake_connector import Fake, FakeSettings, World
from tests.schema.executing import execute_by

TOKEN = "the-demo-officers-token-of-these-tests"
OFFICER = Viewer(ViewerKind.OFFICER, "demo-officer", DESK_SCOPES)
CLERK = Viewer(ViewerKind.OFFICER, "clerk", DESK_SCOPES - {"complaints:pii"})
"""An officer who may read everything but personal data, and so no secret complaint."""

VIEWERS = {"anonymous": ANONYMOUS, "clerk": CLERK, "officer": OFFICER, "worker": WORKER}
CAUSE = Cause("test", "test-officer", "run-1")

DELIVERED = """
insert into deliveries (system, complaint_id, ticket, sequence, action, key, state, actor, correlation)
select 'fake', id, ticket, 1, 'CREATE', ticket || '/1', 'BLOCKED', 'test-officer', 'run-1' from complaints
"""
"""Inserts a delivery of each complaint."""

CONFIRMED = """
insert into counterparts (system, external_id, complaint_id, origin)
select 'fake', value, complaint_id, 'CONFIRMED' from complaint_keys where name = 'report' on conflict do nothing
"""
"""Confirms the number that each complaint was submitted with."""

MATTERS = """
with made as (
    insert into matters (pair, left_system, right_system, key, left_id, right_id, state, cause, decider,
        next_step, since, declaration)
    select 'permit', 'fake', 'other', external_id, external_id, 'R-' || external_id, 'DIFFERS', 'NOT_TAKEN',
        'LEFT', 'PERSON', '2026-01-03'::timestamptz, 'test' from records where kind = 'permit'
    returning id),
opened as (insert into systems (name, title, owner, coverage, tells_changes, every, visible_to)
    values ('other', 'Other', 'Tests', 'FULL', true, 60, 'public') on conflict do nothing),
told as (insert into agreement_events (matter_id, state, cause, fields, actor, note)
    select id, 'DIFFERS', 'CONFLICT', '{status}', 'test-officer', 'TELL_AGAIN' from made)
insert into differences (matter_id, field, left_value, right_value, left_at, right_at, decider, cause, next_step)
select id, 'status', 'ISSUED', 'VERIFICATION', '2026-01-03', '2026-01-02', 'LEFT', 'NOT_TAKEN', 'PERSON' from made
"""
"""A disagreement of each permit there is."""

ON_THE_WAY: Mapping[str, tuple[Action, ...]] = {
    "RECEIVED": (),
    "RETURNED": (Action.RETURN,),
    "REJECTED": (Action.REJECT,),
    "VERIFIED": (Action.VERIFY,),
    "ASSIGNED": (Action.VERIFY, Action.ASSIGN),
    "IN_PROGRESS": (Action.VERIFY, Action.ASSIGN, Action.START),
    "ANSWERED": (Action.VERIFY, Action.ASSIGN, Action.START, Action.ANSWER),
    "CLOSED": (Action.VERIFY, Action.ASSIGN, Action.START, Action.ANSWER, Action.CLOSE),
}
"""The actions that bring a new complaint to each status."""

SHARES = """update systems set shared = '[{"field": "agency", "authority": "MANUAL", "why_id": "Alasan.",
    "why_en": "A reason.", "leaves": {}}]' where name = 'fake'"""
"""Lets the fake system share the agency of complaints."""

DISPUTED = """insert into shared_fields
    (system, complaint_id, field, ours, ours_at, theirs, theirs_at, conflict_since)
    select 'fake', id, 'agency', agency_code, received_at, 'DINKES', now(), now() from complaints"""
"""Lets its value differ for every complaint."""

REPORTER = Reporter(name="Uji Coba", phone="+6281100000001", email="uji@warga.example", nik="3399014107900001")


class Answer(NamedTuple):
    """A GraphQL response."""

    data: Any
    errors: list[Any]

    @property
    def codes(self) -> list[str]:
        """The code of each error."""
        return [error["extensions"]["code"] for error in self.errors]


@dataclass
class Stage:
    """One hub. ``ask`` uses the app if a token can represent the viewer, and the schema directly otherwise."""

    database: Database
    settings: Settings
    cipher: FieldCipher
    stack: AsyncExitStack
    apps: dict[str | None, httpx.AsyncClient] = field(default_factory=dict)

    async def ask(
        self,
        viewer: Viewer,
        query: str,
        *,
        part: str | None = None,
        language: str = "id",
        purpose: Purpose | None = Purpose.HANDLING,
        **variables: Any,
    ) -> Answer:
        """Return the response of the merged graph, or of one ``part``."""
        if viewer in (ANONYMOUS, OFFICER):
            headers = {"accept-language": language, **({"hub-purpose": purpose.header_value} if purpose else {})}
            return await self._by_http(viewer, query, variables, part, headers)
        context = Context(
            self.database,
            viewer,
            self.cipher,
            self.settings.secret,
            language=language,
            request_id="request",
            purpose=purpose,
        )
        async with context:
            result = await execute_by(self.settings.executor, schema(part), query, variables, context)
        return Answer(result.data, list(format_errors(result.errors or (), "request")))

    async def got(self, viewer: Viewer, query: str, *, part: str | None = None, **variables: Any) -> Any:
        """Return the data of a response, which must have no error."""
        answer = await self.ask(viewer, query, part=part, **variables)
        assert answer.errors == [], answer.errors
        return answer.data

    async def _by_http(
        self, viewer: Viewer, query: str, variables: dict[str, Any], part: str | None, headers: dict[str, str]
    ) -> Answer:
        if viewer is OFFICER:
            headers["authorization"] = f"Bearer {TOKEN}"
        client = await self._client(part)
        response = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        body = response.json()
        return Answer(body.get("data"), body.get("errors", []))

    async def client(self) -> httpx.AsyncClient:
        """Return a client of the hub without credentials."""
        return await self._client(None)

    async def _client(self, part: str | None) -> httpx.AsyncClient:
        if part not in self.apps:
            # The word is an officer's of the desk here; what the demo officer may beside that others try.
            with patch("hub.auth.scopes.DEMO_SCOPES", DESK_SCOPES):
                app = build(self.settings, part)
            await self.stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx.ASGITransport(app)
            client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
            self.apps[part] = await self.stack.enter_async_context(client)
        return self.apps[part]

    async def complaint(
        self, status: str = "RECEIVED", *, agency: str = "DISHUB", by: Viewer = WORKER, **over: Any
    ) -> str:
        """Return the ticket of a new complaint in ``status``."""
        return (await self.complaints(status, [over], agency=agency, by=by))[0]

    async def complaints(
        self, status: str, each: Iterable[Mapping[str, Any]], *, agency: str = "DISHUB", by: Viewer = WORKER
    ) -> list[str]:
        """Return the tickets of new complaints ``by`` a viewer, one for each variation, made in one transaction."""
        tickets = []
        cause = CAUSE if by is WORKER else replace(CAUSE, actor=by.name)
        account = by.name if by.kind is ViewerKind.CITIZEN else None
        async with self.database.write(cause) as db:
            for over in each:
                done = await submit(db, cause, self.cipher, normalise(submission(**over)), account)
                for action in ON_THE_WAY[status]:
                    await self._act(db, done.ticket, action, agency)
                tickets.append(done.ticket)
        return tickets

    async def act(self, ticket: str, *actions: Action, agency: str = "DISHUB") -> None:
        """Apply actions to a complaint."""
        async with self.database.write(CAUSE) as db:
            for action in actions:
                await self._act(db, ticket, action, agency)

    async def _act(self, db: Any, ticket: str, action: Action, agency: str) -> None:
        changes = {"agency_code": agency} if action is Action.ASSIGN else None
        note = f"Catatan rahasia pelapor ({action})"
        done = await transitions.transition(db, CAUSE, WORKER, Transition(ticket, action, note, changes))
        assert isinstance(done, Completed)

    async def records(self, *items: Raw) -> None:
        """Store items as a pull does."""
        async with Http("http://127.0.0.1:9") as http:
            connector = Fake(FakeSettings(), http, World())
            async with self.database.write(Cause("pull:fake", "worker", "run-1")) as db:
                await Ingest(connector, self.cipher).store(db, items, datetime.now(UTC))

    async def pull(self, *items: Raw) -> None:
        """Pull once; afterwards the system is up and its copy has a time."""
        async with Http("http://127.0.0.1:9") as http:
            connector = Fake(FakeSettings(), http, World([list(items)]))
            assert (await Pull(self.database, connector, self.cipher).run(full=True)).outcome == "DONE"

    async def run(self, statement: str, **values: Any) -> None:
        """Execute a statement, for example to move a time."""
        async with self.database.write(CAUSE) as db:
            await db.execute(text(statement), values)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """Return the rows of a query."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]


def submission(**over: Any) -> Submission:
    """Return a valid submission."""
    values: dict[str, Any] = {
        "idempotency_key": "unused-by-the-store",
        "channel": Channel.WHATSAPP,
        "klass": ComplaintClass.COMPLAINT,
        "title": "Bus tidak berhenti di halte",
        "text": "Bus melewati halte tanpa berhenti.",
        "area_code": "33.74",
        "reporter": REPORTER,
    }
    return Submission(**(values | over))


@asynccontextmanager
async def staged(database_url: str) -> AsyncIterator[Stage]:
    """A hub on a migrated database, with the fake system registered and without records."""
    await migrate.migrate(database_url, [Fake.declaration(FakeSettings())])
    async with opened(database_url) as stage:
        yield stage


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Stage]:
    """The same for a database in which the fake system is registered."""
    settings = Settings(
        database_url=database_url,
        connectors=(),
        demo_officer_token=TOKEN,
        pii_keys=(base64.b64encode(b"k" * 32).decode(),),
        secret_key="s" * 40,
    )
    database = Database(database_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        yield Stage(database, settings, FieldCipher(settings.sealing_keys, settings.secret), stack)
