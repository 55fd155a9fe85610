"""A hub on a fresh database: filled through its real ways in, and asked as any viewer."""

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
from hub.auth.scopes import DESK
from hub.complaints.codes import Channel, ComplaintClass
from hub.complaints.reporter import Reporter
from hub.complaints.submission import Submission, normalise
from hub.complaints.workflow import Action
from hub.connectors.base import Raw
from hub.connectors.http import Http
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.settings import Settings
from hub.store import migrate
from hub.store.complaints import handling
from hub.store.complaints.handling import Act
from hub.store.complaints.submission import submit
from hub.store.database import Cause, Database
from hub.store.promises import Done
from hub.store.sealing import Seal
from hub.sync.ingest import Ingest
from hub.sync.pull import Pull
from hub.viewer import ANONYMOUS, WORKER, Viewer, ViewerKind
from hub.web.faults import told
from tests.fake import Fake, FakeSettings, World

TOKEN = "the-demo-officers-token-of-these-tests"
OFFICER = Viewer(ViewerKind.OFFICER, "demo-officer", DESK)
CLERK = Viewer(ViewerKind.OFFICER, "clerk", DESK - {"complaints:pii"})
"""An officer who may read everything but personal data, and so no secret complaint."""

VIEWERS = {"anonymous": ANONYMOUS, "clerk": CLERK, "officer": OFFICER, "worker": WORKER}
CAUSE = Cause("test", "test-officer", "run-1")

DELIVERED = """
insert into deliveries (system, complaint_id, ticket, sequence, action, key, state, actor, correlation)
select 'fake', id, ticket, 1, 'CREATE', ticket || '/1', 'HELD', 'test-officer', 'run-1' from complaints
"""
"""A delivery of each complaint there is."""

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
"""What has to be done to a new complaint until it has a status."""

SHARES = """update systems set shared = '[{"field": "agency", "authority": "BOTH", "why_id": "Alasan.",
    "why_en": "A reason.", "leaves": {}}]' where name = 'fake'"""
"""Lets the fake system have a say in who answers."""

DISPUTED = """insert into shared_fields
    (system, complaint_id, field, ours, ours_at, theirs, theirs_at, conflict_since)
    select 'fake', id, 'agency', agency_code, received_at, 'DINKES', now(), now() from complaints"""
"""Lets it say otherwise of every complaint."""

REPORTER = Reporter(name="Uji Coba", phone="+6281100000001", email="uji@warga.example", nik="3399014107900001")


class Answer(NamedTuple):
    """What a GraphQL response holds."""

    data: Any
    errors: list[Any]

    @property
    def codes(self) -> list[str]:
        """The code of each error."""
        return [error["extensions"]["code"] for error in self.errors]


@dataclass
class Stage:
    """One hub. ``ask`` goes through the app where a token can say who asks, and to the schema where none can yet."""

    database: Database
    settings: Settings
    seal: Seal
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
        """The answer of the merged graph, or of one ``part``."""
        if viewer in (ANONYMOUS, OFFICER):
            headers = {"accept-language": language, **({"hub-purpose": purpose.word} if purpose else {})}
            return await self._by_http(viewer, query, variables, part, headers)
        context = Context(
            self.database,
            viewer,
            self.seal,
            self.settings.secret,
            language=language,
            request_id="request",
            purpose=purpose,
        )
        result = await schema(part).execute(query, variable_values=variables, context_value=context)
        return Answer(result.data, list(told(result.errors or (), "request")))

    async def got(self, viewer: Viewer, query: str, *, part: str | None = None, **variables: Any) -> Any:
        """The data of an answer that must hold no error."""
        answer = await self.ask(viewer, query, part=part, **variables)
        assert answer.errors == []
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

    async def _client(self, part: str | None) -> httpx.AsyncClient:
        if part not in self.apps:
            # The word is an officer's of the desk here; what the demo officer may beside that others try.
            with patch("hub.auth.scopes.DEMO", DESK):
                app = build(self.settings, part)
            await self.stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx.ASGITransport(app)
            client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
            self.apps[part] = await self.stack.enter_async_context(client)
        return self.apps[part]

    async def complaint(
        self, status: str = "RECEIVED", *, agency: str = "DISHUB", by: Viewer = WORKER, **over: Any
    ) -> str:
        """The ticket of a new complaint that was brought to ``status``."""
        return (await self.complaints(status, [over], agency=agency, by=by))[0]

    async def complaints(
        self, status: str, each: Iterable[Mapping[str, Any]], *, agency: str = "DISHUB", by: Viewer = WORKER
    ) -> list[str]:
        """The tickets of new complaints ``by`` somebody, one for each variation, all made in one transaction."""
        tickets = []
        cause = CAUSE if by is WORKER else replace(CAUSE, actor=by.name)
        account = by.name if by.kind is ViewerKind.CITIZEN else None
        async with self.database.write(cause) as db:
            for over in each:
                done = await submit(db, cause, self.seal, normalise(submission(**over)), account)
                for action in ON_THE_WAY[status]:
                    await self._act(db, done.ticket, action, agency)
                tickets.append(done.ticket)
        return tickets

    async def act(self, ticket: str, *actions: Action, agency: str = "DISHUB") -> None:
        """Move a complaint on."""
        async with self.database.write(CAUSE) as db:
            for action in actions:
                await self._act(db, ticket, action, agency)

    async def _act(self, db: Any, ticket: str, action: Action, agency: str) -> None:
        changes = {"agency_code": agency} if action is Action.ASSIGN else None
        note = f"Catatan rahasia pelapor ({action})"
        done = await handling.act(db, CAUSE, WORKER, Act(ticket, action, note, changes))
        assert isinstance(done, Done)

    async def records(self, *items: Raw) -> None:
        """Take items in as a pull does."""
        async with Http("http://127.0.0.1:9") as http:
            connector = Fake(FakeSettings(), http, World())
            async with self.database.write(Cause("pull:fake", "worker", "run-1")) as db:
                await Ingest(connector, self.seal).batch(db, items, datetime.now(UTC))

    async def pull(self, *items: Raw) -> None:
        """A whole pull, after which the system is up and has an age."""
        async with Http("http://127.0.0.1:9") as http:
            connector = Fake(FakeSettings(), http, World([list(items)]))
            assert (await Pull(self.database, connector, self.seal).run(full=True)).outcome == "DONE"

    async def run(self, statement: str, **values: Any) -> None:
        """A statement of the test's own, such as to set a time back."""
        async with self.database.write(CAUSE) as db:
            await db.execute(text(statement), values)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the database holds."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]


def submission(**over: Any) -> Submission:
    """A submission nothing is wrong with."""
    given: dict[str, Any] = {
        "idempotency_key": "unused-by-the-store",
        "channel": Channel.WHATSAPP,
        "klass": ComplaintClass.COMPLAINT,
        "title": "Bus tidak berhenti di halte",
        "text": "Bus melewati halte tanpa berhenti.",
        "area_code": "33.74",
        "reporter": REPORTER,
    }
    return Submission(**(given | over))


@asynccontextmanager
async def staged(database_url: str) -> AsyncIterator[Stage]:
    """A hub on the migrated database, with the fake system registered and nothing in it."""
    await migrate.migrate(database_url, [(Fake, FakeSettings())])
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
        yield Stage(database, settings, Seal(settings.sealing_keys, settings.secret), stack)
