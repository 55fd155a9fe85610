"""A person's own account: the applications that hold access to it, and its browser sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from hub.auth import account_acts
from hub.schema.complaints.mutations import INPUT, IdempotentInput, result
from hub.schema.context import Context, Info
from hub.schema.cost import SHORT_LIST_SIZE
from hub.schema.run_once import Rejection, run_once
from hub.store.oauth import accounts, users


@strawberry.type(description="An application that holds access to the account of the person who asks.")
class AccountApplication:
    """A client with the person's consent."""

    client: strawberry.ID = strawberry.field(description="The id of the OAuth client.")
    name: str = strawberry.field(description="The application's name.")
    organisation: str = strawberry.field(description="The organisation that runs it.")
    scopes: list[str] = strawberry.field(description="The scopes that it was granted; docs/access.md lists all.")
    granted_at: datetime = strawberry.field(description="When access was granted last.")
    last_used_at: datetime | None = strawberry.field(
        description="When it last got a token for the person; null if it holds none."
    )


@strawberry.type(description="A browser session in which the person who asks is signed in.")
class AccountSession:
    """A session."""

    id: strawberry.ID = strawberry.field(description="Identifies the session; no secret.")
    started_at: datetime = strawberry.field(description="When the person signed in.")
    expires_at: datetime = strawberry.field(description="When it ends by itself.")


@strawberry.type(description="The account of the person who asks.")
class Account:
    """An account, shown to the person alone and to no application."""

    id: strawberry.ID = strawberry.field(description="The id of the account.")
    username: str | None = strawberry.field(description="The name for signing in; null without one.")
    scopes: list[str] = strawberry.field(description="The OAuth scopes that the person may use now.")

    @strawberry.field(
        description="The applications that hold access to the account, by name.", directives=[SHORT_LIST_SIZE]
    )
    async def applications(self, info: Info) -> list[AccountApplication]:
        """Load them with one SQL statement."""
        async with info.context.read() as db:
            found = await accounts.applications(db, self.id)
        return [
            AccountApplication(
                client=strawberry.ID(each.client_id),
                name=each.name,
                organisation=each.organisation,
                scopes=list(each.scopes),
                granted_at=each.granted_at,
                last_used_at=each.last_used_at,
            )
            for each in found
        ]

    @strawberry.field(description="The open browser sessions, the latest first.", directives=[SHORT_LIST_SIZE])
    async def sessions(self, info: Info) -> list[AccountSession]:
        """Load them with one SQL statement."""
        async with info.context.read() as db:
            found = await accounts.open_sessions(db, self.id)
        return [
            AccountSession(id=strawberry.ID(each.id), started_at=each.started_at, expires_at=each.expires_at)
            for each in found
        ]


async def load_account(context: Context) -> Account | None:
    """Return the account of the viewer; None unless a person asks in its own session."""
    viewer = context.viewer
    if not account_acts.in_person(viewer):
        return None
    async with context.read() as db:
        user = await users.get(db, viewer.name)
    if user is None:
        return None
    return Account(id=strawberry.ID(user.id), username=user.username, scopes=sorted(viewer.scopes))


@strawberry.input(description="Input of `endAccess`.")
class EndAccessInput(IdempotentInput):
    """Input of ``endAccess``."""

    client: strawberry.ID = strawberry.field(description="The id of the client whose access ends.")


@strawberry.input(description="Input of `endSession`.")
class EndSessionInput(IdempotentInput):
    """Input of ``endSession``."""

    session: strawberry.ID = strawberry.field(description="The id of the session.")


@strawberry.interface(description="The result of a mutation of the account of the person who asks.")
class AccountPayload:
    """Base of the payloads."""

    account: Account = strawberry.field(description="The account after the mutation.")


@strawberry.type(description="The result of `endAccess`.")
class EndAccessPayload(AccountPayload):
    """The account without the application."""


@strawberry.type(description="The result of `endSession`.")
class EndSessionPayload(AccountPayload):
    """The account without the session."""


EndAccessResult = Annotated[EndAccessPayload | Rejection, result("endAccess")]
EndSessionResult = Annotated[EndSessionPayload | Rejection, result("endSession")]


class Mutation:
    """The mutations of one's own account."""

    @strawberry.mutation(
        description="End the access of an application to your account: its tokens are refused within a second, and it"
        " has to ask again. For persons in their own session, not for applications."
    )
    async def end_access(self, info: Info, input: Annotated[EndAccessInput, INPUT]) -> EndAccessResult | None:
        """Revoke the consent and what was granted with it."""
        viewer = info.context.viewer
        done = await run_once(info, input, lambda db: account_acts.end_access(db, viewer, input.client))
        if isinstance(done, Rejection):
            return done
        account = await load_account(info.context)
        return EndAccessPayload(account=account) if account else None

    @strawberry.mutation(
        description="End one of your browser sessions. For persons in their own session, not for applications."
    )
    async def end_session(self, info: Info, input: Annotated[EndSessionInput, INPUT]) -> EndSessionResult | None:
        """Delete the session."""
        viewer = info.context.viewer
        done = await run_once(info, input, lambda db: account_acts.end_session(db, viewer, input.session))
        if isinstance(done, Rejection):
            return done
        account = await load_account(info.context)
        return EndSessionPayload(account=account) if account else None
