"""The webhooks of a client, their deliveries, and the attempts at each delivery."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from hub.schema.arguments import MAX_PAGE_SIZE, BadArgument
from hub.schema.authorization import requires_any
from hub.schema.context import Info
from hub.schema.cost import DEFAULT_PAGE_SIZE, HISTORY_SIZE, SHORT_LIST_SIZE
from hub.schema.enums import describe_enum
from hub.store.webhooks import endpoints, queries
from hub.store.webhooks.endpoints import MANAGE, OPERATE
from hub.store.webhooks.issues import IssueCode, issues_of
from hub.store.webhooks.terms import DisabledReason, MessageState, WebhookContent, WebhookFormat, WebhookState

describe_enum(
    WebhookState,
    "Whether a webhook is called.",
    {
        WebhookState.UNVERIFIED: "Its endpoint has not agreed yet; the hub asks it again and again for a day.",
        WebhookState.ACTIVE: "It is called for each change.",
        WebhookState.PAUSED: "Its client paused it.",
        WebhookState.DISABLED: "The hub ended it; `resumeWebhook` starts it again.",
    },
)
describe_enum(
    DisabledReason,
    "Why the hub ended a webhook.",
    {
        DisabledReason.GONE: "Its endpoint responded with 410.",
        DisabledReason.FAILING: "All calls failed for five days.",
        DisabledReason.NO_CONSENT: "Its endpoint did not agree within a day.",
    },
)
describe_enum(
    WebhookContent,
    "What the messages of a webhook contain.",
    {
        WebhookContent.THIN: "What changed and where to fetch it, without values.",
        WebhookContent.FULL: "Also the old and new values, as `changes` shows them to the client.",
    },
)
describe_enum(
    WebhookFormat,
    "The form of the messages of a webhook.",
    {
        WebhookFormat.STANDARD: "JSON with `type`, `timestamp` and `data`, as Standard Webhooks recommends.",
        WebhookFormat.CLOUDEVENTS: "CloudEvents 1.0 in structured mode.",
    },
)
describe_enum(
    MessageState,
    "The state of a delivery to a webhook.",
    {
        MessageState.WAITING: "It waits for its first or next attempt.",
        MessageState.SENDING: "It is being sent.",
        MessageState.DONE: "The endpoint accepted it.",
        MessageState.DEAD: "It failed for three days and is a dead letter; `replayWebhook` sends it again.",
        MessageState.WITHDRAWN: "The client may not see the change any more; it was not sent.",
    },
    name="WebhookDeliveryState",
)
describe_enum(
    IssueCode,
    "What the client of a webhook should look at.",
    {
        IssueCode.FAILING: "All calls fail; the webhook is disabled at the time in the message.",
        IssueCode.DISABLED: "The hub ended the webhook.",
        IssueCode.NO_CONSENT: "The endpoint has not agreed yet.",
    },
    name="WebhookIssueCode",
)


@strawberry.type(description="An open issue of a webhook.")
class WebhookIssue:
    """An issue, computed from the state of the webhook."""

    code: IssueCode = strawberry.field(description="The kind of problem.")
    since: datetime = strawberry.field(description="When the problem began.")
    message: str = strawberry.field(description="What is wrong and what to do, in English.")


@strawberry.type(description="A call of an endpoint.")
class WebhookAttempt:
    """A row of ``webhook_attempts``."""

    at: datetime = strawberry.field(description="When the call began.")
    status: int | None = strawberry.field(description="The HTTP status of the response (IANA); null without one.")
    error: str | None = strawberry.field(description="What went wrong; null if there was a response.")
    milliseconds: int = strawberry.field(description="How long the call took.")


@strawberry.type(description="A message to a webhook about one change.")
class WebhookDelivery:
    """A row of ``webhook_deliveries``."""

    id: strawberry.ID = strawberry.field(
        description="The id of the message, the header `webhook-id`: the same at every attempt."
    )
    system: str = strawberry.field(description="The name of the system of the change; `hub` for complaints.")
    position: str = strawberry.field(description="The position of the change in the feed of its system.")
    kind: str = strawberry.field(
        description="The kind of object, such as `payment`, or `gap`; new values may be added."
    )
    subject: str = strawberry.field(description="The ticket of the complaint, or the record's id in its system.")
    cursor: str = strawberry.field(description="The cursor of the change in `changes`.")
    state: MessageState = strawberry.field(description="The delivery's current state.")
    attempt_count: int = strawberry.field(description="The number of attempts since it was created or replayed.")
    last_error: str | None = strawberry.field(description="Why the last attempt failed; null if it did not.")
    created_at: datetime = strawberry.field(description="When the delivery was created.")
    due_at: datetime | None = strawberry.field(description="The earliest time of the next attempt; null if settled.")
    settled_at: datetime | None = strawberry.field(description="When it was settled; null before.")

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the delivery of a row."""
        same = ("system", "kind", "subject", "cursor", "created_at", "settled_at")
        return cls(
            **{name: row[name] for name in same},
            id=strawberry.ID(row["id"]),
            position=str(row["position"]),
            state=MessageState(row["state"]),
            attempt_count=row["attempts"],
            last_error=row["error"],
            due_at=None if row["settled_at"] else row["due_at"],
        )

    @strawberry.field(description="The attempts to send the message, earliest first.", directives=[SHORT_LIST_SIZE])
    async def attempts(self, info: Info) -> list[WebhookAttempt]:
        """Load them with one SQL statement per level."""
        rows = await info.context.load("webhook attempts", queries.list_attempts, str(self.id))
        return [
            WebhookAttempt(at=row["at"], status=row["status"], error=row["error"], milliseconds=row["milliseconds"])
            for row in rows or ()
        ]


@strawberry.type(description="An endpoint of a client that the hub calls for each change the client may see.")
class Webhook:
    """A row of ``webhooks``, without its secrets."""

    id: strawberry.ID = strawberry.field(description="The id of the webhook.")
    client: str = strawberry.field(description="The id of the OAuth client that it belongs to.")
    url: str = strawberry.field(description="The URL that is called.")
    kinds: list[str] | None = strawberry.field(
        description="Only changes of these kinds are sent; null for all. New values may be added."
    )
    systems: list[str] | None = strawberry.field(description="Only changes of these systems are sent; null for all.")
    content: WebhookContent = strawberry.field(description="What a message contains.")
    format: WebhookFormat = strawberry.field(description="The form of a message.")
    per_minute: int = strawberry.field(description="The maximum number of calls in a minute.")
    public_key: str | None = strawberry.field(
        description="The public key (`whpk_…`) of the signatures `v1a`; null if messages have none."
    )
    state: WebhookState = strawberry.field(description="Whether it is called.")
    disabled_reason: DisabledReason | None = strawberry.field(
        description="Why the hub ended it; null unless its state is DISABLED."
    )
    cursor: str = strawberry.field(
        description="The position in the feed up to which changes have become deliveries: a cursor of `changes`."
    )
    verified_at: datetime | None = strawberry.field(description="When the endpoint agreed; null before.")
    created_at: datetime = strawberry.field(description="When it was registered.")
    issues: list[WebhookIssue] = strawberry.field(
        description="What its client should look at.", directives=[SHORT_LIST_SIZE]
    )

    @classmethod
    def from_stored(cls, stored: endpoints.Webhook) -> Self:
        """Return the webhook for one of the store."""
        same = ("client", "url", "content", "format", "per_minute", "public_key", "state", "cursor")
        return cls(
            **{name: getattr(stored, name) for name in same},
            id=strawberry.ID(stored.id),
            kinds=None if stored.kinds is None else list(stored.kinds),
            systems=None if stored.systems is None else list(stored.systems),
            disabled_reason=stored.reason,
            verified_at=stored.verified_at,
            created_at=stored.created_at,
            issues=[WebhookIssue(code=each.code, since=each.since, message=each.message) for each in issues_of(stored)],
        )

    @strawberry.field(description="The deliveries to it, latest first.", directives=[HISTORY_SIZE])
    async def deliveries(
        self,
        info: Info,
        first: Annotated[
            int, strawberry.argument(description=f"The maximum number of deliveries, 1 to {MAX_PAGE_SIZE}.")
        ] = DEFAULT_PAGE_SIZE,
        states: Annotated[
            list[MessageState] | None, strawberry.argument(description="Return only deliveries in these states.")
        ] = None,
        before: Annotated[
            strawberry.ID | None, strawberry.argument(description="Return only deliveries before the one with this id.")
        ] = None,
    ) -> list[WebhookDelivery]:
        """Load a page with two SQL statements."""
        if not 1 <= first <= MAX_PAGE_SIZE:
            raise BadArgument(
                f"`first` must be between 1 and {MAX_PAGE_SIZE}.", f"`first` harus antara 1 dan {MAX_PAGE_SIZE}."
            )
        async with info.context.read() as db:
            rows = await queries.list_deliveries(
                db, info.context.viewer, str(self.id), first=first, states=states, before=before
            )
        return [WebhookDelivery.from_row(row) for row in rows]


class Query:
    """The query of webhooks."""

    @strawberry.field(
        description="The webhooks of the client that asks, the oldest first; with the scope hub:operate those of all"
        f" clients. Requires one of the scopes {MANAGE} and {OPERATE}.",
        directives=[SHORT_LIST_SIZE],
        extensions=requires_any(MANAGE, OPERATE),
    )
    async def webhooks(
        self,
        info: Info,
        client: Annotated[str | None, strawberry.argument(description="Return only those of this client.")] = None,
    ) -> list[Webhook] | None:
        """Load them with one SQL statement."""
        async with info.context.read() as db:
            found = await endpoints.find(db, info.context.viewer, client=client)
        return [Webhook.from_stored(each) for each in found]
