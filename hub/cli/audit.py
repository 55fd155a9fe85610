"""``hub audit``: who did what, to what, when and from where. Each read adds a row itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from hub.cli import common

if TYPE_CHECKING:
    from hub.store.database import Database

Texts = list[str] | None

SHOWN = ("id", "at", "action", "subject", "refused", "actor", "client", "network", "request_id", "details")


def audit(
    action: Annotated[Texts, typer.Option(help="Only this action, such as users:suspend; repeat for more.")] = None,
    actor: Annotated[Texts, typer.Option(help="Only by this account, client or operator; repeat for more.")] = None,
    subject: Annotated[
        Texts, typer.Option(help="Only about this, such as user:u_1 or complaint:LG-2026-000123.")
    ] = None,
    client: Annotated[Texts, typer.Option(help="Only through this OAuth client; repeat for more.")] = None,
    request: Annotated[Texts, typer.Option(help="Only of the request with this id; repeat for more.")] = None,
    refused: Annotated[
        bool | None, typer.Option("--refused/--done", help="Only refused actions, or only completed ones.")
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="From this time on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this time (UTC).")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The maximum number of rows, the latest first.")] = 100,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Read the audit trail, the latest first. Different options are combined by AND, repeated ones by OR."""
    repeated = {"action": action, "actor": actor, "subject": subject, "client": client, "request_id": request}
    where: dict[str, Any] = {name: tuple(values) for name, values in repeated.items() if values}
    where |= {"refused": refused} if refused is not None else {}
    where |= {name: at.replace(tzinfo=UTC) for name, at in {"from_": since, "to": until}.items() if at}
    for row in common.run(lambda _, store: _rows(store, where, limit)):
        common.print_result(row, _line(row), json=json)


async def _rows(store: Database, where: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    from hub.store.audit import AUDIT_EVENT
    from hub.store.queries import pagination
    from hub.viewer import WORKER

    conditions = [f"{name}={value}" for name, value in sorted(where.items())]
    async with common.audited_write(store, "audit:read", conditions=conditions) as db:
        found = await pagination.page(
            db, AUDIT_EVENT, WORKER, pagination.PageRequest(limit, None, "AT_DESC", tuple(where.items()))
        )
    return [{name: row[name] for name in SHOWN} for row in found.rows]


def _line(row: dict[str, Any]) -> str:
    done = "refused" if row["refused"] else "done"
    where = (
        f"{row['at']:%Y-%m-%d %H:%M:%S}  {row['action']:<22} {done:<8} {row['actor']:<22} {row['subject'] or '-':<30}"
    )
    details = orjson.dumps(row["details"]).decode() if row["details"] else ""
    return f"{where} {row['client'] or '-'} {row['network'] or '-'} {details}".rstrip()
