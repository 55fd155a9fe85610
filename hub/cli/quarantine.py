"""``hub quarantine``: lists, replays and discards items that could not be read."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common
from hub.errors import BadSetting
from hub.logs import escape_text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.connectors.registry import Enabled
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.ingest.quarantine import QuarantineEntry

commands = typer.Typer(no_args_is_help=True, help="Items that could not be read: list, replay or discard them.")

Ids = Annotated[list[int], typer.Argument(help="Numbers that `hub quarantine list` shows.")]


@commands.command("list")
def list_(
    system: Annotated[str | None, typer.Option(help="Only items of this system.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The maximum number, the latest first.")] = 100,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object per line, with the stored columns of the item.")
    ] = False,
) -> None:
    """List open items, the latest first."""

    async def entries(settings: Settings, store: Database) -> list[dict[str, Any]]:
        from hub.store.ingest import quarantine

        await common.check_system(store, system)
        paths = _id_paths(settings)
        async with store.read() as db:
            return [_entry_fields(entry, paths) for entry in await quarantine.entries(db, system, limit)]

    for entry in common.run(entries):
        common.print_result(entry, _line(entry), json=json)


@commands.command()
def replay(ids: Ids) -> None:
    """Read items again after mapping or code table was corrected; an item that still fails gets a new number."""
    found, back, new = common.run(lambda settings, store: _replay(settings, store, ids))
    typer.echo(f"{found - back} read, {back} still in quarantine, {len(set(ids)) - found} not found.")
    for entry in new:
        typer.echo(escape_text(_line(entry)))
    raise typer.Exit(0 if found == len(set(ids)) and not back else 1)


@commands.command()
def discard(ids: Ids) -> None:
    """Close items permanently and delete their content."""

    async def forget(settings: Settings, store: Database) -> int:
        from hub.store.ingest import quarantine

        async with store.read() as db:
            open_ids = [each for found in (await quarantine.open_ids(db, ids)).values() for each in found]
        if not open_ids:
            return 0
        async with common.audited_write(store, "quarantine:discard", [f"quarantine:{each}" for each in open_ids]) as db:
            return await quarantine.discard(db, open_ids)

    found = common.run(forget)
    typer.echo(f"{found} discarded, {len(set(ids)) - found} not found.")
    raise typer.Exit(0 if found == len(set(ids)) else 1)


def _entry_fields(entry: QuarantineEntry, id_paths: dict[str, str]) -> dict[str, Any]:
    """Return an entry without its encrypted part, with the id of its item if the item has one."""
    from hub.sync.batch import extract_id

    shown = {name: value for name, value in asdict(entry).items() if name != "ciphertext"}
    return shown | {"external_id": entry.external_id or extract_id(entry.raw, id_paths.get(entry.system, ""))}


def _id_paths(settings: Settings) -> dict[str, str]:
    """Return the path of the item id for each enabled system."""
    from hub.connectors import registry

    return {system.name: system.connector.id_path for system in registry.enabled(settings)}


def _line(entry: dict[str, Any]) -> str:
    seen = f"{entry['times']:>4} times, last {entry['last_at']}"
    return f"{entry['id']:>6}  {entry['system']:<10} {entry['external_id'] or '-':<24} {seen}  {entry['reason']}"


async def _replay(settings: Settings, store: Database, ids: list[int]) -> tuple[int, int, list[dict[str, Any]]]:
    """Return how many were found, how many failed again, and their new entries; one transaction per system."""
    from hub.connectors import registry
    from hub.store.ingest import quarantine

    systems = {system.name: system for system in registry.enabled(settings)}
    async with store.read() as db:
        open_ids = await quarantine.open_ids(db, ids)
    found, back, new = 0, 0, list[dict[str, Any]]()
    paths = _id_paths(settings)
    for system in [_enabled_system(systems, name) for name in open_ids]:
        items = [f"quarantine:{each}" for each in open_ids[system.name]]
        async with common.audited_write(store, "quarantine:replay", items, system=system.name) as db:
            counts, entries = await _replay_system(settings, db, system, open_ids[system.name])
        found, back, new = (
            found + counts[0],
            back + counts[1],
            [*new, *(_entry_fields(entry, paths) for entry in entries)],
        )
    return found, back, new


async def _replay_system(
    settings: Settings, db: AsyncConnection, system: Enabled, ids: list[int]
) -> tuple[tuple[int, int], list[QuarantineEntry]]:
    """Return the counts of ``Ingest.replay``, and the entries that it created."""
    from hub.connectors import registry
    from hub.store.encryption import FieldCipher
    from hub.store.ingest import quarantine, records
    from hub.sync.ingest import Ingest

    await records.lock_system(db, system.name)
    before = await quarantine.last_id(db, system.name)
    counts = await Ingest(
        registry.offline_connector(system), FieldCipher(settings.sealing_keys, settings.secret)
    ).replay(db, ids)
    return counts, await quarantine.entries(db, system.name, max(1, counts[1]), after=before)


def _enabled_system(systems: dict[str, Enabled], name: str) -> Enabled:
    if name not in systems:
        raise BadSetting(f"{name} is not enabled: add it to HUB_CONNECTORS to replay its items.")
    return systems[name]
