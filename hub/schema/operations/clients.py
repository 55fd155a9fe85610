"""Clients and officers, for operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date as datetime_date
from datetime import datetime
from typing import Annotated, Self

import strawberry
from graphql import OperationDefinitionNode, parse
from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.federation.schema_directives import ListSize

from hub.schema.arguments import BadArgument
from hub.schema.authorization import requirement, requires
from hub.schema.context import Context, Info
from hub.schema.cost import SHORT_LIST_SIZE
from hub.schema.operations import OPERATE
from hub.schema.own_client import ClientBudget
from hub.schema.webhooks.webhooks import Webhook
from hub.store.oauth import clients, persisted_operations, users
from hub.store.oauth.clients import Client
from hub.store.oauth.users import User
from hub.store.operations import event_counts, partners
from hub.store.operations.event_counts import DayUse
from hub.store.operations.partners import USED_HOURS, ClientFigures, UserFigures
from hub.store.webhooks import endpoints
from hub.viewer import Viewer

MAX_DOCUMENTS = 100
MAX_DAYS = event_counts.DAYS_KEPT.days
DOCUMENTS_SIZE = ListSize(assumed_size=MAX_DOCUMENTS, require_one_slicing_argument=False)  # type: ignore[call-arg]
DAYS_SIZE = ListSize(assumed_size=MAX_DAYS, require_one_slicing_argument=False)  # type: ignore[call-arg]


@strawberry.type(description="What a client used on one day.")
class ClientDay:
    """Requests and cost of a day in Jakarta."""

    date: datetime_date = strawberry.field(description="The day in Jakarta.")
    requests: int = strawberry.field(description="Requests.")
    cost: int = strawberry.field(description="Their charged cost.")


@strawberry.type(description="A document that is registered for a client.")
class RegisteredDocument:
    """A persisted operation."""

    id: strawberry.ID = strawberry.field(description="Its id, `sha256:…`.")
    text: str = strawberry.field(description="Its text.")

    @strawberry.field(description="The names of its operations; empty for one without a name.")
    def operations(self) -> list[str]:
        """Read them from the text, which was valid when it was registered."""
        definitions = parse(self.text, no_location=True).definitions
        return [
            each.name.value
            for each in definitions
            if isinstance(each, OperationDefinitionNode) and each.name is not None
        ]


@strawberry.type(description="A registered OAuth client, without its credentials.")
class RegisteredClient:
    """A client with its figures."""

    id: strawberry.ID = strawberry.field(description="The client's id.")
    name: str = strawberry.field(description="The client's display name.")
    organisation: str = strawberry.field(description="The organisation that runs the client.")
    auth_method: str = strawberry.field(description="How it authenticates, such as `private_key_jwt` (RFC 8414).")
    grants: list[str] = strawberry.field(description="The grants that it may use, such as `client_credentials`.")
    scopes: list[str] = strawberry.field(description="The OAuth scopes that it may request; docs/access.md lists all.")
    channels: list[str] = strawberry.field(description="The channels of complaints that it may submit; empty for any.")
    merchants: list[str] = strawberry.field(description="The merchants whose payments it may read.")
    documents_only: bool = strawberry.field(description="Whether it may send registered documents only.")
    document_count: int = strawberry.field(description="How many documents are registered for it.")
    budgets: ClientBudget = strawberry.field(description="What it may spend in a minute.")
    used: ClientBudget = strawberry.field(description=f"What it spent in the last {USED_HOURS} hours.")
    created_at: datetime = strawberry.field(description="When it was registered.")
    suspended_at: datetime | None = strawberry.field(description="When it was suspended; null if it is not.")
    last_token_at: datetime | None = strawberry.field(
        description="When it last got a token, to the minute; null if not since this is recorded."
    )

    @classmethod
    def from_stored(cls, client: Client, figures: ClientFigures) -> Self:
        """Return the client of a registration."""
        same = ("name", "organisation", "auth_method", "documents_only", "created_at", "suspended_at")
        return cls(
            **{name: getattr(client, name) for name in same},
            grants=list(client.grants),
            scopes=list(client.scopes),
            channels=list(client.channels),
            merchants=list(client.merchants),
            id=strawberry.ID(client.id),
            document_count=figures.documents,
            budgets=ClientBudget(requests=client.requests_per_minute, cost=client.cost_per_minute),
            used=ClientBudget(requests=figures.requests, cost=figures.cost),
            last_token_at=figures.last_token_at,
        )

    @strawberry.field(description="Its webhooks, the oldest first.", directives=[SHORT_LIST_SIZE])
    async def webhooks(self, info: Info) -> list[Webhook]:
        """Load those of all clients with one SQL statement."""
        context = info.context

        async def load() -> list[endpoints.Webhook]:
            async with context.read() as db:
                return await endpoints.find(db, context.viewer)

        found = await context.memoize("all webhooks", load)
        return [Webhook.from_stored(each) for each in found if each.client == self.id]

    @strawberry.field(
        description="The ids (`sha256:…`) of the documents that are registered for it, in order.",
        directives=[SHORT_LIST_SIZE],
    )
    async def documents(self, info: Info) -> list[str]:
        """Load those of all clients of the level with one SQL statement."""

        async def load(db: AsyncConnection, _: Viewer, ids: list[str]) -> Mapping[str, list[str]]:
            return await persisted_operations.list_ids(db, ids)

        return await info.context.load("client documents", load, str(self.id)) or []

    @strawberry.field(
        description=f"The first {MAX_DOCUMENTS} documents that are registered for it, in the order of their ids.",
        directives=[DOCUMENTS_SIZE],
    )
    async def registered_documents(self, info: Info) -> list[RegisteredDocument]:
        """Load those of all clients of the level with one SQL statement."""

        async def load(db: AsyncConnection, _: Viewer, ids: list[str]) -> Mapping[str, list[tuple[str, str]]]:
            return await persisted_operations.list_texts(db, ids, MAX_DOCUMENTS)

        found = await info.context.load("client document texts", load, str(self.id)) or []
        return [RegisteredDocument(id=strawberry.ID(id_), text=text) for id_, text in found]

    @strawberry.field(
        description="What it used by day, the earliest first; a day without use is left out.",
        directives=[DAYS_SIZE],
    )
    async def use_by_day(
        self,
        info: Info,
        days: Annotated[int, strawberry.argument(description=f"The number of days up to today, 1 to {MAX_DAYS}.")] = 30,
    ) -> list[ClientDay]:
        """Load that of all clients of the level with one SQL statement."""
        if not 1 <= days <= MAX_DAYS:
            raise BadArgument(f"`days` must be between 1 and {MAX_DAYS}.", f"`days` harus antara 1 dan {MAX_DAYS}.")

        async def load(db: AsyncConnection, _: Viewer, ids: list[str]) -> Mapping[str, list[DayUse]]:
            return await event_counts.use_by_day(db, ids, days)

        found = await info.context.load(f"client use in {days} days", load, str(self.id)) or []
        return [ClientDay(date=each.day, requests=each.requests, cost=each.cost) for each in found]


@strawberry.type(description="An officer who signs in with a password or through a provider.")
class Officer:
    """An officer with figures."""

    id: strawberry.ID = strawberry.field(description="The officer's id.")
    username: str | None = strawberry.field(description="The name for signing in; null if only through a provider.")
    agency_code: str | None = strawberry.field(description="The code of the agency; null for the complaint desk.")
    scopes: list[str] = strawberry.field(description="The OAuth scopes that the officer may use.")
    second_factor: bool = strawberry.field(description="Whether the officer has a second factor.")
    created_at: datetime = strawberry.field(description="When the officer was registered.")
    suspended_at: datetime | None = strawberry.field(description="When the officer was suspended; null if not.")
    last_sign_in_at: datetime | None = strawberry.field(description="The last sign-in; null without one.")
    session_count: int = strawberry.field(description="How many sessions are open.")
    grant_count: int = strawberry.field(description="How many applications hold access for the officer.")

    @classmethod
    def from_stored(cls, user: User, figures: UserFigures) -> Self:
        """Return the officer of a row."""
        same = ("username", "agency_code", "second_factor", "created_at", "suspended_at")
        return cls(
            **{name: getattr(user, name) for name in same},
            id=strawberry.ID(user.id),
            scopes=list(user.scopes),
            last_sign_in_at=figures.last_sign_in_at,
            session_count=figures.sessions,
            grant_count=figures.grants,
        )


OnlyId = Annotated[strawberry.ID | None, strawberry.argument(description="Return only the one with this id.")]


async def load_clients(context: Context, client_id: str | None = None) -> list[RegisteredClient]:
    """Return all clients, or one, with two SQL statements."""
    async with context.read() as db:
        found: Sequence[Client | None] = (
            await clients.list_all(db) if client_id is None else [await clients.get(db, client_id)]
        )
        known = [each for each in found if each is not None]
        figures = await partners.of_clients(db, [each.id for each in known])
    return [RegisteredClient.from_stored(each, figures[each.id]) for each in known]


async def load_officers(context: Context, user_id: str | None = None) -> list[Officer]:
    """Return all officers, or one, with two SQL statements."""
    async with context.read() as db:
        found: Sequence[User | None] = (
            await users.list_officers(db) if user_id is None else [await users.get(db, user_id)]
        )
        known = [each for each in found if each is not None and each.kind == "OFFICER"]
        figures = await partners.of_users(db, [each.id for each in known])
    return [Officer.from_stored(each, figures[each.id]) for each in known]


class Query:
    """The queries of clients and officers."""

    @strawberry.field(
        description=f"The registered clients, the oldest first. {requirement(OPERATE)}",
        directives=[SHORT_LIST_SIZE],
        extensions=requires(OPERATE),
    )
    async def clients(self, info: Info, id: OnlyId = None) -> list[RegisteredClient] | None:
        """Load them."""
        return await load_clients(info.context, id)

    @strawberry.field(
        description=f"The officers, the oldest first. {requirement(OPERATE)}",
        directives=[SHORT_LIST_SIZE],
        extensions=requires(OPERATE),
    )
    async def officers(self, info: Info, id: OnlyId = None) -> list[Officer] | None:
        """Load them."""
        return await load_officers(info.context, id)
