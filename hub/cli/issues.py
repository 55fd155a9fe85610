"""``hub issues``: what an operator should act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.operations.issues import OperatorIssue


def issues(
    language: Annotated[str, typer.Option(help="en or id.")] = "en",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List what an operator should act on, the most severe first; exit code 1 if there is more than information."""
    if language not in ("en", "id"):
        raise typer.BadParameter("use en or id", param_hint="--language")
    found = common.run(_load)
    for issue in found:
        fields = _fields(issue, language)
        since = f"since {issue.since:%Y-%m-%d %H:%M} UTC" if issue.since else "since an unknown time"
        lines = [f"{fields['severity']:<8} {fields['title']} ({issue.code}, {since})"]
        lines += [f"         {text}" for text in (fields["meaning"], issue.detail, fields["what_to_do"]) if text]
        lines += [f"         {issue.command}"] if issue.command else []
        common.print_result(fields, "\n".join(lines), json=json)
    raise typer.Exit(1 if any(issue.kind.alert for issue in found) else 0)


async def _load(settings: Settings, store: Database) -> list[OperatorIssue]:
    from hub.connectors import registry
    from hub.store.ingest.contradictions import contradictable_kinds
    from hub.store.operations import issues as stored

    kinds = contradictable_kinds(each.declaration for each in registry.enabled(settings))
    async with store.read() as db:
        # A database that is not migrated was refused before.
        return stored.issues_in(await stored.load(db, None, kinds))


def _fields(issue: OperatorIssue, language: str) -> dict[str, Any]:
    kind = issue.kind
    texts = {"title": kind.title, "meaning": kind.meaning, "what_to_do": kind.what_to_do}
    return {
        "code": issue.code,
        "severity": kind.severity.value,
        "subject": kind.subject.value,
        "subject_id": issue.id or None,
        "area": kind.area.value,
        **{name: issue.text(message, language) for name, message in texts.items()},
        "since": issue.since,
        "count": issue.count,
        "detail": issue.detail,
        "act": kind.act,
        "command": issue.command,
        "document": kind.document,
        "alert": kind.alert,
    }
