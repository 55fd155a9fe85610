"""``hub quarantine``: what a person does with items that could not be read."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.errors import BadSetting
from hub.process import operator

if TYPE_CHECKING:
    from hub.connectors.registry import Enabled
    from hub.settings import Settings
    from hub.store.database import Database

commands = typer.Typer(no_args_is_help=True, help="Items that could not be read: look at them, replay or discard them.")

Ids = Annotated[list[int], typer.Argument(help="Numbers that `hub quarantine list` shows.")]


@commands.command("list")
def list_(
    system: Annotated[str | None, typer.Option(help="Only of this system.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, the latest first.")] = 100,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with the raw item.")] = False,
) -> None:
    """List open items, the latest first."""

    async def entries(settings: Settings, store: Database) -> list[dict[str, Any]]:
        from hub.store.ingest import quarantine

        await operator.check_system(store, system)
        async with store.read() as db:
            return [asdict(entry) for entry in await quarantine.entries(db, system, limit)]

    for entry in operator.run(entries):
        operator.answer(entry, _line(entry), json=json)


@commands.command()
def replay(ids: Ids) -> None:
    """Read items again, after the mapping or a code table was mended; what still cannot be read comes back."""
    found, back = operator.run(lambda settings, store: _replay(settings, store, ids))
    typer.echo(f"{found - back} read, {back} still in quarantine, {len(set(ids)) - found} not found.")
    raise typer.Exit(0 if found == len(set(ids)) and not back else 1)


@commands.command()
def discard(ids: Ids) -> None:
    """Set items aside for good and forget what they held."""

    async def forget(settings: Settings, store: Database) -> int:
        from hub.store.ingest import quarantine

        async with operator.writing(store, "quarantine:discard") as db:
            return await quarantine.discard(db, ids)

    found = operator.run(forget)
    typer.echo(f"{found} discarded, {len(set(ids)) - found} not found.")
    raise typer.Exit(0 if found == len(set(ids)) else 1)


def _line(entry: dict[str, Any]) -> str:
    seen = f"{entry['times']:>4} times, last {entry['last_at']}"
    return f"{entry['id']:>6}  {entry['system']:<10} {seen}  {entry['reason']}"


async def _replay(settings: Settings, store: Database, ids: list[int]) -> tuple[int, int]:
    """How many were found, and how many of them went back into quarantine; one transaction for each system's."""
    from hub.connectors import registry
    from hub.store.ingest import quarantine
    from hub.store.sealing import Seal
    from hub.sync.ingest import Ingest

    cause = operator.cause("quarantine:replay")
    systems = {system.name: system for system in registry.enabled(settings)}
    async with store.read() as connection:
        names = await quarantine.systems_of(connection, ids)
    found, back = 0, 0
    for system in [_of(systems, name) for name in names]:
        ingest = Ingest(registry.reader(system), Seal(settings.sealing_keys, settings.secret))
        async with store.write(cause) as connection:
            taken = await ingest.replay(connection, ids)
        found, back = found + taken[0], back + taken[1]
    return found, back


def _of(systems: dict[str, Enabled], name: str) -> Enabled:
    if name not in systems:
        raise BadSetting(f"{name} is not enabled: add it to HUB_CONNECTORS to replay its items.")
    return systems[name]
