"""``hub backup``: dumps the database with row counts and digests of its tables, and verifies a dump by restoring it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database

commands = typer.Typer(no_args_is_help=True, help="Back up the database, and verify that a backup can be restored.")

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


class BackupDiffers(HubError):
    """The restored data differs from the backup."""


@commands.command()
def make(
    folder: Annotated[Path, typer.Argument(help="The folder to write to; created if missing.")], json: Json = False
) -> None:
    """Write a dump with pg_dump, and a manifest: row counts and a digest of each table, of the same snapshot."""
    from hub.runtime import dumps

    async def work(settings: Settings, store: Database) -> dict[str, Any]:
        manifest = await dumps.dump(store.url, folder, datetime.now(UTC))
        async with common.audited_write(store, "backup:make", f"backup:{manifest['file']}"):
            return manifest

    made = common.run(work)
    line = f"{folder / made['file']}: {len(made['tables'])} tables, {_rows(made)} rows, {made['bytes']} bytes"
    common.print_result(made, line, json=json)


@commands.command()
def drill(file: Annotated[Path, typer.Argument(help="A dump of `hub backup make`.")], json: Json = False) -> None:
    """Restore a dump into a temporary database, and compare every table with the manifest."""
    from hub.runtime import dumps

    manifest = dumps.read_manifest(file)
    wrong = common.run(lambda _, store: dumps.drill(store.url, file, manifest))
    if json:
        common.print_result({"file": file.name, "wrong": wrong}, "", json=True)
        raise typer.Exit(1 if wrong else 0)
    if wrong:
        raise BackupDiffers(f"{file.name} does not restore to the backed-up data: {' '.join(wrong)}")
    line = f"{file.name}: restored, {len(manifest['tables'])} tables with {_rows(manifest)} rows are identical"
    typer.echo(line)


def _rows(manifest: dict[str, Any]) -> int:
    return sum(table["rows"] for table in manifest["tables"].values())
