"""The files of a report at the national complaint service; ``/files/`` serves their content."""

from __future__ import annotations

from typing import Self

import strawberry

from hub.kinds import Code
from hub.schema.context import Context
from hub.schema.nodes import code_enum
from hub.store.queries import files
from hub.store.queries.entity import Row
from hub.store.queries.lookup import Ref


class FileState(Code):
    """Whether the hub has a copy of a file."""

    STORED = "STORED", "Tersimpan", "Stored", "The hub has a copy of the file."
    WAITING = "WAITING", "Menunggu", "Waiting", "The hub has not downloaded the file yet and tries again."
    MISSING = (
        "MISSING",
        "Tidak ada",
        "Missing",
        ("The file could not be downloaded in time, or is of a type or size that the hub does not keep; see `error`."),
    )


code_enum(FileState, "Whether the hub has a copy of a file.")


@strawberry.type(description="A file attached to a report. The hub keeps JPEG, PNG, WebP and PDF files of up to 10 MB.")
class ReportFile:
    """A row of ``record_files``."""

    name: str = strawberry.field(description="The file's name. The extension of a stored file matches its type.")
    state: FileState = strawberry.field(description="Whether the hub has a copy of the file.")
    error: str | None = strawberry.field(description="Why the last download failed; null if it did not.")
    media_type: str | None = strawberry.field(
        description="The media type (IANA), detected from the content; null while the file is not stored."
    )
    size: int | None = strawberry.field(description="The size in bytes; null while the file is not stored.")
    sha256: str | None = strawberry.field(
        description="The SHA-256 of the content, in hexadecimal; null while the file is not stored."
    )
    url: str | None = strawberry.field(
        description="The path of the file on this server; request it with the same access token. Null while the file is"
        " not stored."
    )

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the file of a row of ``record_files`` joined with ``files``."""
        stored = row["sha256"].hex() if row["sha256"] else None
        return cls(
            name=row["name"],
            state=FileState.STORED if stored else FileState.WAITING if row["due_at"] else FileState.MISSING,
            error=row["trouble"],
            media_type=row["media_type"],
            size=row["size"],
            sha256=stored,
            url=f"/files/{stored}" if stored else None,
        )


async def load_files(context: Context, ref: Ref) -> list[ReportFile]:
    """Load the files of a report with one SQL statement per level."""
    return [ReportFile.from_row(row) for row in await context.load("files", files.list_for_reports, ref) or ()]
