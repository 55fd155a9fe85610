"""What a system pushes by itself, in small: rows of its records, each with an outcome of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

import orjson
import strawberry
from strawberry.scalars import JSON

from hub.auth.scopes import may_sync
from hub.complaints.problems import Message, Problem, ProblemCode
from hub.complaints.references import check_key
from hub.kinds import Code
from hub.schema.complaints.acts import INPUT, KEY
from hub.schema.complaints.refusals import IdempotencyConflict, InvalidInput
from hub.schema.context import Info
from hub.schema.needs import KNOWN
from hub.schema.nodes import code_enum
from hub.store.ingest.pushes import Current, Told, Upload
from hub.store.promises import KeyTaken

ROWS_MAX = 500

_NO_SYSTEM = Message(
    "Tidak ada sistem itu yang datanya boleh Anda kirim; periksa namanya dan cakupan records:sync.<sistem>.",
    "There is no such system whose records you may push; check its name, and your scope records:sync.<system>.",
)


class RowOutcome(Code):
    """What became of a row that was put."""

    CREATED = "CREATED", "Baru", "New", "The hub did not know the record."
    UPDATED = "UPDATED", "Diperbarui", "Updated", "The hub knew an older version."
    UNCHANGED = "UNCHANGED", "Tidak berubah", "Unchanged", "The hub knew all of it, or a later row tells it anew."
    STALE = "STALE", "Usang", "Stale", "The hub knows a newer version, which is in `current`; nothing was changed."
    QUARANTINED = (
        "QUARANTINED",
        "Dikarantina",
        "Quarantined",
        "It cannot be read whole and waits for a person; with a code nobody knows it is kept as a record too.",
    )
    REFUSED = "REFUSED", "Ditolak", "Refused", "It is no JSON object the hub can take; nothing of it was kept."


code_enum(RowOutcome, "What became of a row that was put.")


@strawberry.input(description="Rows of a system's own records.")
class PutRecordsInput:
    """At most ``ROWS_MAX``."""

    idempotency_key: str = strawberry.field(description=KEY)
    system: str = strawberry.field(description="The name of the system the records are of.")
    rows: list[JSON] = strawberry.field(
        description=f"1 to {ROWS_MAX} objects in the system's own shape, as it lists them itself. The whole request"
        " has to fit into the limit of a body (256 KB unless set otherwise); more goes to /bulk/{system}."
    )


@strawberry.type(description="What the hub holds of a record.")
class StoredRecord:
    """Nothing personal is in it, because that is never stored."""

    version: str = strawberry.field(description="Orders what the system says of the record; a number.")
    status: str = strawberry.field(description="Its status, in the hub's words.")
    status_told: str = strawberry.field(description="The status in the system's own word.")
    updated_at: datetime = strawberry.field(description="When it last changed there.")
    body: JSON | None = strawberry.field(
        description="Its facts, as `changes` names them, without free text; null when the record is secret."
    )

    @classmethod
    def of(cls, current: Current) -> Self:
        """As it is stored."""
        return cls(
            version=str(current.version),
            status=current.status,
            status_told=current.told,
            updated_at=current.updated_at,
            body=None if current.body is None else JSON(current.body),
        )


@strawberry.type(description="What became of one row.")
class PutRow:
    """In the order of the input."""

    index: int = strawberry.field(description="Its place in `rows`, from 0.")
    external_id: str | None = strawberry.field(description="The system's id of the record, if that could be read.")
    outcome: RowOutcome = strawberry.field(description="What became of it.")
    reason: str | None = strawberry.field(description="Why it was not taken as it is, if so.")
    current: StoredRecord | None = strawberry.field(description="What the hub holds, where the row is older.")

    @classmethod
    def of(cls, index: int, told: Told) -> Self:
        """As the store tells it."""
        return cls(
            index=index,
            external_id=told.fate.external_id,
            outcome=RowOutcome(told.fate.outcome.value),
            reason=told.fate.reason,
            current=StoredRecord.of(told.current) if told.current else None,
        )


@strawberry.type(description="The rows were looked at, each for itself.")
class RecordsPut:
    """One outcome a row."""

    rows: list[PutRow] = strawberry.field(description="What became of each, in order.")


@strawberry.type(description="There is no such system, or its records are not yours to push; nothing was done.")
class UnknownSystem:
    """Both look the same."""

    message: str = strawberry.field(description="What to check.")

    @classmethod
    def of(cls, language: str) -> Self:
        """Always the same."""
        return cls(message=_NO_SYSTEM.in_language(language))


PutRecordsResult = Annotated[
    RecordsPut | InvalidInput | IdempotencyConflict | UnknownSystem,
    strawberry.union("PutRecordsResult", description="What came of rows that were put."),
]


class Mutation:
    """What a system's own client may do."""

    @strawberry.mutation(
        description="Push rows of a system's own records. Needs the scope records:sync.<system> of that system.",
        directives=[KNOWN],
    )
    async def put_records(self, info: Info, input: Annotated[PutRecordsInput, INPUT]) -> PutRecordsResult | None:
        """No row keeps another from being taken."""
        context = info.context
        language, push, viewer = context.language, context.push, context.viewer
        allowed = may_sync(viewer, input.system)
        if problems := [*check_key(input.idempotency_key), *_check_rows(input.rows)]:
            return InvalidInput.of(problems, language)
        rows = [_line(row) for row in input.rows]
        upload = Upload(viewer.name, input.system, input.idempotency_key)
        done = await push(upload, context.cause(f"mutation:{info.field_name}"), rows) if push and allowed else None
        if done is None:
            return UnknownSystem.of(language)
        if isinstance(done, KeyTaken):
            return IdempotencyConflict.of(language)
        context.forget()
        return RecordsPut(rows=[PutRow.of(index, told) for index, told in enumerate(done)])


def _line(row: Any) -> bytes:
    """A row as one line of JSON; of one nested or large beyond reason no more than that it is there."""
    try:
        return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return b""


def _check_rows(rows: Sequence[Any]) -> list[Problem]:
    if 1 <= len(rows) <= ROWS_MAX:
        return []
    message = Message(
        f"1 sampai {ROWS_MAX} baris; sekarang {len(rows)}.", f"1 to {ROWS_MAX} rows; there are {len(rows)}."
    )
    return [Problem("rows", ProblemCode.TOO_MANY if rows else ProblemCode.REQUIRED, message)]
