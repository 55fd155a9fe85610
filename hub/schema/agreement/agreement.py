"""Agreements: the state of a matter that two systems have, its differences and its history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from strawberry.utils.str_converters import to_camel_case

from hub.agreement.enums import AgreementState, DifferenceCause, NextStep
from hub.agreement.labels import field_label
from hub.kinds import Permit as PermitKind
from hub.messages import in_language
from hub.schema import ids
from hub.schema.agreement import part
from hub.schema.arguments import BadArgument
from hub.schema.authorization import requirement, requires
from hub.schema.complaints.complaint import Complaint
from hub.schema.context import Context, Info
from hub.schema.cost import HISTORY_SIZE, SHORT_LIST_SIZE
from hub.schema.licensing.permits import Permit
from hub.schema.nodes import LanguageArgument, Node, label_field, row_ref
from hub.schema.part import entity
from hub.schema.reports import CentralReport
from hub.store.queries import agreement_entity
from hub.store.queries.delivery_entity import OPERATE
from hub.store.queries.entities import HUB
from hub.store.queries.entity import Row
from hub.store.queries.visibility import READ

MAX_EVENTS = 100


@strawberry.type(description="One side of a matter.")
class AgreementSide:
    """A system with the id of its record."""

    system: str = strawberry.field(description="The name of the system; `hub` for the complaint service.")
    external_id: str | None = strawberry.field(
        description="The record's id in the system, or the complaint's ticket number; null if the side has none, or"
        " more than one."
    )
    node_id: strawberry.ID | None = strawberry.field(
        description="The id of the record or complaint, for `node`; null without `externalId`."
    )

    @classmethod
    def from_row(cls, row: Row, side: str) -> Self:
        """Return the side ``left`` or ``right`` of a row of ``matters``."""
        system, external_id = row[f"{side}_system"], row[f"{side}_id"]
        node: type[Node] = Complaint if system == HUB else Permit if row["pair"] == PermitKind.kind else CentralReport
        made = None if external_id is None else strawberry.ID(ids.encode(node.entity.name, (system, external_id)))
        return cls(system=system, external_id=external_id, node_id=made)


@strawberry.type(description="The value of a field at one side.")
class AgreementValue:
    """A value with its time."""

    system: str = strawberry.field(description="The name of the system; `hub` for the complaint service.")
    value: str | None = strawberry.field(description="The value, a code of the graph; null if the side has none.")
    at: datetime = strawberry.field(description="When the value was set, or its record changed.")


@strawberry.type(description="A field on which the two sides of a matter differ.")
class FieldDifference:
    """A row of ``differences``."""

    row: strawberry.Private[Row]
    field: str = strawberry.field(description="The field, named as in the graph, such as `status` or `validUntil`.")
    values: list[AgreementValue] = strawberry.field(description="The values of both sides.")
    decided_by: str | None = strawberry.field(
        description="The system that decides the field; null if it is not known, or if a person must decide."
    )
    cause: DifferenceCause = strawberry.field(description="Why the sides differ.")
    cause_label: str | None = label_field("cause", "Why the sides differ")
    since: datetime = strawberry.field(description="Since when they differ: when the later value was set.")
    next_step: NextStep = strawberry.field(description="What happens next.")
    next_step_label: str | None = label_field("next_step", "What happens next")

    @strawberry.field(description="The name of the field, as text for people.")
    def label(self, info: Info, language: LanguageArgument = None) -> str:
        """Return the field's name in one language."""
        return in_language(
            field_label(self.row["field"]), language.value.lower() if language else info.context.language
        )

    @classmethod
    def from_row(cls, row: Row, matter: Row) -> Self:
        """Return the difference of a row of ``differences``."""
        values = [
            AgreementValue(system=matter[f"{side}_system"], value=row[f"{side}_value"], at=row[f"{side}_at"])
            for side in ("left", "right")
        ]
        return cls(
            row=row,
            field=to_camel_case(row["field"]),
            values=values,
            decided_by=_system(matter, row["decider"]),
            cause=DifferenceCause(row["cause"]),
            since=max(row["left_at"], row["right_at"]),
            next_step=NextStep(row["next_step"]),
        )


@strawberry.type(description="A change of a matter's state, or an act of a person about it.")
class AgreementEvent:
    """A row of ``agreement_events``."""

    at: datetime = strawberry.field(description="When it happened.")
    state: AgreementState = strawberry.field(description="The state after it; never PENDING.")
    state_label: str | None = label_field("state", "The state after it")
    cause: DifferenceCause | None = strawberry.field(description="Why the sides differed; null if they agreed.")
    fields: list[str] = strawberry.field(description="The fields on which they differed, named as in the graph.")
    actor: str | None = strawberry.field(
        description="Who caused it: the system whose change was read, `worker`, or the id of the person who acted. Null"
        f" without the scope {OPERATE}."
    )
    note: str | None = strawberry.field(
        description="The act of a person, with its reason; null for a change of state. Null without the scope"
        f" {OPERATE}."
    )
    seconds: float | None = strawberry.field(
        description="How many seconds it took until the sides agreed; null if they do not."
    )

    @classmethod
    def from_row(cls, row: Row, *, operates: bool) -> Self:
        """Return the event of a row; who acted and why only for a viewer that ``operates`` the hub."""
        return cls(
            at=row["at"],
            state=AgreementState(row["state"]),
            cause=DifferenceCause(row["cause"]) if row["cause"] else None,
            fields=[to_camel_case(field) for field in row["fields"]],
            actor=row["actor"] if operates else None,
            note=row["note"] if operates else None,
            seconds=row["seconds"],
        )


def _system(row: Row, side: str | None) -> str | None:
    """Return the system of the side ``LEFT`` or ``RIGHT`` of a matter."""
    system: str | None = row[f"{side.lower()}_system"] if side else None
    return system


@entity(
    part,
    "Whether two systems that have the same matter agree on it: a permit at the national and at the regional licensing"
    " system, or a complaint and its report.",
)
class Agreement(Node):
    """A row of ``matters``."""

    entity = agreement_entity.MATTER

    row: strawberry.Private[Row]
    pair: str = strawberry.field(description="What the two systems share: `permit` or `report`.")
    state: AgreementState = strawberry.field(description="Whether the two sides agree.")
    state_label: str | None = label_field("state", "Whether the two sides agree")
    since: datetime = strawberry.field(description="Since when they agree or do not.")
    cause: DifferenceCause | None = strawberry.field(
        description="Why they differ, in the most important field; null if they agree."
    )
    cause_label: str | None = label_field("cause", "Why they differ")
    next_step: NextStep | None = strawberry.field(description="What happens next; null if they agree.")
    next_step_label: str | None = label_field("next_step", "What happens next")
    next_at: datetime | None = strawberry.field(
        description="The earliest time of the next attempt to send; null if nothing is to be sent."
    )
    decided_by: str | None = strawberry.field(
        description="The system that decides the status; null if it is not known, or if a person must decide."
    )
    sides: list[AgreementSide] = strawberry.field(description="The two sides.")
    agency_code: str | None = strawberry.field(description="The code of the agency that handles it; null if unknown.")
    area_code: str | None = strawberry.field(description="The code of the area that it is for; null if unknown.")
    ignored_until: datetime | None = strawberry.field(
        description="Until when an officer ignores the disagreement; null if nobody does."
    )

    @strawberry.field(
        description="The fields on which the sides differ, the status first.", directives=[SHORT_LIST_SIZE]
    )
    async def differences(self, info: Info) -> list[FieldDifference]:
        """Load them with one SQL statement per level."""
        rows = await info.context.load("differences", agreement_entity.list_differences, self.row["id"])
        return [FieldDifference.from_row(row, self.row) for row in rows or ()]

    @strawberry.field(
        description="The changes of the state and the acts of persons, latest first.", directives=[HISTORY_SIZE]
    )
    async def history(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description=f"The maximum number: 1 to {MAX_EVENTS}.")] = 20,
    ) -> list[AgreementEvent]:
        """Load it with one SQL statement per level."""
        if not 1 <= first <= MAX_EVENTS:
            raise BadArgument(
                f"`first` must be between 1 and {MAX_EVENTS}.", f"`first` harus antara 1 dan {MAX_EVENTS}."
            )
        load = agreement_entity.events_loader(first)
        rows = await info.context.load(("agreement events", first), load, self.row["id"])
        operates = info.context.viewer.may(OPERATE)
        return [AgreementEvent.from_row(row, operates=operates) for row in rows or ()]

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the agreement of a row of ``matters``."""
        return cls(
            ref=row_ref(row),
            row=row,
            pair=row["pair"],
            state=AgreementState(row["shown_state"]),
            since=row["since"],
            cause=DifferenceCause(row["cause"]) if row["cause"] else None,
            next_step=NextStep(row["next_step"]) if row["next_step"] else None,
            next_at=row["next_at"],
            decided_by=_system(row, row["decider"]),
            sides=[AgreementSide.from_row(row, "left"), AgreementSide.from_row(row, "right")],
            agency_code=row["agency_code"],
            area_code=row["area_code"],
            ignored_until=row["ignored_until"],
        )


async def _load(context: Context, node: Node) -> Agreement | None:
    row = await context.load("agreement", agreement_entity.of_sides, node.ref)
    return None if row is None else Agreement.from_row(row)


@part.extends(Permit)
class _PermitAgreement:
    @strawberry.field(
        description="Whether the other licensing system has the same values; null if no other system could have it."
    )
    async def agreement(self: Any, info: Info) -> Agreement | None:
        """Load it with one SQL statement per level."""
        return await _load(info.context, self)


@part.extends(CentralReport)
class _ReportAgreement:
    @strawberry.field(
        description="Whether the report and its complaint agree; null if it has none that the viewer may see in full."
    )
    async def agreement(self: Any, info: Info) -> Agreement | None:
        """Load it with one SQL statement per level."""
        return await _load(info.context, self)


@part.extends(Complaint)
class _ComplaintAgreement:
    @strawberry.field(
        description="Agreement with the record at another system; of several, the one that agrees least;"
        f" null if no system shares it. {requirement(READ)}",
        extensions=requires(READ),
    )
    async def agreement(self: Any, info: Info) -> Agreement | None:
        """Load it with one SQL statement per level."""
        return await _load(info.context, self)
