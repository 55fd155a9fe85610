"""``hub doubts``: lists and decides records whose system sent two contradicting final statuses."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import common

if TYPE_CHECKING:
    from hub.kinds import Code
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.ingest.contradictions import Contradiction

commands = typer.Typer(no_args_is_help=True, help="Records whose system contradicts itself: list and decide them.")

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@commands.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="The maximum number, the latest first.")] = 100, json: Json = False
) -> None:
    """List records in doubt, with the latest source status."""

    async def entries(settings: Settings, store: Database) -> list[Contradiction]:
        from hub.connectors import registry
        from hub.store.ingest import contradictions

        where = contradictions.contradictable_kinds(each.declaration for each in registry.enabled(settings))
        async with store.read() as db:
            return await contradictions.entries(db, where, limit)

    for doubt in common.run(entries):
        line = f"{doubt.system:<10} {doubt.external_id:<24} {doubt.occurred_at:%Y-%m-%d %H:%M}  {doubt.source_status}"
        common.print_result(asdict(doubt), line, json=json)


@commands.command()
def decide(
    system: Annotated[str, typer.Argument(help="The system that contradicts itself.")],
    external_id: Annotated[str, typer.Argument(help="The record, as `hub doubts list` shows it.")],
    status: Annotated[str, typer.Argument(help="The true status, such as COMPLETED.")],
    json: Json = False,
) -> None:
    """Set the true status of a record; it stays until its system sends a new one."""

    async def settle(settings: Settings, store: Database) -> bool:
        from hub.connectors import registry
        from hub.store.ingest import contradictions

        own = [each.declaration for each in registry.enabled(settings) if each.name == system]
        kinds = [each.kind for each in contradictions.contradictable_kinds(own)]
        for kind in kinds:
            _check(status, kind.statuses)
        async with common.audited_write(store, "doubts:decide", f"{system}:{external_id}", status=status) as db:
            decided = await contradictions.resolve(db, system, [kind.kind for kind in kinds], external_id, status)
            return common.require(decided, f"{external_id} of {system} in doubt")

    common.run(settle)
    common.print_result(
        {"system": system, "id": external_id, "status": status}, f"{external_id} is {status}.", json=json
    )


def _check(status: str, codes: type[Code]) -> None:
    allowed = [code for code in codes.__members__ if code not in {"IN_DOUBT", "UNKNOWN"}]
    if status not in allowed:
        raise typer.BadParameter(f"{status} is none of {', '.join(allowed)}", param_hint="STATUS")
