"""Totals of agreement by group."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry
from strawberry.utils.str_converters import to_camel_case

from hub.agreement.enums import DifferenceCause
from hub.agreement.labels import field_label, pair_label
from hub.messages import in_language
from hub.schema.context import Info
from hub.schema.cost import AGGREGATE_COST
from hub.store.queries import agreement_totals
from hub.store.queries.aggregates import MIN_PUBLIC_GROUP_SIZE
from hub.store.queries.agreement_totals import DAYS, SECONDS_DAYS


@strawberry.enum(description="What matters are grouped by.")
class AgreementTotalsGrouping(Enum):
    """Groupings of the totals."""

    PAIR = strawberry.enum_value("pair", description="What the two systems share.")
    FIELD = strawberry.enum_value(
        "field", description="The field on which they differ or differed; a matter may count for several."
    )
    CAUSE = strawberry.enum_value("cause", description="Why they differ or differed; a matter may count for several.")
    AGENCY = strawberry.enum_value("agency", description="The code of the agency; null for matters without one.")
    AREA = strawberry.enum_value("area", description="The code of the area; null for matters without one.")
    DAY = strawberry.enum_value(
        "day", description=f"The day in Jakarta on which their state began, in the last {DAYS} days."
    )


@strawberry.type(description="How many matters of one group agree, and how long it takes until they do.")
class AgreementTotal:
    """The total of one group."""

    key: str | None = strawberry.field(description="What the matters of the group have in common.")
    label: str | None = strawberry.field(description="The key, as text for people; null without a key.")
    matters: int | None = strawberry.field(
        description="The number of matters. For the public, null if there are fewer than"
        f" {MIN_PUBLIC_GROUP_SIZE}, or if the number of such a group could be derived from it; then all other fields"
        " are null as well."
    )
    agreed: int | None = strawberry.field(description="The number of matters on which both sides agree.")
    share_agreed: float | None = strawberry.field(description="The share of matters that agree, from 0 to 1.")
    median_seconds: float | None = strawberry.field(
        description=f"The median time until two sides agreed, in seconds, in the last {SECONDS_DAYS} days; null if none"
        " did."
    )
    p95_seconds: float | None = strawberry.field(name="p95Seconds", description="The same, at the 95th percentile.")
    oldest: datetime | None = strawberry.field(
        description="Since when the oldest matter does not agree; null if all agree."
    )

    @classmethod
    def from_total(cls, total: agreement_totals.AgreementTotal, by: AgreementTotalsGrouping, language: str) -> Self:
        """Return the total with its label in ``language``."""
        counted, agreed = total.matters, total.agreed
        field = by is AgreementTotalsGrouping.FIELD and total.key is not None
        return cls(
            key=to_camel_case(total.key) if field and total.key else total.key,
            label=_label(total, by, language),
            matters=counted,
            agreed=agreed,
            share_agreed=agreed / counted if counted and agreed is not None else None,
            median_seconds=total.median_seconds,
            p95_seconds=total.p95_seconds,
            oldest=total.oldest,
        )


def _label(total: agreement_totals.AgreementTotal, by: AgreementTotalsGrouping, language: str) -> str | None:
    if total.key is None:
        return None
    match by:
        case AgreementTotalsGrouping.PAIR:
            return in_language(pair_label(total.key), language)
        case AgreementTotalsGrouping.FIELD:
            return in_language(field_label(total.key), language)
        case AgreementTotalsGrouping.CAUSE:
            cause = DifferenceCause(total.key)
            return cause.label_en if language == "en" else cause.label_id
    return total.name or total.key


class Query:
    """The query of agreement totals."""

    @strawberry.field(
        description="How many matters agree, by group. Viewers with the scope licensing:read, and officers who handle"
        " complaints, get the totals of what they may see; others those of permits and public complaints.",
        directives=[AGGREGATE_COST],
    )
    async def agreement_totals(
        self,
        info: Info,
        by: Annotated[AgreementTotalsGrouping, strawberry.argument(description="What to group by.")],
    ) -> list[AgreementTotal]:
        """Count the matters with two SQL statements."""
        context = info.context
        async with context.read() as db:
            found = await agreement_totals.totals(db, context.viewer, str(by.value))
        return [AgreementTotal.from_total(each, by, context.language) for each in found]
