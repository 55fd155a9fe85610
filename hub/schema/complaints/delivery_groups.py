"""Deliveries that do not arrive, grouped by error, and acts on many of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.forwarding import DeliveryAction, DeliveryState
from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual, in_language
from hub.schema.authorization import requirement, requires
from hub.schema.complaints.deliveries import Delivery
from hub.schema.complaints.mutations import INPUT, IdempotentInput, result
from hub.schema.context import Context, Info
from hub.schema.cost import SHORT_LIST_SIZE
from hub.schema.enums import describe_enum
from hub.schema.lookups import load_nodes
from hub.schema.run_once import Rejection, Repeated, run_once
from hub.store.queries.delivery_entity import OPERATE
from hub.store.queries.entities import HUB
from hub.store.use_cases import delivery_groups
from hub.store.use_cases.delivery_groups import MAX_DELIVERIES, DeliveryAct
from hub.store.use_cases.delivery_groups import DeliveryOutcome as StoredOutcome

describe_enum(
    DeliveryAct,
    "A decision on deliveries.",
    {
        DeliveryAct.RETRY: "Send them again now, as `retryDelivery` does.",
        DeliveryAct.GIVE_UP: "Send them no more, as `giveUpDelivery` does.",
        DeliveryAct.CONFIRM: "Record that they arrived, as `confirmDelivery` does without an external id.",
    },
)
_EITHER = Bilingual("Name `keys` or `group`, one of them.", "Isi `keys` atau `group`, salah satu.")


@strawberry.type(
    description="Deliveries to a system that failed with one error: those that are retried, and those that wait for a"
    " person. Deliveries of secret complaints that the viewer may not see are not counted."
)
class DeliveryGroup:
    """A group of failed deliveries."""

    key: str = strawberry.field(description="Identifies the group, for filters and acts.")
    system: str = strawberry.field(description="The name of the receiving system.")
    state: DeliveryState = strawberry.field(description="The state of the deliveries.")
    action: DeliveryAction = strawberry.field(description="What they transmit.")
    error: str | None = strawberry.field(description="Their last error with `#` for its numbers; null without one.")
    count: int = strawberry.field(description="How many deliveries it has.")
    oldest: datetime = strawberry.field(description="When the oldest of them was created.")
    next_at: datetime | None = strawberry.field(description="When the next of them is tried again; null if none is.")


@strawberry.input(description="Input of `actOnDeliveries`.")
class ActOnDeliveriesInput(IdempotentInput):
    """Input of ``actOnDeliveries``."""

    act: DeliveryAct = strawberry.field(description="What to do.")
    keys: list[str] | None = strawberry.field(
        default=None, description="The numbers of the deliveries. Either this or `group`."
    )
    group: str | None = strawberry.field(
        default=None,
        description=f"All deliveries of the group with this key, {MAX_DELIVERIES} at most. Either this or `keys`.",
    )
    preview: bool = strawberry.field(
        default=False, description="Whether to return what would be done, without doing it."
    )


@strawberry.type(description="What was done, or would be done, about one delivery.")
class DeliveryOutcome:
    """The outcome of one delivery."""

    key: str = strawberry.field(description="The delivery's number.")
    accepted: bool = strawberry.field(description="Whether the act was done; in a preview, whether it would be.")
    message: str = strawberry.field(
        description="What the act does, or why it cannot be done, in the language of the request."
    )
    delivery: Delivery | None = strawberry.field(
        description="The delivery afterwards; null if it is not visible to the viewer."
    )


@strawberry.type(description="The result of `actOnDeliveries`. Each delivery is decided by itself.")
class ActOnDeliveriesPayload:
    """The outcomes."""

    preview: bool = strawberry.field(description="Whether nothing was done.")
    repeated: bool = strawberry.field(
        description="Whether this idempotency key was used before: nothing is done again, and `outcomes` is empty."
    )
    outcomes: list[DeliveryOutcome] = strawberry.field(
        description="One for each delivery.", directives=[SHORT_LIST_SIZE]
    )


ActOnDeliveriesResult = Annotated[ActOnDeliveriesPayload | Rejection, result("actOnDeliveries")]


class Query:
    """The query of groups."""

    @strawberry.field(
        description=f"Deliveries that failed, grouped by error, the largest group first. {requirement(OPERATE)}",
        directives=[SHORT_LIST_SIZE],
        extensions=requires(OPERATE),
    )
    async def delivery_groups(self, info: Info) -> list[DeliveryGroup] | None:
        """Load them with one SQL statement."""
        async with info.context.read() as db:
            found = await delivery_groups.groups(db, info.context.viewer)
        return [
            DeliveryGroup(
                **{name: getattr(each, name) for name in ("key", "system", "error", "count", "oldest", "next_at")},
                state=DeliveryState(each.state),
                action=DeliveryAction(each.action),
            )
            for each in found
        ]


class Mutation:
    """The mutation of many deliveries."""

    @strawberry.mutation(
        description="Decide on many deliveries: those of `keys`, or those of a group. With `preview`, see what would be"
        f" done. {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def act_on_deliveries(
        self, info: Info, input: Annotated[ActOnDeliveriesInput, INPUT]
    ) -> ActOnDeliveriesResult | None:
        """Decide in one transaction."""
        context = info.context

        async def act(db: AsyncConnection) -> tuple[StoredOutcome, ...] | list[Problem]:
            if (input.keys is None) == (input.group is None):
                return [Problem("keys", ProblemCode.REQUIRED, _EITHER)]
            cause = context.cause(f"mutation:{info.field_name}")
            return await delivery_groups.act_on(
                *(db, cause, context.viewer, input.act),
                keys=input.keys,
                group=input.group,
                preview=input.preview,
            )

        done = await run_once(info, input, act)
        if isinstance(done, Rejection):
            return done
        return ActOnDeliveriesPayload(
            preview=input.preview,
            repeated=isinstance(done, Repeated),
            outcomes=[] if isinstance(done, Repeated) else await _outcomes(context, done),
        )


async def _outcomes(context: Context, found: tuple[StoredOutcome, ...]) -> list[DeliveryOutcome]:
    nodes = await load_nodes(context, Delivery, [(HUB, each.key) for each in found])
    return [
        DeliveryOutcome(
            key=each.key,
            accepted=each.accepted,
            message=in_language(each.message, context.language),
            delivery=node if isinstance(node, Delivery) else None,
        )
        for each, node in zip(found, nodes, strict=True)
    ]
