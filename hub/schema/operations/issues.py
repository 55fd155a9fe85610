"""The issues of operators: what is wrong, what it means, since when, and what to do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from hub.schema.arguments import BadArgument
from hub.schema.authorization import requirement, requires
from hub.schema.context import Info
from hub.schema.cost import SHORT_LIST_SIZE
from hub.schema.enums import describe_enum
from hub.schema.operations import OPERATE
from hub.schema.redaction import redacted
from hub.store.operations import issues
from hub.store.operations.issues import OperatorIssue as StoredIssue
from hub.store.operations.terms import Area, Severity, SubjectKind

MAX_AGE = 60
"""Seconds."""

describe_enum(
    Severity,
    "How urgent an issue is.",
    {
        Severity.CRITICAL: "The hub fails in what it is for; its alert pages somebody.",
        Severity.WARNING: "Somebody has to act within days.",
        Severity.INFO: "Somebody should know or decide; there is no alert.",
    },
    name="OperatorIssueSeverity",
)
describe_enum(
    SubjectKind,
    "What an issue of operators is about.",
    {
        SubjectKind.HUB: "The hub itself.",
        SubjectKind.SYSTEM: "A system, by its name.",
        SubjectKind.PAIR: "A pair of systems, by its name.",
        SubjectKind.WEBHOOK: "A webhook of a client, by its id.",
    },
    name="OperatorIssueSubject",
)
describe_enum(
    Area,
    "The part of an operator's work that an issue belongs to.",
    {
        Area.HUB: "The processes and the database of the hub.",
        Area.SYSTEMS: "Systems and their pulls, webhooks and files.",
        Area.DELIVERIES: "What is sent to systems.",
        Area.QUARANTINE: "Items that could not be read.",
        Area.AGREEMENT: "Disagreements of two systems.",
        Area.COMPLAINTS: "What the complaint desk decides.",
        Area.FEED: "The feed and its readers.",
        Area.PARTNERS: "Clients and their webhooks.",
    },
    name="OperatorIssueArea",
)


@strawberry.type(
    description="Something that an operator should act on. It is computed from the state of the hub, and goes by itself"
    " when its cause ends."
)
class OperatorIssue:
    """An issue in the language of the request."""

    id: strawberry.ID = strawberry.field(description="Identifies the issue as long as it lasts.")
    code: str = strawberry.field(
        description="The kind of issue, such as `SYSTEM_DOWN`; docs/operations.md lists all. New values may be added."
    )
    severity: Severity = strawberry.field(description="How urgent it is.")
    subject: SubjectKind = strawberry.field(description="What it is about.")
    subject_id: str | None = strawberry.field(
        description="The name of the system or pair, or the id of the webhook; null for the hub."
    )
    area: Area = strawberry.field(description="The part of an operator's work that it belongs to.")
    title: str = strawberry.field(description="What is wrong, in the language of the request.")
    meaning: str = strawberry.field(description="What that means.")
    what_to_do: str = strawberry.field(description="What to do about it.")
    since: datetime | None = strawberry.field(description="Since when; null if that is not known.")
    count: int = strawberry.field(description="How many things it is about, such as items or deliveries.")
    detail: str | None = strawberry.field(
        description="What is known besides, such as the last error of a system, in English."
    )
    act: str | None = strawberry.field(description="The mutation that acts on it, such as `pullNow`; null without one.")
    command: str | None = strawberry.field(description="The command that acts on it or shows more; null without one.")
    document: str = strawberry.field(description="The page below docs/, and its heading, that explains it.")
    alert: str | None = strawberry.field(description="Its rule in docs/alerts.yml; null without one.")


def to_issue(issue: StoredIssue, language: str) -> OperatorIssue:
    """Return an issue in ``language``."""
    kind = issue.kind
    return OperatorIssue(
        id=strawberry.ID(f"{issue.code}:{issue.id}"),
        code=issue.code,
        severity=kind.severity,
        subject=kind.subject,
        subject_id=issue.id or None,
        area=kind.area,
        title=issue.text(kind.title, language),
        meaning=issue.text(kind.meaning, language),
        what_to_do=issue.text(kind.what_to_do, language),
        since=issue.since,
        count=issue.count,
        detail=redacted(issue.detail) if issue.detail else None,
        act=kind.act,
        command=issue.command,
        document=kind.document,
        alert=kind.alert,
    )


async def load_issues(info: Info) -> list[StoredIssue]:
    """Return all issues; the state is read once per operation, with a fixed number of statements."""
    context = info.context

    async def load() -> list[StoredIssue]:
        async with context.read() as db:
            state = await issues.load(db, context.operator.migration, context.operator.contradictable)
        return issues.issues_in(state)

    return await context.memoize("operator issues", load)


class Query:
    """The queries of issues."""

    @strawberry.field(
        description="How many issues there are, counted at most `maxAgeSeconds` ago by the process that answers."
        f" {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def operator_issue_count(
        self,
        info: Info,
        max_age_seconds: Annotated[
            int, strawberry.argument(description=f"How old the count may be, 0 to {MAX_AGE}; 0 counts now.")
        ] = 10,
    ) -> int | None:
        """Count them, unless this process did so just now."""
        if not 0 <= max_age_seconds <= MAX_AGE:
            raise BadArgument(
                f"`maxAgeSeconds` must be between 0 and {MAX_AGE}.", f"`maxAgeSeconds` harus antara 0 dan {MAX_AGE}."
            )

        async def count() -> int:
            return len(await load_issues(info))

        return await info.context.operator.issue_count.get(max_age_seconds, count)

    @strawberry.field(
        description=f"What operators should act on, the most severe first, then the oldest. {requirement(OPERATE)}",
        directives=[SHORT_LIST_SIZE],
        extensions=requires(OPERATE),
    )
    async def operator_issues(
        self,
        info: Info,
        severities: Annotated[
            list[Severity] | None, strawberry.argument(description="Return only issues of these severities.")
        ] = None,
        subject_id: Annotated[
            str | None, strawberry.argument(description="Return only issues of this system, pair or webhook.")
        ] = None,
    ) -> list[OperatorIssue] | None:
        """Compute them from the state of the hub."""
        return [
            to_issue(issue, info.context.language)
            for issue in await load_issues(info)
            if (severities is None or issue.kind.severity in severities) and subject_id in (None, issue.id)
        ]
