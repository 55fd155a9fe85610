"""``hub doubts``: what a person decides where a system said two last words that contradict each other."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hub.process import operator

if TYPE_CHECKING:
    from hub.kinds import Code
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.ingest.doubts import Doubt

commands = typer.Typer(no_args_is_help=True, help="Records whose system contradicts itself: look at them, decide.")

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@commands.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="How many at most, the latest first.")] = 100, json: Json = False
) -> None:
    """List what is in doubt, with the last word of its system."""

    async def entries(settings: Settings, store: Database) -> list[Doubt]:
        from hub.connectors import registry
        from hub.store.ingest import doubts

        where = doubts.doubtful(each.connector for each in registry.enabled(settings))
        async with store.read() as db:
            return await doubts.entries(db, where, limit)

    for doubt in operator.run(entries):
        line = f"{doubt.system:<10} {doubt.external_id:<24} {doubt.occurred_at:%Y-%m-%d %H:%M}  {doubt.told}"
        operator.answer(asdict(doubt), line, json=json)


@commands.command()
def decide(
    system: Annotated[str, typer.Argument(help="The system that contradicts itself.")],
    external_id: Annotated[str, typer.Argument(help="The record, as `hub doubts list` shows it.")],
    status: Annotated[str, typer.Argument(help="What holds, such as COMPLETED.")],
    json: Json = False,
) -> None:
    """Say what holds of a record, as you have found out; until its system says something new."""

    async def settle(settings: Settings, store: Database) -> bool:
        from hub.connectors import registry
        from hub.store.ingest import doubts

        own = [each.connector for each in registry.enabled(settings) if each.name == system]
        kinds = [each.kind for each in doubts.doubtful(own)]
        for kind in kinds:
            _check(status, kind.statuses)
        async with operator.writing(store, "doubts:decide") as db:
            return await doubts.decide(db, system, [kind.kind for kind in kinds], external_id, status)

    operator.found(operator.run(settle), f"{external_id} of {system} in doubt")
    operator.answer({"system": system, "id": external_id, "status": status}, f"{external_id} is {status}.", json=json)


def _check(status: str, codes: type[Code]) -> None:
    allowed = [code for code in codes.__members__ if code not in {"IN_DOUBT", "UNKNOWN"}]
    if status not in allowed:
        raise typer.BadParameter(f"{status} is none of {', '.join(allowed)}", param_hint="STATUS")
