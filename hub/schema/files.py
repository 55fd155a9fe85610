"""The files of a report at the centre, as the graph tells of them; the content is at ``/files/``."""

from __future__ import annotations

from typing import Self

import strawberry

from hub.kinds import Code
from hub.schema.context import Context
from hub.schema.nodes import code_enum
from hub.store.reading import files
from hub.store.reading.entity import Row
from hub.store.reading.naming import Ref


class FileState(Code):
    """Whether the hub has a file."""

    STORED = "STORED", "Tersimpan", "Stored", "It is here."
    WAITING = "WAITING", "Menunggu", "Waiting", "It is not here yet and will be tried again."
    MISSING = "MISSING", "Tidak ada", "Missing", "It could not be had in time, or is none the hub keeps; see trouble."


code_enum(FileState, "Whether the hub has a file.")


@strawberry.type(description="A file that came with a report. JPEG, PNG, WebP and PDF are kept, up to 10 MB.")
class ReportFile:
    """A row of ``record_files``."""

    name: str = strawberry.field(description="What it is called; of a stored one, ending as its type does.")
    state: FileState = strawberry.field(description="Whether it is here.")
    trouble: str | None = strawberry.field(description="Why it is not here, where something went wrong.")
    media_type: str | None = strawberry.field(description="Its type by its content; null while it is not here.")
    size: int | None = strawberry.field(description="Its size in bytes.")
    sha256: str | None = strawberry.field(description="The SHA-256 of its content in hex.")
    url: str | None = strawberry.field(
        description="Where it is, below the hub's own address; to be fetched with the same token."
    )

    @classmethod
    def of(cls, row: Row) -> Self:
        """From ``record_files`` and ``files``."""
        stored = row["sha256"].hex() if row["sha256"] else None
        return cls(
            name=row["name"],
            state=FileState.STORED if stored else FileState.WAITING if row["due_at"] else FileState.MISSING,
            trouble=row["trouble"],
            media_type=row["media_type"],
            size=row["size"],
            sha256=stored,
            url=f"/files/{stored}" if stored else None,
        )


async def files_of(context: Context, ref: Ref) -> list[ReportFile]:
    """One statement a level."""
    return [ReportFile.of(row) for row in await context.found("files", files.of, ref) or ()]
