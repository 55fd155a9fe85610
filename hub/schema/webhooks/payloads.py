"""The inputs, payloads and errors of the mutations of webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

import strawberry

from hub.messages import Bilingual, in_language
from hub.schema.complaints.errors import IdempotencyConflict, InvalidInput, UserError, UserErrorCode
from hub.schema.complaints.mutations import IdempotentInput, result
from hub.schema.run_once import Rejection
from hub.schema.webhooks.webhooks import Webhook
from hub.store.webhooks.endpoints import DEFAULT_PER_MINUTE, MAX_PER_MINUTE
from hub.store.webhooks.operations import MAX_OVERLAP
from hub.store.webhooks.terms import WebhookContent, WebhookFormat

_NOT_FOUND = Bilingual(
    "There is no such webhook that you may manage; check its id.",
    "Webhook tidak ditemukan atau tidak dapat Anda kelola; periksa id-nya.",
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


@strawberry.input(description="Input of `updateWebhook`: what is omitted stays; `kinds` or `systems` null for all.")
class UpdateWebhookInput(WebhookInput):
    """Input of ``updateWebhook``."""

    url: str | None = strawberry.field(default=None, description="Another URL, which has to agree first.")
    kinds: list[str] | None = strawberry.field(default=strawberry.UNSET, description=_KINDS)
    systems: list[str] | None = strawberry.field(default=strawberry.UNSET, description=_SYSTEMS)
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
