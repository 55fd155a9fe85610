"""Disagreements: the list of matters on which two systems do not agree, and the mutation that resolves them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, ClassVar

import strawberry
from strawberry.utils.str_converters import to_snake_case

from hub.agreement.acts import MAX_MATTERS, Act, DisagreementAct
from hub.agreement.enums import AgreementState, DifferenceCause
from hub.complaints.idempotency import check_key
from hub.complaints.problems import Problem, ProblemCode
from hub.kinds import PermitAuthority, PermitSector
from hub.messages import Bilingual, in_language
from hub.schema import ids
from hub.schema.agreement.agreement import Agreement
from hub.schema.arguments import After, Before, First, Last, PageArguments, filter_conditions
from hub.schema.authorization import requirement, requires
from hub.schema.complaints.errors import IdempotencyConflict, InvalidInput
from hub.schema.complaints.mutations import INPUT, IdempotentInput, result
from hub.schema.connections import load_page
from hub.schema.context import Context, Info
from hub.schema.cost import CONNECTION_SIZE, SHORT_LIST_SIZE
from hub.schema.lookups import load_nodes
from hub.schema.nodes import Connection
from hub.store import idempotency
from hub.store.idempotency import IdempotencyKey, KeyConflict
from hub.store.queries.delivery_entity import OPERATE
from hub.store.queries.entities import HUB
from hub.store.use_cases import disagreements
from hub.store.use_cases.disagreement_acts import Result
from hub.store.use_cases.disagreements import Where

_OPEN: Where = (("open", True),)


@strawberry.input(
    description="Conditions on disagreements. A disagreement must meet all conditions; within one condition any value"
    " matches."
)
class DisagreementFilter:
    """Conditions; each is named like a filter of the entity."""

    pair: list[str] | None = strawberry.field(default=None, description="Pairs: `permit` or `report`.")
    field: list[str] | None = strawberry.field(
        default=None, description="Fields on which the sides differ, such as `status` or `validUntil`."
    )
    cause: list[DifferenceCause] | None = strawberry.field(default=None, description="Why they differ.")
    state: list[AgreementState] | None = strawberry.field(default=None, description="States other than AGREED.")
    agency: list[str] | None = strawberry.field(default=None, description="Codes of agencies.")
    area: list[str] | None = strawberry.field(default=None, description="Codes of areas, such as 33.74.")
    sector: list[PermitSector] | None = strawberry.field(default=None, description="Sectors of permits.")
    authority: list[PermitAuthority] | None = strawberry.field(
        default=None, description="The levels of government that decide permits."
    )
    older_than: datetime | None = strawberry.field(default=None, description="Began before this time.")
    system: list[str] | None = strawberry.field(default=None, description="Names of systems on either side.")
    ignored: bool | None = strawberry.field(default=None, description="Whether an officer ignores it for now.")

    parsers: ClassVar[dict[str, Callable[[Any], Any]]] = {"field": to_snake_case}


@strawberry.enum(description="Sort orders of disagreements.")
class DisagreementOrderBy(Enum):
    """Sort orders; each value is the name of an order of the entity."""

    SINCE_ASC = strawberry.enum_value("SINCE_ASC", description="Oldest first.")
    SINCE_DESC = strawberry.enum_value("SINCE_DESC", description="Latest first.")


class Query:
    """The query of disagreements."""

    @strawberry.field(
        description="Matters on which two systems do not agree, oldest first: those of permits for viewers with the"
        " scope licensing:read, those of complaints for viewers who see the complaint in full.",
        directives=[CONNECTION_SIZE],
    )
    async def disagreements(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[
            DisagreementFilter | None,
            strawberry.argument(description="Return only rows that match; all rows by default."),
        ] = None,
        order_by: Annotated[
            DisagreementOrderBy, strawberry.argument(description="The sort order.")
        ] = DisagreementOrderBy.SINCE_ASC,
    ) -> Connection[Agreement]:
        """Return a page of the disagreements that the viewer may see."""
        part = PageArguments(first, after, last, before).request(Agreement.entity, order_by, filter)
        return await load_page(info.context, Agreement, replace(part, where=(*part.where, *_OPEN)))


@strawberry.input(description="Input of `resolveDisagreement`: an act about the disagreements of `ids` or `filter`.")
class ResolveDisagreementInput(IdempotentInput):
    """A person's act about up to ``MAX_MATTERS`` disagreements."""

    ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description=f"Ids of agreements: 1 to {MAX_MATTERS}. Either this or `filter`."
    )
    filter: DisagreementFilter | None = strawberry.field(
        default=None, description=f"The disagreements that match, {MAX_MATTERS} at most. Either this or `ids`."
    )
    act: DisagreementAct = strawberry.field(description="What to do.")
    until: datetime | None = strawberry.field(default=None, description="For IGNORE_UNTIL: a time in the next year.")
    reason: str | None = strawberry.field(
        default=None, description="The reason, for the history; 1 to 500 characters. Required for IGNORE_UNTIL."
    )
    record: str | None = strawberry.field(
        default=None, description="For CONFIRM_MATCH: the id of the other side's record in its system."
    )
    preview: bool = strawberry.field(
        default=False, description="Whether to return what would be done, without doing it."
    )


@strawberry.type(description="What was done, or would be done, about one disagreement.")
class DisagreementOutcome:
    """The outcome of one matter."""

    id: strawberry.ID = strawberry.field(description="The id of the agreement.")
    accepted: bool = strawberry.field(description="Whether the act was done; in a preview, whether it would be.")
    message: str = strawberry.field(
        description="What the act does, or why it cannot be done, for people, in the language of the request."
    )
    agreement: Agreement | None = strawberry.field(
        description="The agreement afterwards; null if it does not exist any more or is not visible to the viewer."
    )


@strawberry.type(description="The result of `resolveDisagreement`. Each disagreement is decided by itself.")
class ResolveDisagreementPayload:
    """The outcomes, in no particular order."""

    preview: bool = strawberry.field(description="Whether nothing was done.")
    repeated: bool = strawberry.field(
        description="Whether this idempotency key was used before: nothing is done again, and `outcomes` is empty."
    )
    outcomes: list[DisagreementOutcome] = strawberry.field(
        description="One for each disagreement.", directives=[SHORT_LIST_SIZE]
    )


ResolveDisagreementResult = Annotated[
    ResolveDisagreementPayload | InvalidInput | IdempotencyConflict, result("resolveDisagreement")
]


class Mutation:
    """The mutation of disagreements."""

    @strawberry.mutation(
        description="Act on disagreements, or with `preview` see what an act would do. Decisions on complaints also"
        f" require the scope complaints:assign. {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def resolve_disagreement(
        self, info: Info, input: Annotated[ResolveDisagreementInput, INPUT]
    ) -> ResolveDisagreementResult | None:
        """Do the act in one transaction; each one is recorded in the history."""
        context = info.context
        key = input.idempotency_key
        where = _conditions(input)
        problems = [*(check_key(key) if key is not None else []), *(where if isinstance(where, list) else [])]
        if problems or isinstance(where, list):
            return InvalidInput.from_problems(problems, context.language)
        done = await _run(info, input, where)
        if isinstance(done, KeyConflict):
            return IdempotencyConflict.in_language(context.language)
        if done and isinstance(done[0], Problem):
            return InvalidInput.from_problems([each for each in done if isinstance(each, Problem)], context.language)
        return ResolveDisagreementPayload(
            preview=input.preview, repeated=done is None, outcomes=await _outcomes(context, input, done or [])
        )


def _conditions(input: ResolveDisagreementInput) -> Where | list[Problem]:
    """Return the filters of the disagreements that are meant."""
    if (input.ids is None) == (input.filter is None):
        return [
            _problem("ids", ProblemCode.REQUIRED, "Name `ids` or `filter`, one of them.", "Isi `ids` atau `filter`.")
        ]
    if input.ids is None:
        return (*filter_conditions(input.filter), *_OPEN)
    if not 1 <= len(input.ids) <= MAX_MATTERS:
        text = (
            f"1 to {MAX_MATTERS} ids; there are {len(input.ids)}.",
            f"1 sampai {MAX_MATTERS} id; ada {len(input.ids)}.",
        )
        return [_problem("ids", ProblemCode.TOO_MANY if input.ids else ProblemCode.REQUIRED, *text)]
    numbers = [_number(each) for each in input.ids]
    if None in numbers:
        wrong = input.ids[numbers.index(None)]
        text = f"{wrong} is not the id of an agreement.", f"{wrong} bukan id dari kesesuaian."
        return [_problem("ids", ProblemCode.UNKNOWN, *text)]
    return (("ids", tuple(dict.fromkeys(numbers))),)


def _problem(field: str, code: ProblemCode, english: str, indonesian: str) -> Problem:
    return Problem(field, code, Bilingual(english, indonesian))


def _number(id_: str) -> int | None:
    try:
        name, (_, ref) = ids.decode(id_)
        return int(ref) if name == Agreement.entity.name and len(ref) < 19 else None
    except ValueError:
        return None


async def _run(
    info: Info, input: ResolveDisagreementInput, where: Where
) -> list[Result] | list[Problem] | KeyConflict | None:
    """Do the act once for its idempotency key; None if it was done before."""
    context, viewer = info.context, info.context.viewer
    act = Act(kind=input.act, until=input.until, reason=input.reason, record=input.record)
    cause = context.cause(f"mutation:{info.field_name}")
    if input.preview:
        async with context.read() as db:
            return await disagreements.resolve(db, cause, viewer, act, where, preview=True)
    name, key, params = f"{viewer.kind.value}:{viewer.name}", input.idempotency_key, dataclasses.asdict(input)
    stored = IdempotencyKey(name, info.field_name, key, params) if key is not None else None
    async with context.database.write(cause) as db:
        earlier = await idempotency.acquire(db, context.cipher, stored) if stored else None
        if earlier is not None:
            return earlier if isinstance(earlier, KeyConflict) else None
        done = await disagreements.resolve(db, cause, viewer, act, where, preview=False)
        if stored and done and isinstance(done[0], Problem):
            await idempotency.release(db, stored)
    context.clear_cache()
    return done


async def _outcomes(context: Context, input: ResolveDisagreementInput, results: list[Any]) -> list[DisagreementOutcome]:
    found: list[Result] = results
    nodes: list[Any] = await load_nodes(context, Agreement, [(HUB, str(each.matter_id)) for each in found])
    outcomes = [
        DisagreementOutcome(
            id=Agreement.id_of((HUB, str(each.matter_id))),
            accepted=each.accepted,
            message=in_language(each.message, context.language),
            agreement=node,
        )
        for each, node in zip(found, nodes, strict=True)
    ]
    seen = {each.id for each in outcomes}
    return [*outcomes, *(_missing(context, id_) for id_ in dict.fromkeys(input.ids or ()) if id_ not in seen)]


_MISSING = Bilingual(
    "There is no such agreement that you may see.", "Kesesuaian tidak ditemukan atau tidak dapat Anda lihat."
)


def _missing(context: Context, id_: strawberry.ID) -> DisagreementOutcome:
    return DisagreementOutcome(id=id_, accepted=False, message=in_language(_MISSING, context.language), agreement=None)
