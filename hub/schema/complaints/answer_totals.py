"""Totals of answers: how many complaints were answered, in time or not, and how long it took."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.categories import BY_CODE as CATEGORIES
from hub.complaints.enums import Channel, ComplaintStatus
from hub.kinds import Code
from hub.schema.aggregates import TotalsRange, aggregate
from hub.schema.complaints.aggregates import ComplaintTotalsGrouping
from hub.schema.context import Info
from hub.schema.cost import AGGREGATE_COST, SHORT_LIST_SIZE
from hub.store.queries import answer_totals, visibility
from hub.store.queries.aggregates import MIN_PUBLIC_GROUP_SIZE
from hub.store.queries.answer_totals import AnswerFigures as StoredFigures
from hub.viewer import Viewer

_CODES: dict[ComplaintTotalsGrouping, type[Code]] = {
    ComplaintTotalsGrouping.CHANNEL: Channel,
    ComplaintTotalsGrouping.STATUS: ComplaintStatus,
}


@strawberry.type(description="The answers to a number of complaints. For the public, small groups are not counted.")
class AnswerFigures:
    """The figures of a group, or of a month of it."""

    received: int | None = strawberry.field(
        description="The number of complaints. For the public, null if there are fewer than"
        f" {MIN_PUBLIC_GROUP_SIZE}, or if the number of such a group could be derived from it; then all other numbers"
        " are null as well."
    )
    answered: int | None = strawberry.field(description="How many of them have a final answer.")
    due: int | None = strawberry.field(
        description="How many of them were answered, or should have been by now: their deadline has passed."
    )
    in_time: int | None = strawberry.field(description="How many of them were answered before their deadline.")
    median_seconds: float | None = strawberry.field(
        description="The median time from receipt to the final answer, in seconds; null if none was answered, and for"
        f" the public if fewer than {MIN_PUBLIC_GROUP_SIZE} were."
    )
    p90_seconds: float | None = strawberry.field(name="p90Seconds", description="The same, at the 90th percentile.")

    @classmethod
    def from_figures(cls, figures: StoredFigures) -> Self:
        """Return the figures as the graph has them."""
        return cls(
            received=figures.received,
            answered=figures.answered,
            due=figures.due,
            in_time=figures.in_time,
            median_seconds=figures.median_seconds,
            p90_seconds=figures.p90_seconds,
        )


@strawberry.type(description="The answers to the complaints of one group that were received in one month.")
class AnswerMonth:
    """The figures of a month."""

    month: str = strawberry.field(description="The month in the time zone Asia/Jakarta, such as 2026-01.")
    figures: AnswerFigures = strawberry.field(description="The figures of the month.")


@strawberry.type(description="The answers to the complaints of one group.")
class AnswerTotal:
    """The total of one group."""

    key: str | None = strawberry.field(
        description="What the complaints of the group have in common; null for those without."
    )
    label: str | None = strawberry.field(description="The key, as text for people; null without a key.")
    figures: AnswerFigures = strawberry.field(
        description="The figures of the group. For the public, without the months in which it is too small."
    )
    months: list[AnswerMonth] = strawberry.field(
        description="The figures of each month in which a complaint of the group was received, earliest first.",
        directives=[SHORT_LIST_SIZE],
    )

    @classmethod
    def from_total(cls, total: answer_totals.AnswerTotal, by: ComplaintTotalsGrouping, language: str) -> Self:
        """Return the total with its label in ``language``."""
        months = [
            AnswerMonth(month=month, figures=AnswerFigures.from_figures(figures))
            for month, figures in total.months.items()
        ]
        label = _label(total, by, language)
        return cls(key=total.key, label=label, figures=AnswerFigures.from_figures(total.figures), months=months)


def _label(total: answer_totals.AnswerTotal, by: ComplaintTotalsGrouping, language: str) -> str | None:
    if total.key is None:
        return None
    if total.names:
        return total.names[language == "en"]
    found = _CODES[by](total.key) if by in _CODES else None
    if by is ComplaintTotalsGrouping.CATEGORY:
        found = CATEGORIES.get(total.key)  # type: ignore[assignment]
    if found is None:
        return total.key
    return found.label_en if language == "en" else found.label_id


class Query:
    """The query of answer totals."""

    @strawberry.field(
        description="How many complaints were answered, how many of them in time, and how long it took, by group and by"
        " the month of receipt. By default of the complaints received in the last 366 days. For the public only"
        " complete past months are counted, by default the last twelve, and only public complaints.",
        directives=[AGGREGATE_COST],
    )
    async def answer_totals(
        self,
        info: Info,
        by: Annotated[ComplaintTotalsGrouping, strawberry.argument(description="What to group by.")],
        keys: Annotated[
            list[str] | None,
            strawberry.argument(description="The groups to return, such as codes of agencies; all by default."),
        ] = None,
        range: TotalsRange = None,
    ) -> list[AnswerTotal]:
        """Compute the totals with two SQL statements, and name the groups with another."""
        public = not visibility.handles_complaints(info.context.viewer)

        async def total(
            db: AsyncConnection, viewer: Viewer, group: str, start: datetime, end: datetime
        ) -> list[answer_totals.AnswerTotal]:
            return await answer_totals.totals(db, viewer, group, keys, start, end)

        found = await aggregate(info, total, by, range, days=366, whole_months=public)
        return [AnswerTotal.from_total(each, by, info.context.language) for each in found]
