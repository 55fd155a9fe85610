"""The type ``Complaint``, with its location and files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from hub.auth.purposes import HEADER_VALUES
from hub.complaints.categories import BY_CODE as CATEGORIES
from hub.complaints.enums import Channel, ComplaintClass, ComplaintStatus
from hub.complaints.masking import PersonalData, detect_kinds
from hub.schema.authorization import requirement, requires
from hub.schema.complaints import part
from hub.schema.complaints.references import ComplaintReferences, load_references
from hub.schema.complaints.reporter import AccessLogEntry, Reporter, load_access_log, load_reporters
from hub.schema.complaints.shared_fields import SharedField, load_shared_fields
from hub.schema.complaints.timeline import ComplaintStep, load_timeline
from hub.schema.context import Info
from hub.schema.cost import SHORT_LIST_SIZE
from hub.schema.levels import LEVEL, READS
from hub.schema.nodes import LanguageArgument, Node, code_enum, label, label_field, row_ref
from hub.schema.part import entity
from hub.schema.secret_reads import RecordSecretRead
from hub.store.complaints import access_log as access
from hub.store.queries import entities
from hub.store.queries.entity import Row
from hub.store.queries.visibility import PII, READ

code_enum(PersonalData, "A type of personal data that was found in a title or text.")


@strawberry.type(description="Coordinates (WGS 84). For the public they are rounded to about one kilometre.")
class GeoPoint:
    """A point on the map."""

    latitude: float = strawberry.field(description="The latitude in degrees north.")
    longitude: float = strawberry.field(description="The longitude in degrees east.")


@strawberry.type(description="The metadata of a file that belongs to a complaint.")
class Attachment:
    """The metadata of a file; the hub does not store the file itself."""

    name: str = strawberry.field(description="The file's name.")
    media_type: str = strawberry.field(description="The media type (IANA).")
    size: int = strawberry.field(description="The size in bytes.")
    sha256: str = strawberry.field(description="The SHA-256 of the content, in hexadecimal.")


_SECRET = RecordSecretRead(lambda complaint: f"complaint:{complaint.ticket}")
_NULL_FOR_SUBMITTER = "Null if the viewer is a partner that submitted the complaint as secret."


def _read_field(description: str, **more: Any) -> Any:
    """Return a field that requires the scope complaints:read; it is null for the public."""
    return strawberry.field(description=f"{description} {requirement(READ)}", extensions=requires(READ), **more)


async def _load_reporters(info: Info, complaints: Sequence[Complaint]) -> list[Reporter | None]:
    return await load_reporters(info, [each.ticket for each in complaints])


@entity(part, "A complaint to the province's complaint service, LaporGub.")
class Complaint(Node):
    """A row of ``complaints``.

    A field is null if the viewer lacks a required scope, or if the store withholds the value from the viewer.
    """

    entity = entities.COMPLAINT
    natural_keys = {"ticket": ""}
    columns = {"location": ("latitude", "longitude")}

    row: strawberry.Private[Row]
    ticket: str = strawberry.field(description="The complaint's ticket number, such as LG-2026-000123.")
    channel: Channel | None = _read_field("The channel through which the complaint was submitted.")
    channel_label: str | None = label_field("channel", "The channel", READ)
    klass: ComplaintClass | None = _read_field("The complaint's class.", name="class")
    class_label: str | None = label_field("klass", "The class", READ)
    inspection: bool | None = _read_field("Whether the complaint needs a field inspection, which extends its deadline.")
    category: str | None = strawberry.field(
        description="The code of the complaint's category; the query `categories` lists all codes."
        f" {_NULL_FOR_SUBMITTER}"
    )
    title: str | None = strawberry.field(
        description=f"The complaint's title. {_NULL_FOR_SUBMITTER}", extensions=[_SECRET]
    )
    status: ComplaintStatus = strawberry.field(description="The complaint's current status.")
    status_label: str | None = label_field("status", "The complaint's current status")
    anonymous: bool | None = _read_field("Whether the reporter asked to remain anonymous.")
    secret: bool = strawberry.field(
        description="Whether the complaint is secret: visible only to the officers who handle it and its reporter."
    )
    received_at: datetime = strawberry.field(description="When the complaint was received.")
    verified_at: datetime | None = strawberry.field(
        description="When the complaint desk verified the complaint; null before."
    )
    answered_at: datetime | None = strawberry.field(description="When the agency gave its final answer; null before.")
    closed_at: datetime | None = strawberry.field(description="When the complaint was closed; null before.")
    due_at: datetime | None = strawberry.field(
        description="When the final answer is due; null while no deadline runs, such as while the hub waits for the"
        " reporter."
    )
    due_estimated: bool = strawberry.field(
        description="Whether `dueAt` is an estimate because holidays of that period are not decreed yet."
    )
    overdue: bool = strawberry.field(description="Whether the final answer is overdue.")
    rating: int | None = _read_field("The reporter's rating of the answer, 1 to 5; null if not rated.")
    updated_at: datetime = strawberry.field(description="When the complaint last changed.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the complaint of a row of ``complaints``."""
        return cls(
            ref=row_ref(row),
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

    @strawberry.field(
        description="The complaint's category, as text for people. Null if `category` is null.",
        metadata={READS: ("category",)},
    )
    def category_label(self, info: Info, language: LanguageArgument = None) -> str | None:
        """Return the category's display name; None if the category is not visible or unknown."""
        category = CATEGORIES.get(self.category or "")
        return label(info, category.label_id, category.label_en, language) if category else None

    @strawberry.field(
        description=f"The complaint's text; it may name people. {requirement(READ)}",
        extensions=[*requires(READ), _SECRET],
        metadata={READS: ("text",)},
    )
    def text(self) -> str | None:
        """Return the text; None if it is not visible to the viewer."""
        text: str | None = self.row["text"]
        return text

    @strawberry.field(
        description="The types of personal data found in the title and text. They are masked in the title that the"
        f" public sees. {requirement(READ)}",
        extensions=requires(READ),
        metadata={READS: ("text",)},
    )
    def personal_data(self) -> list[PersonalData] | None:
        """Return the types found; None if the text is not visible."""
        text = self.row["text"]
        return None if text is None else detect_kinds(self.row["title"], text)

    @strawberry.field(
        description="The location that the complaint concerns; null if none was submitted.",
        metadata={READS: ("location",)},
    )
    def location(self) -> GeoPoint | None:
        """Return the location, which the store has rounded for the public."""
        latitude, longitude = self.row["latitude"], self.row["longitude"]
        return None if latitude is None else GeoPoint(latitude=latitude, longitude=longitude)

    @strawberry.field(
        description=f"The complaint's files. {requirement(READ)}",
        extensions=[*requires(READ), _SECRET],
        metadata={READS: ("attachments",)},
    )
    def attachments(self) -> list[Attachment] | None:
        """Return the files' metadata; None if it is not visible to the viewer."""
        attachments_metadata = self.row["attachments"]
        return None if attachments_metadata is None else [Attachment(**each) for each in attachments_metadata]

    @strawberry.field(
        description=f"The reporter; null if the complaint has none. {requirement(PII)} Also requires a purpose in the"
        f" header `Hub-Purpose` ({', '.join(HEADER_VALUES)}). Each read is recorded in `accessLog`.",
        extensions=requires(PII),
        metadata={LEVEL: _load_reporters, READS: ()},
    )
    async def reporter(self, info: Info) -> Reporter | None:
        """Load the reporter and record the read; see ``load_reporters``."""
        return (await load_reporters(info, [self.ticket]))[0]

    @strawberry.field(
        description=f"Who read the reporter's identity, latest first, at most {access.MAX_ENTRIES} entries. Null"
        f" unless the viewer is the reporter or the complaint desk. {requirement(READ)}",
        extensions=requires(READ),
    )
    async def access_log(
        self,
        info: Info,
        before: Annotated[
            datetime | None,
            strawberry.argument(
                description="Return only reads before this time. Pass the `at` of the last entry to fetch more."
            ),
        ] = None,
    ) -> list[AccessLogEntry] | None:
        """Load it with one SQL statement per level."""
        return await load_access_log(info.context, self.ticket, before)

    @strawberry.field(
        description=f"The steps of the complaint so far, earliest first. {requirement(READ)}",
        extensions=[*requires(READ), _SECRET],
    )
    async def timeline(self, info: Info) -> list[ComplaintStep] | None:
        """Load it with one SQL statement per level."""
        return await load_timeline(info.context, self.ticket)

    @strawberry.field(
        description="The fields that the complaint shares with records of other systems, with the side that decides"
        f" each. {requirement(READ)}",
        directives=[SHORT_LIST_SIZE],
        extensions=requires(READ),
    )
    async def shared_fields(self, info: Info) -> list[SharedField] | None:
        """Load them with two SQL statements per level, which ``conflicts`` shares."""
        return await load_shared_fields(info.context, self.row)

    @strawberry.field(
        description="The shared fields whose values differ and for which a person must decide with `resolveConflict`."
        f" {requirement(READ)}",
        directives=[SHORT_LIST_SIZE],
        extensions=requires(READ),
    )
    async def conflicts(self, info: Info) -> list[SharedField] | None:
        """Load them with two SQL statements per level, which ``sharedFields`` shares."""
        shared = await load_shared_fields(info.context, self.row)
        return None if shared is None else [each for each in shared if each.conflict_since]

    @strawberry.field(
        description=f"The records of other systems that the complaint names. {requirement(READ)}",
        extensions=requires(READ),
    )
    async def references(self, info: Info) -> ComplaintReferences | None:
        """Load it with one SQL statement per level."""
        return await load_references(info.context, self.ticket)
