"""``hub quarantine``: lists, replays and discards items that could not be read."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common
from hub.errors import BadSetting
from hub.logs import escape_text

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.ingest.quarantine import QuarantineEntry
    from hub.store.operations.quarantine import ReplayOutcome

commands = typer.Typer(no_args_is_help=True, help="Items that could not be read: list, replay or discard them.")

OptionalIds = Annotated[list[int] | None, typer.Argument(help="Numbers that `hub quarantine list` shows.")]
Group = Annotated[str | None, typer.Option(help="All items of a group that `hub quarantine groups` shows.")]
_MANY = 100_000
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


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
def groups(json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False) -> None:
    """List open items grouped by system, reason and version of the connector, the largest group first."""

    async def load(settings: Settings, store: Database) -> list[dict[str, Any]]:
        from hub.store.operations import quarantine

        async with store.read() as db:
            return [asdict(each) for each in await quarantine.groups(db)]

    for each in common.run(load):
        line = f"{each['key']}  {each['count']:>6}  {each['system']:<10} {each['reason']}"
        common.print_result(each, line, json=json)


@commands.command()
def replay(
    ids: OptionalIds = None,
    group: Group = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what it would give.")] = False,
    json: Json = False,
) -> None:
    """Read items again after mapping or code table was corrected; an item that still fails gets a new number."""
    _check(ids, group)
    outcomes, new = common.run(lambda settings, store: _replay(settings, store, ids, group, preview=preview))
    failed = sum(not each.accepted for each in outcomes)
    missing = max(0, len(set(ids or ())) - len(outcomes))
    if not json:
        typer.echo(f"{len(outcomes) - failed} read, {failed} still in quarantine, {missing} not found.")
    for each in outcomes if json or preview else []:
        text = f"{each.kind} {each.external_id}: {each.status}" if each.accepted else each.reason
        common.print_result(asdict(each), f"{each.id:>6}  {text}", json=json)
    for entry in [] if json else new:
        typer.echo(escape_text(_line(entry)))
    raise typer.Exit(1 if failed or missing else 0)


@commands.command()
def discard(ids: OptionalIds = None, group: Group = None, json: Json = False) -> None:
    """Close items permanently and delete their content."""
    _check(ids, group)

    async def forget(settings: Settings, store: Database) -> list[ReplayOutcome]:
        from hub.store.operations import quarantine, quarantine_acts

        async with store.write(common.cause("quarantine:discard")) as db:
            return await quarantine_acts.discard(db, await quarantine.items(db, ids=ids, group=group, limit=_MANY))

    found = len(common.run(forget))
    missing = max(0, len(set(ids or ())) - found)
    result = {"discarded": found, "not_found": missing}
    common.print_result(result, f"{found} discarded, {missing} not found.", json=json)
    raise typer.Exit(1 if missing else 0)


def _check(ids: list[int] | None, group: str | None) -> None:
    if bool(ids) == (group is not None):
        raise BadSetting("Name items, or a group with --group.")


async def _replay(
    settings: Settings, store: Database, ids: list[int] | None, group: str | None, *, preview: bool
) -> tuple[list[ReplayOutcome], list[dict[str, Any]]]:
    """Return the outcomes, and the new entries of items that failed again."""
    from hub.connectors import registry
    from hub.store.encryption import FieldCipher
    from hub.store.operations import quarantine, quarantine_acts
    from hub.sync.quarantine_replay import QuarantineReplay

    tools = QuarantineReplay(registry.enabled(settings), FieldCipher(settings.sealing_keys, settings.secret))
    async with store.write(common.cause("quarantine:replay")) as db:
        entries = await quarantine.items(db, ids=ids, group=group, limit=_MANY)
        if preview or not entries:
            return tools.preview(entries), []
        last = await quarantine.last_id(db)
        outcomes = await quarantine_acts.replay(db, entries, tools.replay)
        new = await quarantine.items(db, before=last, limit=_MANY)
    paths = _id_paths(settings)
    return outcomes, [_entry_fields(entry, paths) for entry in new if entry.system in {e.system for e in entries}]


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
