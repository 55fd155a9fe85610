"""``hub quarantine``: what a person does with items that could not be read."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from hub.errors import BadSetting

if TYPE_CHECKING:
    from hub.connectors.registry import Enabled
    from hub.settings import Settings

commands = typer.Typer(no_args_is_help=True, help="Items that could not be read: look at them, replay or discard them.")

Ids = Annotated[list[int], typer.Argument(help="Numbers that `hub quarantine list` shows.")]


@commands.command("list")
def list_(
    system: Annotated[str | None, typer.Option(help="Only of this system.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, the latest first.")] = 100,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with the raw item.")] = False,
) -> None:
    """List open items, the latest first."""
    for entry in asyncio.run(_entries(_settings(), system, limit)):
        typer.echo(orjson.dumps(entry) if json else _line(entry))


@commands.command()
def replay(ids: Ids) -> None:
    """Read items again, after the mapping or a code table was mended; what still cannot be read comes back."""
    found, back = asyncio.run(_replay(_settings(), ids))
    typer.echo(f"{found - back} read, {back} still in quarantine, {len(set(ids)) - found} not found.")
    raise typer.Exit(0 if found == len(set(ids)) and not back else 1)


@commands.command()
def discard(ids: Ids) -> None:
    """Set items aside for good and forget what they held."""
    found = asyncio.run(_discard(_settings(), ids))
    typer.echo(f"{found} discarded, {len(set(ids)) - found} not found.")
    raise typer.Exit(0 if found == len(set(ids)) else 1)


def _settings() -> Settings:
    from hub.settings import Settings, read

    return read(Settings)


def _line(entry: dict[str, object]) -> str:
    seen = f"{entry['times']:>4} times, last {entry['last_at']}"
    return f"{entry['id']:>6}  {entry['system']:<10} {seen}  {entry['reason']}"


async def _entries(settings: Settings, system: str | None, limit: int) -> list[dict[str, object]]:
    from hub.process.reach import database, reached
    from hub.store.ingest import quarantine

    async with reached(settings) as at, database(at) as store, store.read() as connection:
        return [asdict(entry) for entry in await quarantine.entries(connection, system, limit)]


async def _discard(settings: Settings, ids: list[int]) -> int:
    from hub.process.reach import database, reached
    from hub.store.database import Cause
    from hub.store.ingest import quarantine

    cause = Cause("quarantine:discard", "operator", uuid.uuid4().hex)
    async with reached(settings) as at, database(at) as store, store.write(cause) as connection:
        return await quarantine.discard(connection, ids)


async def _replay(settings: Settings, ids: list[int]) -> tuple[int, int]:
    """How many were found, and how many of them went back into quarantine; one transaction for each system's."""
    from hub.connectors import registry
    from hub.connectors.http import Http
    from hub.process.reach import database, reached
    from hub.store.database import Cause
    from hub.store.ingest import quarantine
    from hub.store.sealing import Seal
    from hub.sync.ingest import Ingest

    cause = Cause("quarantine:replay", "operator", uuid.uuid4().hex)
    systems = {system.name: system for system in registry.enabled(settings)}
    found, back = 0, 0
    # Mapping asks nobody, so an address is not needed.
    async with reached(settings) as at, database(at) as store, Http("http://127.0.0.1") as nowhere:
        async with store.read() as connection:
            names = await quarantine.systems_of(connection, ids)
        for system in [_of(systems, name) for name in names]:
            ingest = Ingest(system.connector(system.settings, nowhere), Seal(at.sealing_keys, at.secret))
            async with store.write(cause) as connection:
                taken = await ingest.replay(connection, ids)
            found, back = found + taken[0], back + taken[1]
    return found, back


def _of(systems: dict[str, Enabled], name: str) -> Enabled:
    if name not in systems:
        raise BadSetting(f"{name} is not enabled: add it to HUB_CONNECTORS to replay its items.")
    return systems[name]
