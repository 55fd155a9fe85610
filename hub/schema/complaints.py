"""The part ``complaints``: the province's own complaint service, its agencies and areas."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, ClassVar, Self

import strawberry

from hub.auth.purposes import WORDS
from hub.complaints.categories import BY_CODE as CATEGORIES
from hub.complaints.codes import Channel, ComplaintClass, ComplaintStatus
from hub.complaints.workflow import Action, Role
from hub.kinds import Code
from hub.schema.context import Context, Info
from hub.schema.listing import Listing, list_field, nodes_by_ref
from hub.schema.needs import needs
from hub.schema.nodes import LanguageArgument, Node, code_enum, label, label_field
from hub.schema.part import Part, entity
from hub.schema.reporter import Reporter, ReporterRead, reads_of, reporter_of
from hub.schema.totals import TotalsRange, total_range
from hub.schema.weights import TOTALLED
from hub.store import entities, timeline, totals
from hub.store.reading import Row
from hub.store.sight import PII, READ

part = Part("complaints", "The province's complaint service.")

for _codes, _description in (
    (Channel, "Where a complaint came in."),
    (ComplaintClass, "What a complaint is."),
    (ComplaintStatus, "Where a complaint stands."),
    (Role, "In what role somebody moves a complaint."),
    (Action, "What somebody does to a complaint."),
):
    code_enum(_codes, _description)


class AreaType(Code):
    """The two kinds of area."""

    REGENCY = "REGENCY", "Kabupaten", "Regency", "A regency."
    CITY = "CITY", "Kota", "City", "A city."


code_enum(AreaType, "The kind of an area.")


@entity(part, "One of the 35 regencies and cities of Central Java.")
class Area(Node):
    """From ``areas``."""

    entity = entities.AREA
    natural_keys = {"code": ""}

    code: str = strawberry.field(description="The Kemendagri code, dotted, such as 33.74.")
    type: AreaType = strawberry.field(description="Regency or city; four names occur as both.")
    name: str = strawberry.field(description="Its Indonesian name with its type.")
    name_en: str = strawberry.field(description="Its English name with its type.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From ``areas``."""
        return cls(
            id=cls.row_id(row),
            code=row["code"],
            type=AreaType(row["type"]),
            name=row["name"],
            name_en=row["name_en"],
        )


@strawberry.type(description="The head of an agency, in office; a public person.")
class Head:
    """Name and office telephone."""

    name: str = strawberry.field(description="Name and titles.")
    phone: str | None = strawberry.field(description="The office telephone.")


@entity(part, "An agency of the province.")
class Agency(Node):
    """From ``agencies``."""

    entity = entities.AGENCY
    natural_keys = {"code": ""}

    code: str = strawberry.field(description="The hub's code, such as DISHUB.")
    name: str = strawberry.field(description="Its official Indonesian name.")
    name_en: str = strawberry.field(description="Its name in English.")
    aliases: list[str] = strawberry.field(description="What others call it.")
    valid_from: date = strawberry.field(description="Its first day.")
    valid_to: date | None = strawberry.field(description="Its first day out of office; null while it is in office.")
    head: Head | None = strawberry.field(description="Who heads it.")
    email: str | None = strawberry.field(description="Its public mail address.")
    phone: str | None = strawberry.field(description="Its public telephone number.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From ``agencies``."""
        return cls(
            id=cls.row_id(row),
            code=row["code"],
            name=row["name"],
            name_en=row["name_en"],
            aliases=list(row["aliases"]),
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            head=Head(name=row["head_name"], phone=row["head_phone"]) if row["head_name"] else None,
            email=row["email"],
            phone=row["phone"],
        )


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


@strawberry.type(description="One step in the life of a complaint.")
class ComplaintStep:
    """A row of the timeline."""

    action: Action = strawberry.field(description="What was done.")
    status: ComplaintStatus = strawberry.field(description="The status it reached.")
    at: datetime = strawberry.field(description="When.")
    role: Role = strawberry.field(description="By whom, as a role.")
    note: str | None = strawberry.field(description="What was written to the reporter, or by the reporter.")


@strawberry.type(description="What a complaint was submitted with to name things in other systems.")
class References:
    """The keys of a complaint."""

    payment: str | None = strawberry.field(description="A payment's reference.")
    order: str | None = strawberry.field(description="A procurement order's number.")
    report: str | None = strawberry.field(description="The tracking id at the centre.")


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
        description="Who read who the reporter is, the latest first; null for all but the reporter and the desk."
        " Needs complaints:read.",
        extensions=needs(READ),
    )
    async def access_log(self, info: Info) -> list[ReporterRead] | None:
        """One statement a level."""
        return await reads_of(info.context, self.ticket)

    @strawberry.field(description="Its life so far, in order. Needs complaints:read.", extensions=needs(READ))
    async def timeline(self, info: Info) -> list[ComplaintStep] | None:
        """One statement a level."""
        return await _timelines(info.context).load(self.ticket)  # type: ignore[no-any-return]

    @strawberry.field(description="What it names in other systems. Needs complaints:read.", extensions=needs(READ))
    async def references(self, info: Info) -> References | None:
        """One statement a level."""
        return await _references(info.context).load(self.ticket)  # type: ignore[no-any-return]


def _timelines(context: Context) -> Any:
    async def load(tickets: list[str]) -> list[list[ComplaintStep] | None]:
        async with context.database.read() as db:
            found = await timeline.steps(db, context.viewer, tickets)
        return [[_step(row) for row in found[ticket]] if ticket in found else None for ticket in tickets]

    return context.batch("timelines", load)


def _step(row: Row) -> ComplaintStep:
    return ComplaintStep(
        action=Action(row["action"]),
        status=ComplaintStatus(row["status"]),
        at=row["at"],
        role=Role(row["role"]),
        note=row["note"],
    )


def _references(context: Context) -> Any:
    async def load(tickets: list[str]) -> list[References | None]:
        async with context.database.read() as db:
            found = await timeline.keys(db, context.viewer, tickets)
        names = ("payment", "order", "report")
        return [References(**{k: found[t].get(k) for k in names}) if t in found else None for t in tickets]

    return context.batch("references", load)


@strawberry.input(description="Which complaints; conditions are joined by AND, values of one by OR.")
class ComplaintFilter:
    """Names are those of the entity's filters."""

    ticket: list[str] | None = strawberry.field(default=None, description="Tickets.")
    status: list[ComplaintStatus] | None = strawberry.field(default=None, description="Where they stand.")
    channel: list[Channel] | None = strawberry.field(
        default=None, description="Where they came in. Needs complaints:read."
    )
    klass: list[ComplaintClass] | None = strawberry.field(
        default=None, name="class", description="What they are. Needs complaints:read."
    )
    category: list[str] | None = strawberry.field(default=None, description="Codes of categories.")
    agency: list[str] | None = strawberry.field(default=None, description="Codes of agencies.")
    area: list[str] | None = strawberry.field(default=None, description="Codes of areas, such as 33.74.")
    received_from: datetime | None = strawberry.field(default=None, description="Received at or after.")
    received_to: datetime | None = strawberry.field(default=None, description="Received before.")
    overdue: bool | None = strawberry.field(default=None, description="Whether the final answer is late and missing.")

    needs: ClassVar[dict[str, str]] = {"channel": READ, "klass": READ}


@strawberry.enum(description="In which order complaints are listed.")
class ComplaintOrderBy(Enum):
    """Names of the entity's orders."""

    RECEIVED_DESC = strawberry.enum_value("RECEIVED_DESC", description="The latest first.")
    RECEIVED_ASC = strawberry.enum_value("RECEIVED_ASC", description="The earliest first.")
    DUE_ASC = strawberry.enum_value("DUE_ASC", description="The most urgent first; those without a due time last.")
    UPDATED_DESC = strawberry.enum_value("UPDATED_DESC", description="The last changed first.")


@strawberry.enum(description="What complaints are counted by.")
class ComplaintTotalsBy(Enum):
    """Groups of complaint totals."""

    MONTH = strawberry.enum_value("month", description="The month in Asia/Jakarta, such as 2026-01.")
    CHANNEL = strawberry.enum_value("channel", description="The channel.")
    STATUS = strawberry.enum_value("status", description="The status.")
    AGENCY = strawberry.enum_value("agency", description="The code of the agency; null before one is assigned.")


@strawberry.type(description="Complaints of one group, counted.")
class ComplaintTotal:
    """One row of totals."""

    group: str | None = strawberry.field(description="The group, such as a month or a channel.")
    count: int | None = strawberry.field(
        description="How many complaints the viewer may see; null for the public when it is under five."
    )


@strawberry.input(description="Which agencies.")
class AgencyFilter:
    """Names are those of the entity's filters."""

    code: list[str] | None = strawberry.field(default=None, description="Codes.")
    in_office: bool | None = strawberry.field(default=None, description="Whether they are in office today.")


@strawberry.enum(description="In which order agencies are listed.")
class AgencyOrderBy(Enum):
    """Names of the entity's orders."""

    NAME_ASC = strawberry.enum_value("NAME_ASC", description="By name.")


@strawberry.input(description="Which areas.")
class AreaFilter:
    """Names are those of the entity's filters."""

    code: list[str] | None = strawberry.field(default=None, description="Codes.")
    type: list[AreaType] | None = strawberry.field(default=None, description="Regencies or cities.")


@strawberry.enum(description="In which order areas are listed.")
class AreaOrderBy(Enum):
    """Names of the entity's orders."""

    CODE_ASC = strawberry.enum_value("CODE_ASC", description="By code.")


COMPLAINTS = Listing(Complaint, ComplaintFilter, ComplaintOrderBy)
AGENCIES = Listing(Agency, AgencyFilter, AgencyOrderBy)
AREAS = Listing(Area, AreaFilter, AreaOrderBy)


@part.query
class Query:
    """Root fields of this part."""

    complaints = list_field(COMPLAINTS, "Complaints the viewer may see, the latest first.")
    agencies = list_field(AGENCIES, "The agencies of the province.")
    areas = list_field(AREAS, "The regencies and cities of the province.")

    @strawberry.field(description="A complaint by its ticket; null when it is not there or not yours to see.")
    async def complaint(
        self, info: Info, ticket: Annotated[str, strawberry.argument(description="Such as LG-2026-000123.")]
    ) -> Complaint | None:
        """One statement."""
        (found,) = await nodes_by_ref(info.context, Complaint, [(entities.HUB, ticket)])
        return found if isinstance(found, Complaint) else None

    @strawberry.field(description="An agency by its code.")
    async def agency(
        self, info: Info, code: Annotated[str, strawberry.argument(description="Such as DISHUB.")]
    ) -> Agency | None:
        """One statement."""
        (found,) = await nodes_by_ref(info.context, Agency, [(entities.HUB, code)])
        return found if isinstance(found, Agency) else None

    @strawberry.field(
        description="Complaints counted; those received in the last 366 days by default.",
        directives=[TOTALLED],
    )
    async def complaint_totals(
        self,
        info: Info,
        by: Annotated[ComplaintTotalsBy, strawberry.argument(description="What to count by.")],
        range: TotalsRange = None,
    ) -> list[ComplaintTotal]:
        """One statement."""
        start, end = total_range(range, days=366)
        async with info.context.database.read() as db:
            found = await totals.complaints_by(db, info.context.viewer, str(by.value), start, end)
        return [ComplaintTotal(group=group, count=count) for group, count in found]
