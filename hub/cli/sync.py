"""``hub sync``: pulls from one system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import common
from hub.errors import BadSetting

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.sync.pull import PullResult


def sync(
    name: Annotated[str, typer.Argument(help="The system to pull from.")],
    full: Annotated[bool, typer.Option("--full", help="Pull all that the system lists, from the start.")] = False,
    confirm_gone: Annotated[
        bool,
        typer.Option("--confirm-gone", help="With --full: mark all unlisted records as gone, however many."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Pull from one system now, and print the result.

    Exit code 3: another pull of it is running, or it is closed for upkeep.
    """
    import asyncio

    if confirm_gone and not full:
        raise BadSetting("--confirm-gone needs --full: only a full run finds what is gone.")
    settings = common.load_settings(use_running_sandboxes=True)
    raise typer.Exit(asyncio.run(_sync(settings, name, full=full, confirmed=confirm_gone, as_json=json)))


async def _sync(settings: Settings, name: str, *, full: bool, confirmed: bool, as_json: bool) -> int:
    import orjson

    from hub.connectors import registry
    from hub.logs import escape_text
    from hub.runtime.database_access import check_migrated, open_database, reachable_database
    from hub.store.encryption import FieldCipher
    from hub.sync.pull import Pull
    from hub.sync.removal_detection import RemovalRules

    system = common.find_system(settings, name)
    async with (
        reachable_database(settings) as connected,
        open_database(connected) as store,
        registry.connect(system) as connector,
    ):
        await check_migrated(connected)
        pull = Pull(
            store,
            connector,
            FieldCipher(connected.sealing_keys, connected.secret),
            RemovalRules.from_settings(connected),
        )
        result = await pull.run(full=full, confirmed=confirmed)
    typer.echo(orjson.dumps(result) if as_json else escape_text(_line(result)))
    return {"DONE": 0, "BUSY": 3, "WAITING": 3}.get(result.outcome, 1)


def _line(result: PullResult) -> str:
    if result.outcome == "BUSY":
        return f"{result.system}: busy; another pull of it is running, so this one did nothing. Try again later."
    tally = result.tally
    return (
        f"{result.system}: {result.outcome.lower()} in {result.seconds:.1f} s; {tally.created} new, "
        f"{tally.updated} changed, {tally.unchanged + tally.stale} known, {result.gone} gone, "
        f"{tally.quarantined} in quarantine" + (f"; {result.error}" if result.error else "")
    )
