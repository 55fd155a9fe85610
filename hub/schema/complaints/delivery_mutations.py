"""Mutations of deliveries: forward a complaint; retry, give up or confirm a delivery."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Self, TypeVar

import strawberry

from hub.complaints.problems import Problem
from hub.complaints.workflow import Action, Refusal
from hub.messages import Bilingual, in_language
from hub.schema.authorization import requirement, requires
from hub.schema.complaints.deliveries import Delivery
from hub.schema.complaints.errors import UserError, UserErrorCode
from hub.schema.complaints.mutations import (
    INPUT,
    ComplaintErrors,
    ComplaintInput,
    ComplaintPayload,
    IdempotentInput,
    Rejection,
    result,
    run_checked,
    transition,
)
from hub.schema.complaints.officer_mutations import ASSIGN
from hub.schema.context import Info
from hub.schema.lookups import load_hub_node
from hub.store.idempotency import Completed
from hub.store.queries.delivery_entity import OPERATE
from hub.store.use_cases import delivery_decisions
from hub.store.use_cases.transitions import Transition

_NOT_FOUND = Bilingual(
    "There is no such delivery that you may see; check its key.",
    "Pengiriman tidak ditemukan atau tidak dapat Anda lihat; periksa nomornya.",
)


@strawberry.input(description="Input of `forwardComplaint`.")
class ForwardComplaintInput(ComplaintInput):
    """Input of ``forwardComplaint``."""

    system: str | None = strawberry.field(
        default=None, description="The name of the receiving system. Optional if only one system accepts complaints."
    )


@strawberry.input
class DeliveryInput(IdempotentInput):
    """Base of the inputs of decisions on a delivery."""

    key: str = strawberry.field(description="The delivery's number, such as LG-2026-000123/2.")


@strawberry.input(description="Input of `retryDelivery`.")
class RetryDeliveryInput(DeliveryInput):
    """Input of ``retryDelivery``."""


@strawberry.input(description="Input of `giveUpDelivery`.")
class GiveUpDeliveryInput(DeliveryInput):
    """Input of ``giveUpDelivery``."""


@strawberry.input(description="Input of `confirmDelivery`.")
class ConfirmDeliveryInput(DeliveryInput):
    """Input of ``confirmDelivery``."""

    external_id: str | None = strawberry.field(
        default=None,
        description="The id of the new record in the other system; required for a delivery with the action CREATE.",
    )


@strawberry.interface(description="The result of a mutation that changed a delivery.")
class DeliveryPayload:
    """Base of the payloads, one for each mutation."""

    delivery: Delivery = strawberry.field(description="The delivery after the mutation.")


@strawberry.type(description="The delivery does not exist or is not visible to the viewer. Nothing was changed.")
class DeliveryNotFound(UserError):
    """The viewer cannot distinguish the two cases."""

    @classmethod
    def in_language(cls, language: str) -> Self:
        """Return the error with its message in ``language``."""
        return cls(code=UserErrorCode.NOT_FOUND, message=in_language(_NOT_FOUND, language))


@strawberry.type(description="The result of `forwardComplaint`.")
class ForwardComplaintPayload(ComplaintPayload):
    """The complaint after the mutation."""


ForwardComplaintResult = Annotated[ForwardComplaintPayload | ComplaintErrors, result("forwardComplaint")]


PayloadT = TypeVar("PayloadT", bound=DeliveryPayload)
DeliveryErrors = Rejection | DeliveryNotFound
Decision = Callable[..., Awaitable[Completed | Refusal | list[Problem] | None]]


@strawberry.type(description="The result of `retryDelivery`.")
class RetryDeliveryPayload(DeliveryPayload):
    """The delivery after the mutation."""


RetryDeliveryResult = Annotated[RetryDeliveryPayload | DeliveryErrors, result("retryDelivery")]


@strawberry.type(description="The result of `giveUpDelivery`.")
class GiveUpDeliveryPayload(DeliveryPayload):
    """The delivery after the mutation."""


GiveUpDeliveryResult = Annotated[GiveUpDeliveryPayload | DeliveryErrors, result("giveUpDelivery")]


@strawberry.type(description="The result of `confirmDelivery`.")
class ConfirmDeliveryPayload(DeliveryPayload):
    """The delivery after the mutation."""


ConfirmDeliveryResult = Annotated[ConfirmDeliveryPayload | DeliveryErrors, result("confirmDelivery")]


class Mutation:
    """The mutations of deliveries."""

    @strawberry.mutation(
        description="Forward a complaint to another system. Later changes of the complaint are sent to that system too."
        f" {requirement(ASSIGN)}",
        extensions=requires(ASSIGN),
    )
    async def forward_complaint(
        self, info: Info, input: Annotated[ForwardComplaintInput, INPUT]
    ) -> ForwardComplaintResult | None:
        """Enqueue the complaint's first delivery to the system; its status does not change."""
        return await transition(
            info, ForwardComplaintPayload, input, [], Transition(input.ticket, Action.FORWARD, to=input.system)
        )

    @strawberry.mutation(
        description=f"Send a delivery again now, with a new count of attempts. {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def retry_delivery(
        self, info: Info, input: Annotated[RetryDeliveryInput, INPUT]
    ) -> RetryDeliveryResult | None:
        """Retry the delivery. If the outcome of the last attempt is unknown, it may arrive twice."""
        return await _decide(info, RetryDeliveryPayload, input, delivery_decisions.retry)

    @strawberry.mutation(
        description="Give up a delivery: it is not sent any more. If it is the first one of a forwarded complaint, the"
        f" deliveries that depend on it are given up too. {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def give_up_delivery(
        self, info: Info, input: Annotated[GiveUpDeliveryInput, INPUT]
    ) -> GiveUpDeliveryResult | None:
        """Give up the delivery, and if it would have created the record, also those that depend on it."""
        return await _decide(info, GiveUpDeliveryPayload, input, delivery_decisions.give_up)

    @strawberry.mutation(
        description="Confirm that a delivery arrived, after a person has checked it in the other system."
        f" {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def confirm_delivery(
        self, info: Info, input: Annotated[ConfirmDeliveryInput, INPUT]
    ) -> ConfirmDeliveryResult | None:
        """Mark the delivery as arrived, so that the next one can be sent."""
        return await _decide(info, ConfirmDeliveryPayload, input, delivery_decisions.confirm, input.external_id)


async def _decide(
    info: Info, payload: type[PayloadT], input: DeliveryInput, decide: Decision, *more: str | None
) -> PayloadT | DeliveryErrors:
    context = info.context
    done = await run_checked(info, input, [], lambda db, cause: decide(db, cause, context.viewer, input.key, *more))
    if done is not None and not isinstance(done, Completed):
        return done
    delivery = await load_hub_node(context, Delivery, input.key) if done else None
    return payload(delivery=delivery) if delivery else DeliveryNotFound.in_language(context.language)
