"""The mutations of webhooks. A client manages its own ones, in its own name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import strawberry

from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual
from hub.schema.authorization import requirement, requires, requires_any
from hub.schema.complaints.errors import IdempotencyConflict, InvalidInput
from hub.schema.complaints.mutations import INPUT, IdempotentInput
from hub.schema.context import Context, Info
from hub.schema.run_once import Rejection, Repeated, run_once
from hub.schema.webhooks.payloads import (
    DeleteWebhookInput,
    DeleteWebhookPayload,
    DeleteWebhookResult,
    PauseWebhookInput,
    PauseWebhookPayload,
    PauseWebhookResult,
    RegisterWebhookInput,
    RegisterWebhookPayload,
    RegisterWebhookResult,
    ReplayWebhookInput,
    ReplayWebhookPayload,
    ReplayWebhookResult,
    ResumeWebhookInput,
    ResumeWebhookPayload,
    ResumeWebhookResult,
    RotateWebhookSecretInput,
    RotateWebhookSecretPayload,
    RotateWebhookSecretResult,
    UpdateWebhookInput,
    UpdateWebhookPayload,
    UpdateWebhookResult,
    WebhookNotFound,
)
from hub.schema.webhooks.webhooks import Webhook
from hub.store.webhooks import endpoints
from hub.store.webhooks.endpoints import MANAGE, OPERATE, WebhookOptions
from hub.store.webhooks.operations import Operations
from hub.viewer import ViewerKind

T = TypeVar("T")

_OWN_NAME = Bilingual(
    "A client registers webhooks in its own name: use a token of the client itself.",
    "Klien mendaftarkan webhook atas namanya sendiri: pakailah token klien itu.",
)
_MANAGE_OR_OPERATE = f"Requires one of the scopes {MANAGE} and {OPERATE}."


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
        done = await _run(info, input, lambda act: act.update(input.id, _changes(input)))
        return await _answer(info, input.id, done, lambda hook: UpdateWebhookPayload(webhook=hook))

    @strawberry.mutation(
        description=f"Stop calling a webhook; the feed keeps what changes meanwhile. {_MANAGE_OR_OPERATE}",
        extensions=requires_any(MANAGE, OPERATE),
    )
    async def pause_webhook(self, info: Info, input: Annotated[PauseWebhookInput, INPUT]) -> PauseWebhookResult | None:
        """Pause it."""
        done = await _run(info, input, lambda act: act.pause(input.id))
        return await _answer(info, input.id, done, lambda hook: PauseWebhookPayload(webhook=hook))

    @strawberry.mutation(
        description="Call a webhook again that was paused or disabled, and send at once what waits for it."
        f" {_MANAGE_OR_OPERATE}",
        extensions=requires_any(MANAGE, OPERATE),
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
        f" {_MANAGE_OR_OPERATE}",
        extensions=requires_any(MANAGE, OPERATE),
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


def _changes(input: UpdateWebhookInput) -> dict[str, Any]:
    """Return the options that are given; null has a meaning for ``kinds`` and ``systems`` alone."""
    given = {name: getattr(input, name) for name in ("url", "content", "format", "per_minute")}
    filters = {name: getattr(input, name) for name in ("kinds", "systems")}
    return {name: value for name, value in given.items() if value is not None} | {
        name: value for name, value in filters.items() if value is not strawberry.UNSET
    }


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
