"""Agreement by day, for operators."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

import strawberry
from strawberry.utils.str_converters import to_camel_case

from hub.agreement.labels import field_label, pair_label
from hub.messages import in_language
from hub.schema.arguments import BadArgument
from hub.schema.authorization import requirement, requires
from hub.schema.context import Info
from hub.schema.cost import AGGREGATE_COST
from hub.schema.operations import OPERATE
from hub.store.agreement import days as kept
from hub.store.agreement.days import KEPT_DAYS


@strawberry.type(description="How many matters of a pair agreed at the end of a day in Jakarta; today's as it is now.")
class AgreementDay:
    """One pair, or one of its fields, on one day."""

    day: date = strawberry.field(description="The day.")
    pair: str = strawberry.field(description="What the two systems share.")
    pair_label: str = strawberry.field(description="The pair, as text for people.")
    field: str | None = strawberry.field(description="The field that is compared; null for the whole matter.")
    field_label: str | None = strawberry.field(description="The field, as text for people; null without a field.")
    matters: int = strawberry.field(description="The number of matters of the pair.")
    agreed: int = strawberry.field(description="The number of matters that agreed, or agreed on the field.")
    share_agreed: float = strawberry.field(description="The share of matters that agreed, from 0 to 1.")

    @classmethod
    def from_row(cls, row: kept.AgreementDay, language: str) -> Self:
        """Return the day with its labels in ``language``."""
        agreed = row.matters - row.open
        return cls(
            day=row.day,
            pair=row.pair,
            pair_label=in_language(pair_label(row.pair), language),
            field=to_camel_case(row.field) if row.field else None,
            field_label=in_language(field_label(row.field), language) if row.field else None,
            matters=row.matters,
            agreed=agreed,
            share_agreed=agreed / row.matters,
        )


class Query:
    """The query of agreement by day."""

    @strawberry.field(
        description="How many matters agreed on each day, by pair and by each field on which any did not, the earliest"
        f" first. {requirement(OPERATE)}",
        directives=[AGGREGATE_COST],
        extensions=requires(OPERATE),
    )
    async def agreement_days(
        self,
        info: Info,
        days: Annotated[
            int, strawberry.argument(description=f"How many days back from today, 1 to {KEPT_DAYS}, 90 by default.")
        ] = 90,
    ) -> list[AgreementDay] | None:
        """Read what the worker recorded."""
        if not 1 <= days <= KEPT_DAYS:
            raise BadArgument(f"`days` must be between 1 and {KEPT_DAYS}.", f"`days` harus antara 1 dan {KEPT_DAYS}.")
        async with info.context.read() as db:
            found = await kept.read(db, days)
        return [AgreementDay.from_row(each, info.context.language) for each in found]
