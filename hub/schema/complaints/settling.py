"""What a person does about what leaves the hub: forward a complaint; retry, give up or confirm a delivery."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Self

import strawberry

from hub.complaints.problems import Message, Problem
from hub.complaints.workflow import Action, Refusal
from hub.schema.complaints.acts import INPUT, ActOnComplaint, MoveResult, Refused, Repeatable, move, tried
from hub.schema.complaints.deliveries import Delivery
from hub.schema.complaints.handling import ASSIGN
from hub.schema.context import Info
from hub.schema.listing import node_of_hub
from hub.schema.needs import needs
from hub.store.complaints.handling import Act
from hub.store.exchange import settling
from hub.store.promises import Done
from hub.store.reading.delivery_entity import OPERATE

_NOT_FOUND = Message(
    "Pengiriman tidak ditemukan atau tidak dapat Anda lihat; periksa nomornya.",
    "There is no such delivery that you may see; check its key.",
)


@strawberry.input(description="Bring a complaint to another system too.")
class ForwardComplaintInput(ActOnComplaint):
    """Forwarding."""

    system: str | None = strawberry.field(
        default=None, description="The system's name; may be left out where one alone takes complaints."
    )


@strawberry.input
class ActOnDelivery(Repeatable):
    """What every decision on a delivery is told."""

    key: str = strawberry.field(description="Which delivery, such as LG-2026-000123/2.")


@strawberry.input(description="Send a delivery again, now.")
class RetryDeliveryInput(ActOnDelivery):
    """Retrying."""


@strawberry.input(description="Send a delivery never.")
class GiveUpDeliveryInput(ActOnDelivery):
    """Giving up."""


@strawberry.input(description="Say that a delivery arrived.")
class ConfirmDeliveryInput(ActOnDelivery):
    """Confirming."""

    external_id: str | None = strawberry.field(
        default=None, description="The record it became, in the other system's own id; needed for CREATE."
    )


@strawberry.type(description="The decision was taken.")
class DeliveryDecided:
    """As it stands now."""

    delivery: Delivery = strawberry.field(description="The delivery as it stands now.")


@strawberry.type(description="There is no such delivery, or it is not yours to see.")
class DeliveryNotFound:
    """Both look the same."""

    message: str = strawberry.field(description="What to check.")

    @classmethod
    def of(cls, language: str) -> Self:
        """Always the same."""
        return cls(message=_NOT_FOUND.in_language(language))


Decided = DeliveryDecided | Refused | DeliveryNotFound
DecisionResult = Annotated[Decided, strawberry.union("DecideDeliveryResult", description="What came of a decision.")]
Deciding = Callable[..., Awaitable[Done | Refusal | list[Problem] | None]]


class Mutation:
    """One field an act."""

    @strawberry.mutation(
        description="Bring a complaint to another system too; what follows is told there as well. Needs"
        " complaints:assign.",
        extensions=needs(ASSIGN),
    )
    async def forward_complaint(self, info: Info, input: Annotated[ForwardComplaintInput, INPUT]) -> MoveResult | None:
        """It stays where it is."""
        return await move(info, input, [], Act(input.ticket, Action.FORWARD, to=input.system))

    @strawberry.mutation(
        description="Send a delivery again, now, with a budget as at first. Needs hub:operate.",
        extensions=needs(OPERATE),
    )
    async def retry_delivery(self, info: Info, input: Annotated[RetryDeliveryInput, INPUT]) -> DecisionResult | None:
        """Of one whose outcome is unknown a person takes it upon themselves that it may be there twice."""
        return await _decide(info, input, settling.retry)

    @strawberry.mutation(
        description="Send a delivery never; with a complaint that never went out, what should have followed it is given"
        " up too. Needs hub:operate.",
        extensions=needs(OPERATE),
    )
    async def give_up_delivery(self, info: Info, input: Annotated[GiveUpDeliveryInput, INPUT]) -> DecisionResult | None:
        """What comes after it may go."""
        return await _decide(info, input, settling.give_up)

    @strawberry.mutation(
        description="Say that a delivery arrived, as a person has seen there. Needs hub:operate.",
        extensions=needs(OPERATE),
    )
    async def confirm_delivery(
        self, info: Info, input: Annotated[ConfirmDeliveryInput, INPUT]
    ) -> DecisionResult | None:
        """What comes after it may go."""
        return await _decide(info, input, settling.confirm, input.external_id)


async def _decide(info: Info, input: ActOnDelivery, decide: Deciding, *more: str | None) -> Decided:
    context = info.context
    done = await tried(info, input, [], lambda db, cause: decide(db, cause, context.viewer, input.key, *more))
    if done is not None and not isinstance(done, Done):
        return done
    delivery = await node_of_hub(context, Delivery, input.key) if done else None
    return DeliveryDecided(delivery=delivery) if delivery else DeliveryNotFound.of(context.language)
