"""Totals of permits by group."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from hub.kinds import Code, PermitAuthority, PermitSector
from hub.schema.context import Info
from hub.schema.cost import AGGREGATE_COST
from hub.schema.licensing import SCOPE
from hub.store.queries import permit_totals
from hub.store.queries.aggregates import MIN_PUBLIC_GROUP_SIZE


@strawberry.enum(description="What permits are grouped by.")
class PermitTotalsGrouping(Enum):
    """Groupings of permit totals; each value is the name of a fact."""

    AGENCY = strawberry.enum_value("agency_code", description="The code of the agency; null for permits without one.")
    AREA = strawberry.enum_value("area_code", description="The code of the area; null for permits without one.")
    SECTOR = strawberry.enum_value("sector", description="What the permits are for; null if unknown.")
    AUTHORITY = strawberry.enum_value(
        "authority", description="The level of government that decides the permits; null if unknown."
    )


_CODES: dict[PermitTotalsGrouping, type[Code]] = {
    PermitTotalsGrouping.SECTOR: PermitSector,
    PermitTotalsGrouping.AUTHORITY: PermitAuthority,
}


@strawberry.type(description="The number of permits of one group, and how often their clocks were restarted.")
class PermitTotal:
    """The total of one group."""

    key: str | None = strawberry.field(description="What the permits of the group have in common.")
    label: str | None = strawberry.field(description="The key, as text for people; null without a key.")
    permits: int | None = strawberry.field(
        description="The number of permits and applications; one that two systems have is counted once, as the system"
        f" that decides it has it. For the public, null if there are fewer than {MIN_PUBLIC_GROUP_SIZE}, or if the"
        " number of such a group could be derived from it; then all other numbers are null as well."
    )
    restarted: int | None = strawberry.field(
        description="The number of permits whose clock the hub has seen restarted."
    )
    restarts: int | None = strawberry.field(description="How often their clocks were restarted, in total.")

    @classmethod
    def from_total(cls, total: permit_totals.PermitTotal, by: PermitTotalsGrouping, language: str) -> Self:
        """Return the total with its label in ``language``."""
        return cls(
            key=total.key,
            label=_label(total, by, language),
            permits=total.permits,
            restarted=total.restarted,
            restarts=total.restarts,
        )


def _label(total: permit_totals.PermitTotal, by: PermitTotalsGrouping, language: str) -> str | None:
    if total.key is None or by not in _CODES:
        return total.name or total.key
    code = _CODES[by](total.key)
    return code.label_en if language == "en" else code.label_id


class Query:
    """The query of permit totals."""

    @strawberry.field(
        description="The number of permits by group, and how often the offices' clocks were restarted. Viewers with"
        f" the scope {SCOPE} get the totals of what they may see; others those of all permits, without small groups.",
        directives=[AGGREGATE_COST],
    )
    async def permit_totals(
        self,
        info: Info,
        by: Annotated[PermitTotalsGrouping, strawberry.argument(description="What to group by.")],
    ) -> list[PermitTotal]:
        """Count the permits with one SQL statement, and name the groups with another."""
        context = info.context
        async with context.read() as db:
            found = await permit_totals.totals(db, context.viewer, str(by.value))
        return [PermitTotal.from_total(each, by, context.language) for each in found]
