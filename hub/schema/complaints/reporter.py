"""The reporter of a complaint, and the access log.

A reporter is read only for a stated purpose, and each read is recorded in the access log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Self

import strawberry
from sqlalchemy import RowMapping
from strawberry.types.nodes import SelectedField, Selection

from hub.auth.purposes import HEADER_VALUES, Purpose
from hub.errors import PurposeRequired
from hub.kinds import Code
from hub.schema.context import Context, Info
from hub.schema.nodes import code_enum, label_field
from hub.store.complaints import access_log, timeline
from hub.store.queries.visibility import PII


class ReporterField(Code):
    """A field of ``Reporter``; the access log stores the name that the field has in the graph."""

    NAME = "NAME", "Nama", "Name", "The reporter's name."
    PHONE = "PHONE", "Nomor telepon", "Telephone number", "The reporter's telephone number."
    EMAIL = "EMAIL", "Alamat surel", "Mail address", "The reporter's email address."
    NIK = "NIK", "NIK", "NIK", "The reporter's national identity number (NIK)."


code_enum(ReporterField, "A field of a reporter's identity.")
code_enum(Purpose, "The purpose of reading a reporter's identity.")


@strawberry.type(description="The person who submitted a complaint.")
class Reporter:
    """The person who submitted a complaint: personal data."""

    name: str = strawberry.field(description="The reporter's name.")
    phone: str | None = strawberry.field(
        description="The reporter's telephone number in international format, such as +628110000000; null if not"
        " submitted."
    )
    email: str | None = strawberry.field(description="The reporter's email address.")
    nik: str | None = strawberry.field(description="The reporter's national identity number (NIK).")


@strawberry.type(description="A recorded read of the reporter's identity.")
class AccessLogEntry:
    """A row of the access log."""

    at: datetime = strawberry.field(description="When the identity was read.")
    reader: str = strawberry.field(
        description="The account or client that read it, under a stable pseudonym; never a person's name."
    )
    client: str | None = strawberry.field(description="The id of the OAuth client that sent the request.")
    purpose: Purpose = strawberry.field(description="The purpose of the read.")
    purpose_label: str | None = label_field("purpose", "The purpose of the read")
    fields: list[ReporterField] = strawberry.field(description="The fields that were read.")

    @classmethod
    def from_row(cls, row: RowMapping) -> Self:
        """Return the entry of a row of ``reads``."""
        # Older rows may also contain ``__typename``, which is no field of a reporter.
        fields = [field for name in row["fields"] if (field := ReporterField.__members__.get(name.upper()))]
        purpose = Purpose(row["purpose"])
        return cls(at=row["at"], reader=row["reader"], client=row["client"], purpose=purpose, fields=fields)


async def load_reporters(info: Info, tickets: list[str]) -> list[Reporter | None]:
    """Load the reporters and record the reads, with two SQL statements per level.

    Raises ``PurposeRequired`` if the request states no purpose.
    """
    context = info.context
    if context.purpose is None:
        raise PurposeRequired(PII, HEADER_VALUES)
    selected = tuple(sorted(set(_selected_names(info.selected_fields))))
    return await _reporter_loader(context, context.purpose, selected).load_many(tickets)  # type: ignore[no-any-return]


def _selected_names(selections: Iterable[Selection]) -> Iterator[str]:
    """Yield the names of the selected fields, including those in fragments."""
    for selection in selections:
        for each in selection.selections:
            yield from (each.name,) if isinstance(each, SelectedField) else _selected_names([each])


def _reporter_loader(context: Context, purpose: Purpose, selected: tuple[str, ...]) -> Any:
    async def load(tickets: list[str]) -> list[Reporter | None]:
        async with context.read() as db:
            found = await timeline.load_reporters(db, context.viewer, context.cipher, tickets)
        if found:
            cause = context.cause("read:reporter")
            await access_log.record_access(context.database, cause, purpose.value, found.keys(), selected)
        return [Reporter(**found[ticket]) if ticket in found else None for ticket in tickets]

    return context.loader(("reporters", selected), load)


async def load_access_log(context: Context, ticket: str, before: datetime | None) -> list[AccessLogEntry] | None:
    """Load the entries with one SQL statement per level; None if the viewer may not see them."""
    rows = await context.load(("reads", before), partial(access_log.list_for_tickets, before=before), ticket)
    return None if rows is None else [AccessLogEntry.from_row(row) for row in rows]
