"""``me``: what a client that asks in its own name may do, has used, and has registered."""

from __future__ import annotations

import strawberry

from hub.schema.account import Account, load_account
from hub.schema.authorization import requirement, requires
from hub.schema.context import Info
from hub.schema.cost import SHORT_LIST_SIZE
from hub.schema.webhooks.webhooks import Webhook
from hub.store.oauth import clients
from hub.store.webhooks import endpoints
from hub.store.webhooks.endpoints import MANAGE
from hub.viewer import ViewerKind


@strawberry.type(description="What a client may spend in a minute, or has spent in the last one.")
class ClientBudget:
    """Requests and cost of a minute."""

    requests: int = strawberry.field(description="Requests.")
    cost: int = strawberry.field(description="Estimated cost of operations.")


@strawberry.type(description="The OAuth client that asks, in its own name.")
class OwnClient:
    """A registered client, without its credentials."""

    id: strawberry.ID = strawberry.field(description="The client's id.")
    name: str = strawberry.field(description="The client's display name.")
    organisation: str = strawberry.field(description="The organisation that runs the client.")
    scopes: list[str] = strawberry.field(
        description="The OAuth scopes that the client may request, in alphabetical order; docs/access.md lists all."
    )
    budgets: ClientBudget = strawberry.field(description="What it may spend in a minute.")

    @strawberry.field(description="What it has spent in the last minute, this request included; null if not counted.")
    async def used(self, info: Info) -> ClientBudget | None:
        """Read the counters of the rate limits."""
        read = info.context.client_usage
        if read is None:
            return None
        requests, cost = await read(self.budgets.requests, self.budgets.cost)
        return ClientBudget(requests=requests, cost=cost)

    @strawberry.field(
        description=f"The client's webhooks, the oldest first. {requirement(MANAGE)}",
        directives=[SHORT_LIST_SIZE],
        extensions=requires(MANAGE),
    )
    async def webhooks(self, info: Info) -> list[Webhook] | None:
        """Load them with one SQL statement."""
        async with info.context.read() as db:
            found = await endpoints.find(db, info.context.viewer, client=str(self.id))
        return [Webhook.from_stored(each) for each in found]


@strawberry.type(description="Who asks.")
class Me:
    """The request's own client, or the person's account."""

    @strawberry.field(
        description="The account of the person who asks in its own session; null for applications, which do not see it."
    )
    async def account(self, info: Info) -> Account | None:
        """Load it with one SQL statement."""
        return await load_account(info.context)

    @strawberry.field(
        description="The client that asks in its own name; null for people, for the public, and for a client of another"
        " issuer."
    )
    async def client(self, info: Info) -> OwnClient | None:
        """Load it with one SQL statement."""
        viewer = info.context.viewer
        if viewer.kind is not ViewerKind.PARTNER or viewer.client is None:
            return None
        async with info.context.read() as db:
            found = await clients.get(db, viewer.client)
        if found is None:
            return None
        return OwnClient(
            id=strawberry.ID(found.id),
            name=found.name,
            organisation=found.organisation,
            scopes=sorted(found.scopes),
            budgets=ClientBudget(requests=found.requests_per_minute, cost=found.cost_per_minute),
        )


class Query:
    """The query of the client that asks."""

    @strawberry.field(description="Who asks, and what it has registered and used.")
    def me(self) -> Me:
        """Return it, without an SQL statement."""
        return Me()
