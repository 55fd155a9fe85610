"""The mutations of webhooks. A client manages its own ones, in its own name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self, TypeVar

import strawberry

from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual, in_language
from hub.schema.authorization import requirement, requires
from hub.schema.complaints.errors import IdempotencyConflict, InvalidInput, UserError, UserErrorCode
from hub.schema.complaints.mutations import INPUT, IdempotentInput, result
from hub.schema.context import Context, Info
from hub.schema.run_once import Rejection, Repeated, run_once
from hub.schema.webhooks.webhooks import Webhook
from hub.store.webhooks import endpoints
from hub.store.webhooks.endpoints import DEFAULT_PER_MINUTE, MANAGE, MAX_PER_MINUTE, WebhookOptions
from hub.store.webhooks.operations import MAX_OVERLAP, Operations, changed
from hub.store.webhooks.terms import WebhookContent, WebhookFormat
from hub.viewer import ViewerKind

T = TypeVar("T")

_NOT_FOUND = Bilingual(
    "There is no such webhook that you may manage; check its id.",
    "Webhook tidak ditemukan atau tidak dapat Anda kelola; periksa id-nya.",
)
_OWN_NAME = Bilingual(
    "A client registers webhooks in its own name: use a token of the client itself.",
    "Klien mendaftarkan webhook atas namanya sendiri: pakailah token klien itu.",
)
_KINDS = "Send only changes of these kinds, such as `payment`; all by default. New values may be added."
_SYSTEMS = "Send only changes of these systems; all that the client may follow by default."
_PER_MINUTE = f"The maximum number of calls in a minute, 1 to {MAX_PER_MINUTE}."
_SHOWN_ONCE = (
    "The secret (`whsec_…`) that signs the messages: it is shown only here, and null if this request was repeated."
)


@strawberry.input(description="Input of `registerWebhook`.")
class RegisterWebhookInput(IdempotentInput):
    """Input of ``registerWebhook``."""

    url: str = strawberry.field(description="The https URL to call; its host must have a public address.")
    kinds: list[str] | None = strawberry.field(default=None, description=_KINDS)
    systems: list[str] | None = strawberry.field(default=None, description=_SYSTEMS)
    content: WebhookContent = strawberry.field(default=WebhookContent.THIN, description="What a message contains.")
    format: WebhookFormat = strawberry.field(default=WebhookFormat.STANDARD, description="The form of a message.")
    per_minute: int = strawberry.field(default=DEFAULT_PER_MINUTE, description=_PER_MINUTE)
    asymmetric: bool = strawberry.field(
        default=False, description="Whether messages also have a signature `v1a` (Ed25519)."
    )
    after: str | None = strawberry.field(
        default=None, description="Send the changes after this cursor of `changes`; by default those from now on."
    )


@strawberry.input
class WebhookInput(IdempotentInput):
    """Base of the inputs of mutations of one webhook."""

    id: strawberry.ID = strawberry.field(description="The id of the webhook.")


@strawberry.input(description="Input of `updateWebhook`: what is omitted or null stays.")
class UpdateWebhookInput(WebhookInput):
    """Input of ``updateWebhook``."""

    url: str | None = strawberry.field(default=None, description="Another URL, which has to agree first.")
    kinds: list[str] | None = strawberry.field(default=None, description=_KINDS)
    systems: list[str] | None = strawberry.field(default=None, description=_SYSTEMS)
    content: WebhookContent | None = strawberry.field(default=None, description="What a message contains.")
    format: WebhookFormat | None = strawberry.field(default=None, description="The form of a message.")
    per_minute: int | None = strawberry.field(default=None, description=_PER_MINUTE)


@strawberry.input(description="Input of `pauseWebhook`.")
class PauseWebhookInput(WebhookInput):
    """Input of ``pauseWebhook``."""


@strawberry.input(description="Input of `resumeWebhook`.")
class ResumeWebhookInput(WebhookInput):
    """Input of ``resumeWebhook``."""


@strawberry.input(description="Input of `rotateWebhookSecret`.")
class RotateWebhookSecretInput(WebhookInput):
    """Input of ``rotateWebhookSecret``."""

    overlap_hours: int = strawberry.field(
        default=24,
        description="For how many hours messages have a signature with the earlier secret as well, 0 to"
        f" {MAX_OVERLAP.days * 24}.",
    )
    asymmetric: bool | None = strawberry.field(
        default=None, description="Whether messages have a signature `v1a` as well; null for as before."
    )


@strawberry.input(description="Input of `replayWebhook`: one delivery, those of a time, or all that failed.")
class ReplayWebhookInput(WebhookInput):
    """Input of ``replayWebhook``."""

    delivery: strawberry.ID | None = strawberry.field(default=None, description="Only the delivery with this id.")
    from_: datetime | None = strawberry.field(
        name="from", default=None, description="Only deliveries that were created at this time or later."
    )
    to: datetime | None = strawberry.field(
        default=None, description="Only deliveries that were created before this time."
    )
    failed_only: bool = strawberry.field(default=False, description="Only dead letters.")


@strawberry.input(description="Input of `deleteWebhook`.")
class DeleteWebhookInput(WebhookInput):
    """Input of ``deleteWebhook``."""


@strawberry.interface(description="The result of a mutation that changed a webhook.")
class WebhookPayload:
    """Base of the payloads."""

    webhook: Webhook = strawberry.field(description="The webhook after the mutation.")


@strawberry.type(description="The webhook does not exist, or the viewer may not manage it. Nothing was changed.")
class WebhookNotFound(UserError):
    """The viewer cannot distinguish the two cases."""

    @classmethod
    def in_language(cls, language: str) -> Self:
        """Return the error with its message in ``language``."""
        return cls(code=UserErrorCode.NOT_FOUND, message=in_language(_NOT_FOUND, language))


@strawberry.type(description="The result of `registerWebhook`.")
class RegisterWebhookPayload(WebhookPayload):
    """The new webhook and its secret."""

    secret: str | None = strawberry.field(description=_SHOWN_ONCE)


@strawberry.type(description="The result of `updateWebhook`.")
class UpdateWebhookPayload(WebhookPayload):
    """The webhook after the mutation."""


@strawberry.type(description="The result of `pauseWebhook`.")
class PauseWebhookPayload(WebhookPayload):
    """The webhook after the mutation."""


@strawberry.type(description="The result of `resumeWebhook`.")
class ResumeWebhookPayload(WebhookPayload):
    """The webhook after the mutation."""


@strawberry.type(description="The result of `rotateWebhookSecret`.")
class RotateWebhookSecretPayload(WebhookPayload):
    """The webhook and its new secret."""

    secret: str | None = strawberry.field(description=_SHOWN_ONCE)


@strawberry.type(description="The result of `replayWebhook`.")
class ReplayWebhookPayload(WebhookPayload):
    """The webhook, and how much is sent again."""

    deliveries: int | None = strawberry.field(
        description="How many deliveries are sent again; null if this request was repeated."
    )


@strawberry.type(description="The result of `deleteWebhook`.")
class DeleteWebhookPayload:
    """The id of what was deleted."""

    id: strawberry.ID = strawberry.field(description="The id of the webhook that was deleted.")


Errors = InvalidInput | IdempotencyConflict | WebhookNotFound
RegisterWebhookResult = Annotated[RegisterWebhookPayload | Rejection, result("registerWebhook")]
UpdateWebhookResult = Annotated[UpdateWebhookPayload | Errors, result("updateWebhook")]
PauseWebhookResult = Annotated[PauseWebhookPayload | Errors, result("pauseWebhook")]
ResumeWebhookResult = Annotated[ResumeWebhookPayload | Errors, result("resumeWebhook")]
RotateWebhookSecretResult = Annotated[RotateWebhookSecretPayload | Errors, result("rotateWebhookSecret")]
ReplayWebhookResult = Annotated[ReplayWebhookPayload | Errors, result("replayWebhook")]
DeleteWebhookResult = Annotated[DeleteWebhookPayload | Errors, result("deleteWebhook")]


class Mutation:
    """The mutations of webhooks."""

    @strawberry.mutation(
        description="Register an endpoint that the hub calls for each change that the client may see. The endpoint"
        f" must agree before the first call. {requirement(MANAGE)}",
        extensions=requires(MANAGE),
    )
    async def register_webhook(
        self, info: Info, input: Annotated[RegisterWebhookInput, INPUT]
    ) -> RegisterWebhookResult | None:
        """Register it for the client in its own name; a repeat with the same key registers nothing."""
        context, viewer, key = info.context, info.context.viewer, input.idempotency_key
        if viewer.kind is not ViewerKind.PARTNER or viewer.client is None:
            problem = Problem("url", ProblemCode.NOT_ALLOWED, _OWN_NAME)
            return InvalidInput.from_problems([problem], context.language)
        client = viewer.client
        named = context.cipher.hash("webhook", f"{client}:{key}").hex()[:24] if key else None
        webhook_id = f"wh_{named}" if named else endpoints.new_id()
        options = WebhookOptions(
            *(input.url, input.kinds, input.systems, input.content, input.format, input.per_minute)
        )
        done = await _run(
            info,
            input,
            lambda act: act.register(webhook_id, client, options, asymmetric=input.asymmetric, after=input.after),
        )
        secret = done if isinstance(done, str) else None
        answer = await _answer(info, webhook_id, done, lambda hook: RegisterWebhookPayload(webhook=hook, secret=secret))
        # A repeat after it was deleted.
        return None if isinstance(answer, WebhookNotFound) else answer

    @strawberry.mutation(
        description=f"Change a webhook; another URL has to agree before it is called. {requirement(MANAGE)}",
        extensions=requires(MANAGE),
    )
    async def update_webhook(
        self, info: Info, input: Annotated[UpdateWebhookInput, INPUT]
    ) -> UpdateWebhookResult | None:
        """Change what is given."""
        names = ("url", "kinds", "systems", "content", "format", "per_minute")
        values = {name: getattr(input, name) for name in names}
        done = await _run(info, input, lambda act: act.update(input.id, lambda now: changed(now, **values)))
        return await _answer(info, input.id, done, lambda hook: UpdateWebhookPayload(webhook=hook))

    @strawberry.mutation(
        description=f"Stop calling a webhook; the feed keeps what changes meanwhile. {requirement(MANAGE)}",
        extensions=requires(MANAGE),
    )
    async def pause_webhook(self, info: Info, input: Annotated[PauseWebhookInput, INPUT]) -> PauseWebhookResult | None:
        """Pause it."""
        done = await _run(info, input, lambda act: act.pause(input.id))
        return await _answer(info, input.id, done, lambda hook: PauseWebhookPayload(webhook=hook))

    @strawberry.mutation(
        description="Call a webhook again that was paused or disabled, and send at once what waits for it."
        f" {requirement(MANAGE)}",
        extensions=requires(MANAGE),
    )
    async def resume_webhook(
        self, info: Info, input: Annotated[ResumeWebhookInput, INPUT]
    ) -> ResumeWebhookResult | None:
        """Resume it."""
        done = await _run(info, input, lambda act: act.resume(input.id))
        return await _answer(info, input.id, done, lambda hook: ResumeWebhookPayload(webhook=hook))

    @strawberry.mutation(
        description="Return a new secret of a webhook; messages have a signature with the earlier one as well for a"
        f" while. {requirement(MANAGE)}",
        extensions=requires(MANAGE),
    )
    async def rotate_webhook_secret(
        self, info: Info, input: Annotated[RotateWebhookSecretInput, INPUT]
    ) -> RotateWebhookSecretResult | None:
        """Rotate the secrets."""
        overlap = timedelta(hours=input.overlap_hours)
        done = await _run(info, input, lambda act: act.rotate(input.id, overlap=overlap, asymmetric=input.asymmetric))
        secret = done if isinstance(done, str) else None
        return await _answer(info, input.id, done, lambda hook: RotateWebhookSecretPayload(webhook=hook, secret=secret))

    @strawberry.mutation(
        description="Send deliveries again, with the same ids: one, those of a time, or all that failed."
        f" {requirement(MANAGE)}",
        extensions=requires(MANAGE),
    )
    async def replay_webhook(
        self, info: Info, input: Annotated[ReplayWebhookInput, INPUT]
    ) -> ReplayWebhookResult | None:
        """Replay settled deliveries."""
        done = await _run(
            info,
            input,
            lambda act: act.replay(
                input.id, delivery=input.delivery, since=input.from_, until=input.to, dead_only=input.failed_only
            ),
        )
        count = done if isinstance(done, int) else None
        return await _answer(info, input.id, done, lambda hook: ReplayWebhookPayload(webhook=hook, deliveries=count))

    @strawberry.mutation(
        description=f"Delete a webhook with its deliveries; nothing more is sent. {requirement(MANAGE)}",
        extensions=requires(MANAGE),
    )
    async def delete_webhook(
        self, info: Info, input: Annotated[DeleteWebhookInput, INPUT]
    ) -> DeleteWebhookResult | None:
        """Delete it."""
        done = await _run(info, input, lambda act: act.delete(input.id))
        if isinstance(done, InvalidInput | IdempotencyConflict):
            return done
        return DeleteWebhookPayload(id=input.id) if done else WebhookNotFound.in_language(info.context.language)


async def _run(
    info: Info, input: IdempotentInput, act: Callable[[Operations], Awaitable[T | list[Problem]]]
) -> T | Repeated | Rejection:
    """Run ``act`` in one transaction, at most once for its idempotency key; its problems become an error."""
    return await run_once(info, input, lambda db: act(_operations(info.context, db)))


def _operations(context: Context, db: Any) -> Operations:
    return Operations(
        db, context.cipher, context.viewer, datetime.now(UTC), context.kinds, loopback=context.loopback_webhooks
    )


async def _answer(
    info: Info, webhook_id: str, done: object, payload: Callable[[Webhook], T]
) -> T | Rejection | WebhookNotFound:
    """Return the payload with the webhook as it is now, or why nothing was done."""
    if isinstance(done, InvalidInput | IdempotencyConflict):
        return done
    async with info.context.read() as db:
        found = await endpoints.find(db, info.context.viewer, webhook_id) if done is not None else []
    if not found:
        return WebhookNotFound.in_language(info.context.language)
    return payload(Webhook.from_stored(found[0]))
