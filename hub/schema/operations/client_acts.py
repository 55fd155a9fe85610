"""The mutations of clients and officers, for operators."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, TypeVar

import strawberry

from hub.auth import operator_acts
from hub.auth.operator_acts import MAX_NAME
from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual
from hub.schema.authorization import requirement, requires
from hub.schema.complaints.errors import InvalidInput
from hub.schema.complaints.mutations import INPUT, IdempotentInput, result
from hub.schema.context import Info
from hub.schema.operations import OPERATE
from hub.schema.operations.clients import Officer, RegisteredClient, load_clients, load_officers
from hub.schema.run_once import Rejection, run_once
from hub.store.oauth.clients import Client
from hub.store.secret_hashes import generate_id

MAX_KEEP_HOURS = 168
_KEEP = Bilingual(f"Use 0 to {MAX_KEEP_HOURS} hours.", f"Gunakan 0 sampai {MAX_KEEP_HOURS} jam.")
_SHOWN_ONCE = (
    "Its secret: it is shown only here; null if the client authenticates without one, and if this request was repeated."
)


@strawberry.input(description="Input of `createClient`.")
class CreateClientInput(IdempotentInput):
    """Input of ``createClient``."""

    name: str = strawberry.field(
        description=f"The name that users see on the consent page, 1 to {MAX_NAME} characters."
    )
    organisation: str = strawberry.field(
        description=f"The organisation that is responsible for it, 1 to {MAX_NAME} characters."
    )
    auth_method: str = strawberry.field(
        description="`client_secret_basic`, `client_secret_post`, or `none` for a public client."
    )
    grants: list[str] = strawberry.field(
        description="`client_credentials`, `authorization_code`, `refresh_token`, some of these."
    )
    scopes: list[str] = strawberry.field(
        description="OAuth scopes that it may request, all of which you have yourself."
    )
    redirect_uris: list[str] = strawberry.field(default_factory=list, description="Its redirect URIs.")
    channels: list[str] = strawberry.field(
        default_factory=list, description="The channels by which it may submit complaints."
    )


@strawberry.input
class ClientInput(IdempotentInput):
    """Base of the inputs of mutations of one client."""

    id: strawberry.ID = strawberry.field(description="The client's id.")


@strawberry.input(description="Input of `rotateClientSecret`.")
class RotateClientSecretInput(ClientInput):
    """Input of ``rotateClientSecret``."""

    keep_hours: int = strawberry.field(
        default=24, description=f"For how many hours the current secrets stay valid, 0 to {MAX_KEEP_HOURS}."
    )


@strawberry.input(description="Input of `suspendClient`.")
class SuspendClientInput(ClientInput):
    """Input of ``suspendClient``."""


@strawberry.input(description="Input of `resumeClient`.")
class ResumeClientInput(ClientInput):
    """Input of ``resumeClient``."""


@strawberry.input
class OfficerInput(IdempotentInput):
    """Base of the inputs of mutations of one officer."""

    id: strawberry.ID = strawberry.field(description="The officer's id.")


@strawberry.input(description="Input of `suspendOfficer`.")
class SuspendOfficerInput(OfficerInput):
    """Input of ``suspendOfficer``."""


@strawberry.input(description="Input of `resumeOfficer`.")
class ResumeOfficerInput(OfficerInput):
    """Input of ``resumeOfficer``."""


@strawberry.interface(description="The result of a mutation of a client.")
class ClientPayload:
    """Base of the payloads."""

    client: RegisteredClient = strawberry.field(description="The client after the mutation.")


@strawberry.interface(description="The result of a mutation of an officer.")
class OfficerPayload:
    """Base of the payloads."""

    officer: Officer = strawberry.field(description="The officer after the mutation.")


@strawberry.type(description="The result of `createClient`.")
class CreateClientPayload(ClientPayload):
    """The new client and its secret."""

    secret: str | None = strawberry.field(default=None, description=_SHOWN_ONCE)


@strawberry.type(description="The result of `rotateClientSecret`.")
class RotateClientSecretPayload(ClientPayload):
    """The client and its new secret."""

    secret: str | None = strawberry.field(default=None, description=_SHOWN_ONCE)


@strawberry.type(description="The result of `suspendClient`.")
class SuspendClientPayload(ClientPayload):
    """The suspended client."""


@strawberry.type(description="The result of `resumeClient`.")
class ResumeClientPayload(ClientPayload):
    """The client, which may act again."""


@strawberry.type(description="The result of `suspendOfficer`.")
class SuspendOfficerPayload(OfficerPayload):
    """The suspended officer."""


@strawberry.type(description="The result of `resumeOfficer`.")
class ResumeOfficerPayload(OfficerPayload):
    """The officer, who may sign in again."""


CreateClientResult = Annotated[CreateClientPayload | Rejection, result("createClient")]
RotateClientSecretResult = Annotated[RotateClientSecretPayload | Rejection, result("rotateClientSecret")]
SuspendClientResult = Annotated[SuspendClientPayload | Rejection, result("suspendClient")]
ResumeClientResult = Annotated[ResumeClientPayload | Rejection, result("resumeClient")]
SuspendOfficerResult = Annotated[SuspendOfficerPayload | Rejection, result("suspendOfficer")]
ResumeOfficerResult = Annotated[ResumeOfficerPayload | Rejection, result("resumeOfficer")]
ClientT = TypeVar("ClientT", bound=ClientPayload)
OfficerT = TypeVar("OfficerT", bound=OfficerPayload)


class Mutation:
    """The mutations of clients and officers."""

    @strawberry.mutation(
        description="Register a client. It can have no scope that you do not have yourself, and no keys: that needs a"
        f" command. {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def create_client(self, info: Info, input: Annotated[CreateClientInput, INPUT]) -> CreateClientResult | None:
        """Register it; a repeat with the same key registers nothing."""
        context, key = info.context, input.idempotency_key
        named = context.cipher.hash("client", f"{context.viewer.name}:{key}").hex()[:22] if key else None
        client = Client(
            id=f"c_{named}" if named else generate_id("c"),
            name=input.name,
            organisation=input.organisation,
            auth_method=input.auth_method,
            grants=tuple(input.grants),
            scopes=tuple(input.scopes),
            redirect_uris=tuple(input.redirect_uris),
            channels=tuple(input.channels),
        )
        done = await run_once(info, input, lambda db: operator_acts.create_client(db, context.viewer, client))
        answer = await _client(info, client.id, done, CreateClientPayload)
        if isinstance(answer, CreateClientPayload) and isinstance(done, str):
            answer.secret = done or None
        return answer

    @strawberry.mutation(
        description="Renew the secret of a client that has no scope that you do not have yourself. A leaked secret:"
        f" suspend the client at once, or keep the current one for 0 hours. {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def rotate_client_secret(
        self, info: Info, input: Annotated[RotateClientSecretInput, INPUT]
    ) -> RotateClientSecretResult | None:
        """Renew it."""
        if not 0 <= input.keep_hours <= MAX_KEEP_HOURS:
            problem = Problem("keepHours", ProblemCode.OUT_OF_RANGE, _KEEP)
            return InvalidInput.from_problems([problem], info.context.language)
        viewer, keep = info.context.viewer, timedelta(hours=input.keep_hours)
        done = await run_once(info, input, lambda db: operator_acts.rotate_secret(db, viewer, input.id, keep))
        answer = await _client(info, input.id, done, RotateClientSecretPayload)
        if isinstance(answer, RotateClientSecretPayload) and isinstance(done, str):
            answer.secret = done
        return answer

    @strawberry.mutation(
        description="Suspend a client: all its tokens are refused, by every process within a second."
        f" {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def suspend_client(
        self, info: Info, input: Annotated[SuspendClientInput, INPUT]
    ) -> SuspendClientResult | None:
        """Suspend it."""
        done = await run_once(info, input, lambda db: operator_acts.suspend_client(db, input.id, suspend=True))
        return await _client(info, input.id, done, SuspendClientPayload)

    @strawberry.mutation(
        description=f"Let a suspended client act again. {requirement(OPERATE)}", extensions=requires(OPERATE)
    )
    async def resume_client(self, info: Info, input: Annotated[ResumeClientInput, INPUT]) -> ResumeClientResult | None:
        """Resume it."""
        done = await run_once(info, input, lambda db: operator_acts.suspend_client(db, input.id, suspend=False))
        return await _client(info, input.id, done, ResumeClientPayload)

    @strawberry.mutation(
        description="Suspend an officer: all sessions and tokens end for good, and signing in is refused."
        f" {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def suspend_officer(
        self, info: Info, input: Annotated[SuspendOfficerInput, INPUT]
    ) -> SuspendOfficerResult | None:
        """Suspend the officer."""
        viewer = info.context.viewer
        done = await run_once(info, input, lambda db: operator_acts.suspend_user(db, viewer, input.id, suspend=True))
        return await _officer(info, input.id, done, SuspendOfficerPayload)

    @strawberry.mutation(
        description="Let a suspended officer sign in again who has no scope that you do not have yourself."
        f" {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def resume_officer(
        self, info: Info, input: Annotated[ResumeOfficerInput, INPUT]
    ) -> ResumeOfficerResult | None:
        """Resume the officer."""
        viewer = info.context.viewer
        done = await run_once(info, input, lambda db: operator_acts.suspend_user(db, viewer, input.id, suspend=False))
        return await _officer(info, input.id, done, ResumeOfficerPayload)


async def _client(info: Info, client_id: str, done: object, payload: type[ClientT]) -> ClientT | Rejection | None:
    if isinstance(done, Rejection):
        return done
    found = await load_clients(info.context, client_id)
    return payload(client=found[0]) if found else None


async def _officer(info: Info, user_id: str, done: object, payload: type[OfficerT]) -> OfficerT | Rejection | None:
    if isinstance(done, Rejection):
        return done
    found = await load_officers(info.context, user_id)
    return payload(officer=found[0]) if found else None
