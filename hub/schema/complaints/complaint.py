"""A complaint as the graph tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from hub.auth.purposes import WORDS
from hub.complaints.categories import BY_CODE as CATEGORIES
from hub.complaints.codes import Channel, ComplaintClass, ComplaintStatus
from hub.schema.complaints import part
from hub.schema.complaints.reporter import Reporter, ReporterRead, reads_of, reporter_of
from hub.schema.complaints.shared import SharedField, shared_of
from hub.schema.complaints.timeline import ComplaintStep, References, references_of, timeline_of
from hub.schema.context import Info
from hub.schema.needs import needs
from hub.schema.nodes import LanguageArgument, Node, label, label_field
from hub.schema.part import entity
from hub.schema.weights import SHORT
from hub.store.complaints import reads
from hub.store.reading import entities
from hub.store.reading.entity import Row
from hub.store.reading.sight import PII, READ


@strawberry.type(description="Coordinates (WGS 84). For the public they are rounded to about a kilometre.")
class Place:
    """A point."""

    latitude: float = strawberry.field(description="Degrees north.")
    longitude: float = strawberry.field(description="Degrees east.")


@strawberry.type(description="What is known of a file that came with a complaint.")
class Attachment:
    """Metadata only."""

    name: str = strawberry.field(description="The file's name.")
    media_type: str = strawberry.field(description="Its media type.")
    size: int = strawberry.field(description="Its size in bytes.")
    sha256: str = strawberry.field(description="The SHA-256 of its content, in hex.")


_NOT_BARE = "Null for a partner of a secret complaint it submitted."


def _own(description: str, **more: Any) -> Any:
    """A field that is told of complaints one handles or submitted, not to the public."""
    return strawberry.field(description=f"{description} Needs complaints:read.", extensions=needs(READ), **more)


@entity(part, "A complaint of the province's own service, LaporGub.")
class Complaint(Node):
    """From ``complaints``. What needs a scope is null for who lacks it; so is what the store does not tell of a row."""

    entity = entities.COMPLAINT
    natural_keys = {"ticket": ""}

    row: strawberry.Private[Row]
    ticket: str = strawberry.field(description="Its number, such as LG-2026-000123.")
    channel: Channel | None = _own("Where it came in.")
    channel_label: str | None = label_field("channel", "Where it came in", READ)
    klass: ComplaintClass | None = _own("What it is.", name="class")
    class_label: str | None = label_field("klass", "What it is", READ)
    inspection: bool | None = _own("Whether it needs a field inspection, which has the longest deadline.")
    category: str | None = strawberry.field(description=f"The code of its category. {_NOT_BARE}")
    title: str | None = strawberry.field(description=f"Its title. {_NOT_BARE}")
    status: ComplaintStatus = strawberry.field(description="Where it stands.")
    status_label: str | None = label_field("status", "Where it stands")
    anonymous: bool | None = _own("Whether the reporter wants not to be named.")
    secret: bool = strawberry.field(description="Whether it is hidden from all but those who handle it.")
    received_at: datetime = strawberry.field(description="When it came in.")
    verified_at: datetime | None = strawberry.field(description="When the desk accepted it.")
    answered_at: datetime | None = strawberry.field(description="When the agency gave its final answer.")
    closed_at: datetime | None = strawberry.field(description="When it was finished.")
    due_at: datetime | None = strawberry.field(
        description="When the final answer is due; null while the clock stands still, as the reporter owes an answer."
    )
    due_estimated: bool = strawberry.field(description="Whether `dueAt` was counted over a holiday not decreed yet.")
    overdue: bool = strawberry.field(description="Whether the final answer is late and still missing.")
    rating: int | None = _own("What the reporter gave the answer, 1 to 5.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From ``complaints``."""
        return cls(
            id=cls.row_id(row),
            row=row,
            ticket=row["ticket"],
            channel=Channel(row["channel"]) if row["channel"] else None,
            klass=ComplaintClass(row["class"]) if row["class"] else None,
            inspection=row["inspection"],
            category=row["category"],
            title=row["title"],
            status=ComplaintStatus(row["status"]),
            anonymous=row["anonymous"],
            secret=row["secret"],
            received_at=row["received_at"],
            verified_at=row["verified_at"],
            answered_at=row["answered_at"],
            closed_at=row["closed_at"],
            due_at=row["due_at"],
            due_estimated=row["due_estimated"],
            overdue=row["overdue"],
            rating=row["rating"],
            updated_at=row["updated_at"],
        )

    @strawberry.field(description="Its category, in words.")
    def category_label(self, info: Info, language: LanguageArgument = None) -> str | None:
        """From the list of categories."""
        category = CATEGORIES.get(self.category or "")
        return label(info, category.label_id, category.label_en, language) if category else None

    @strawberry.field(description="What was written. Needs complaints:read.", extensions=needs(READ))
    def text(self) -> str | None:
        """Prose; it may name people."""
        text: str | None = self.row["text"]
        return text

    @strawberry.field(description="Where it is about, if that was told.")
    def place(self) -> Place | None:
        """As exact as the store tells it to this viewer."""
        latitude, longitude = self.row["latitude"], self.row["longitude"]
        return None if latitude is None else Place(latitude=latitude, longitude=longitude)

    @strawberry.field(description="Files that came with it. Needs complaints:read.", extensions=needs(READ))
    def attachments(self) -> list[Attachment] | None:
        """Metadata only."""
        told = self.row["attachments"]
        return None if told is None else [Attachment(**each) for each in told]

    @strawberry.field(
        description="Who submitted it; null when nobody was told. Needs complaints:pii, and a purpose in the header"
        f" `Hub-Purpose` ({', '.join(WORDS)}); each read is logged.",
        extensions=needs(PII),
    )
    async def reporter(self, info: Info) -> Reporter | None:
        """For those who handle it."""
        return await reporter_of(info, self.ticket)

    @strawberry.field(
        description=f"Who read who the reporter is, the latest first and {reads.MOST} at most; null for all but the"
        " reporter and the desk. Needs complaints:read.",
        extensions=needs(READ),
    )
    async def access_log(
        self,
        info: Info,
        before: Annotated[
            datetime | None, strawberry.argument(description="Reads before then: the `at` of the last one, to go on.")
        ] = None,
    ) -> list[ReporterRead] | None:
        """One statement a level."""
        return await reads_of(info.context, self.ticket, before)

    @strawberry.field(description="Its life so far, in order. Needs complaints:read.", extensions=needs(READ))
    async def timeline(self, info: Info) -> list[ComplaintStep] | None:
        """One statement a level."""
        return await timeline_of(info.context, self.ticket)

    @strawberry.field(
        description="What it and its records in other systems both hold, by who has the say. Needs complaints:read.",
        directives=[SHORT],
        extensions=needs(READ),
    )
    async def shared(self, info: Info) -> list[SharedField] | None:
        """Two statements a level, with ``conflicts``."""
        return await shared_of(info.context, self.row)

    @strawberry.field(
        description="Of these, where the two sides differ and a person has to decide. Needs complaints:read.",
        directives=[SHORT],
        extensions=needs(READ),
    )
    async def conflicts(self, info: Info) -> list[SharedField] | None:
        """Two statements a level, with ``shared``."""
        shared = await shared_of(info.context, self.row)
        return None if shared is None else [each for each in shared if each.conflict_since]

    @strawberry.field(description="What it names in other systems. Needs complaints:read.", extensions=needs(READ))
    async def references(self, info: Info) -> References | None:
        """One statement a level."""
        return await references_of(info.context, self.ticket)
