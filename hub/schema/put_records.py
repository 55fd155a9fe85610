"""The mutation ``putRecords``: a system pushes some of its records, and each row has its own outcome."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

import orjson
import strawberry
from strawberry.scalars import JSON

from hub.auth.scopes import may_sync
from hub.complaints.idempotency import check_key
from hub.complaints.problems import Problem, ProblemCode
from hub.kinds import Code
from hub.messages import Bilingual, in_language
from hub.schema.authorization import AUTHENTICATED
from hub.schema.complaints.errors import IdempotencyConflict, InvalidInput, UserError, UserErrorCode
from hub.schema.complaints.mutations import INPUT, KEY, result
from hub.schema.context import Info
from hub.schema.nodes import code_enum
from hub.store.idempotency import KeyConflict
from hub.store.ingest import uploads
from hub.store.ingest.uploads import RowResult, Upload

MAX_ROWS = 500

_NO_SYSTEM = Bilingual(
    "The system does not exist or you may not push its records; check its name and the scope records:sync.<system>.",
    "Sistem tidak ada atau Anda tidak boleh mengirim catatannya; periksa nama dan cakupan records:sync.<sistem>.",
)


class PutRecordOutcome(Code):
    """The outcome of one row of `putRecords`."""

    CREATED = "CREATED", "Baru", "New", "The record was new and was stored."
    UPDATED = "UPDATED", "Diperbarui", "Updated", "The hub had an older version, which was replaced."
    UNCHANGED = (
        "UNCHANGED",
        "Tidak berubah",
        "Unchanged",
        "The hub already had this version, or a later row of the request replaces this row.",
    )
    STALE = (
        "STALE",
        "Usang",
        "Stale",
        "The hub has a newer version, which was kept. It is in `current` unless the record is secret.",
    )
    QUARANTINED = (
        "QUARANTINED",
        "Dikarantina",
        "Quarantined",
        (
            "The row could not be read completely and waits for an operator. If only a code is unknown, the"
            " record was stored too."
        ),
    )
    REFUSED = "REFUSED", "Ditolak", "Refused", "The row is not a JSON object that the hub accepts; it was not stored."


code_enum(PutRecordOutcome, "The outcome of one row of `putRecords`.")


@strawberry.input(description="Input of `putRecords`: records of a system, sent by that system.")
class PutRecordsInput:
    """Input of ``putRecords``: at most ``MAX_ROWS`` rows."""

    idempotency_key: str = strawberry.field(description=KEY)
    system: str = strawberry.field(description="The name of the system that the records belong to.")
    rows: list[JSON] = strawberry.field(
        description=f"1 to {MAX_ROWS} JSON objects in the system's own format, as in its own lists. The request body"
        " is limited (256 KB by default); use POST /bulk/{system} for more."
    )


@strawberry.type(description="The stored version of a record.")
class CurrentRecord:
    """The stored version of a record. It has no personal data, because the hub never stores it."""

    version: str = strawberry.field(description="The version number, as a decimal string; a higher number is newer.")
    status: str = strawberry.field(description="The record's status: a value of the enum for its kind.")
    source_status: str = strawberry.field(
        description="The status exactly as the system sent it; the values are defined by the system."
    )
    updated_at: datetime = strawberry.field(description="When the record last changed in its system.")
    body: JSON = strawberry.field(description="The record's fields without free text, named as in `changes`.")

    @classmethod
    def from_stored(cls, current: uploads.CurrentRecord) -> Self:
        """Return the version for ``current``."""
        return cls(
            version=str(current.version),
            status=current.status,
            source_status=current.source_status,
            updated_at=current.updated_at,
            body=JSON(current.body),
        )


@strawberry.type(description="The result of one row.")
class PutRecordResult:
    """The result of one row."""

    row: int = strawberry.field(
        description="The number of the row in `rows`, from 1, as in the results of `/bulk/{system}`."
    )
    index: int = strawberry.field(
        description="The index of the row in `rows`, from 0.",
        deprecation_reason="Use `row`, from 1. It stays until 2027-12-31.",
    )
    external_id: str | None = strawberry.field(
        description="The record's id in its system; null if it could not be read."
    )
    outcome: PutRecordOutcome = strawberry.field(description="The outcome of the row.")
    reason: str | None = strawberry.field(description="Why the row was quarantined or refused; null otherwise.")
    current: CurrentRecord | None = strawberry.field(
        description="The stored version if the row is STALE; null otherwise, and for a secret record."
    )

    @classmethod
    def from_row_result(cls, row: int, row_result: RowResult) -> Self:
        """Return the result of row number ``row``."""
        return cls(
            row=row,
            index=row - 1,
            external_id=row_result.result.external_id,
            outcome=PutRecordOutcome(row_result.result.outcome.value),
            reason=row_result.result.reason,
            current=CurrentRecord.from_stored(row_result.current) if row_result.current else None,
        )


@strawberry.type(description="The result of `putRecords`. Rows are processed independently of each other.")
class PutRecordsPayload:
    """The results of all rows."""

    rows: list[PutRecordResult] = strawberry.field(description="The results of the rows, in the order of the input.")


@strawberry.type(description="The system does not exist, or the viewer may not push its records. Nothing was stored.")
class SystemNotFound(UserError):
    """The viewer cannot distinguish the two cases."""

    @classmethod
    def in_language(cls, language: str) -> Self:
        """Return the error with its message in ``language``."""
        return cls(code=UserErrorCode.NOT_FOUND, message=in_language(_NO_SYSTEM, language))


PutRecordsResult = Annotated[
    PutRecordsPayload | InvalidInput | IdempotencyConflict | SystemNotFound, result("putRecords")
]


class Mutation:
    """The mutation for the clients of systems."""

    @strawberry.mutation(
        description="Push records of a system to the hub. Requires the scope records:sync.<system> of that system.",
        directives=[AUTHENTICATED],
    )
    async def put_records(self, info: Info, input: Annotated[PutRecordsInput, INPUT]) -> PutRecordsResult | None:
        """Store the rows independently of each other: a bad row does not stop the others."""
        context = info.context
        language, push, viewer = context.language, context.push_records, context.viewer
        allowed = may_sync(viewer, input.system)
        if problems := [*check_key(input.idempotency_key), *_check_rows(input.rows)]:
            return InvalidInput.from_problems(problems, language)
        rows = [_json_line(row) for row in input.rows]
        upload = Upload(viewer.name, input.system, input.idempotency_key)
        done = await push(upload, context.cause(f"mutation:{info.field_name}"), rows) if push and allowed else None
        if done is None:
            return SystemNotFound.in_language(language)
        if isinstance(done, KeyConflict):
            return IdempotencyConflict.in_language(language)
        context.clear_cache()
        return PutRecordsPayload(
            rows=[PutRecordResult.from_row_result(row, row_result) for row, row_result in enumerate(done, start=1)]
        )


def _json_line(row: Any) -> bytes:
    """Return a row as one line of JSON; an empty line, which is refused, if orjson cannot write the row."""
    try:
        return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return b""


def _check_rows(rows: Sequence[Any]) -> list[Problem]:
    if 1 <= len(rows) <= MAX_ROWS:
        return []
    message = Bilingual(
        f"1 to {MAX_ROWS} rows; there are {len(rows)}.", f"1 sampai {MAX_ROWS} baris; sekarang {len(rows)}."
    )
    return [Problem("rows", ProblemCode.TOO_MANY if rows else ProblemCode.REQUIRED, message)]
