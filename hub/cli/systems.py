"""``hub systems``: lists the systems, pulls from one, pauses and resumes one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common
from hub.errors import BadSetting

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.operations.system_acts import SystemAct

commands = typer.Typer(no_args_is_help=True, help="Systems: list them, pull from one, pause or resume one.")

Name = Annotated[str, typer.Argument(help="The system's name.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@commands.command("list")
def list_(json: Json = False) -> None:
    """List the systems with their state."""

    async def load(settings: Settings, store: Database) -> list[dict[str, Any]]:
        from hub.store import systems

        async with store.read() as db:
            return [{**asdict(each), "state": each.state} for each in await systems.overview(db)]

    for system in common.run(load):
        state = "PAUSED" if system["paused_at"] else system["state"]
        as_of = f"as of {system['synced_at']:%Y-%m-%d %H:%M} UTC" if system["synced_at"] else "no complete pull yet"
        line = f"{system['name']:<12} {state:<9} {system['records']:>9} records, {as_of}  {system['last_error'] or ''}"
        common.print_result(system, line.rstrip(), json=json)


@commands.command()
def streams(json: Json = False) -> None:
    """List the streams of each system: what is pulled and sent, its calls, and its files."""

    async def load(settings: Settings, store: Database) -> list[dict[str, Any]]:
        from hub.connectors import registry
        from hub.connectors.base import Connector
        from hub.store import systems
        from hub.store.operations import streams

        enabled = registry.enabled(settings)
        hooks = frozenset(each.name for each in enabled if each.connector.webhooks)
        files = frozenset(each.name for each in enabled if each.connector.files is not Connector.files)
        async with store.read() as db:
            names = [each.name for each in await systems.overview(db)]
            found = await streams.streams(db, names, hooks, files)
        return [{"system": name, **asdict(each)} for name in names for each in found.get(name, ())]

    for each in common.run(load):
        counts = f"{each['in_flight']} in flight, {each['waiting']} waiting, {each['blocked']} blocked"
        line = f"{each['system']:<12} {each['kind']:<5} {each['state']:<9} {counts}  {each['error'] or ''}"
        common.print_result(each, line.rstrip(), json=json)


@commands.command()
def pull(name: Name, json: Json = False) -> None:
    """Let a worker pull from a system now; `hub sync` pulls in this process instead."""
    _act(name, "PULL", "is pulled by a worker within seconds", json=json)


@commands.command("full-run")
def full_run(name: Name, json: Json = False) -> None:
    """Let a worker pull all that a system lists, from the start."""
    _act(name, "FULL_RUN", "is pulled from the start by a worker within seconds", json=json)


@commands.command()
def pause(name: Name, json: Json = False) -> None:
    """Pull nothing from a system and send nothing to it, until it is resumed."""
    _act(name, "PAUSE", "is paused", json=json)


@commands.command()
def resume(name: Name, json: Json = False) -> None:
    """Pull from a system and send to it again."""
    _act(name, "RESUME", "is resumed", json=json)


def _act(name: str, act: str, done: str, *, json: bool) -> None:
    async def work(settings: Settings, store: Database) -> SystemAct:
        from hub.store.operations.system_acts import SystemAct, act_on

        chosen = SystemAct[act]
        async with store.write(common.cause(chosen.value)) as db:
            problems = await act_on(db, name, chosen)
        if problems:
            raise BadSetting(f"{name}: {problems[0].message}")
        return chosen

    action = common.run(work)
    common.print_result({"system": name, "done": action.value}, f"{name} {done}.", json=json)
