"""The commands. Each imports what it needs when it is called, so that ``hub --help`` is quick.

Exit codes: 0 done, 1 it failed or found something wrong, 2 a wrong setting, argument, port or folder in use,
3 another run is busy with it, so try again later.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated

import typer

from hub.errors import BadSetting, HubError

if TYPE_CHECKING:
    from hub.connectors.registry import Enabled
    from hub.settings import Settings
    from hub.sync.pull import PullResult

app = typer.Typer(
    name="hub",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Simpul, the GraphQL integration hub for Central Java. Settings are HUB_* variables.",
)

Socket = Annotated[int | None, typer.Option("--socket", hidden=True, help="A bound socket, inherited.")]
Subgraph = Annotated[str | None, typer.Option(help="Only this part of the graph, as a subgraph.")]
Demo = Annotated[bool, typer.Option("--demo", help="With a year of invented complaints, up to today.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command()
def run(
    demo: Annotated[
        bool, typer.Option("--demo", help="With demo data, and a sandbox for each system without a URL.")
    ] = False,
) -> None:
    """Run everything: database, web server, worker. Ends with Ctrl-C, or when a part of it dies."""
    import asyncio

    from hub.process.run import run

    asyncio.run(run(_settings(warn=True), with_demo=demo))


@app.command()
def serve(
    subgraph: Subgraph = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Instead of HUB_PORT.")] = None,
    inherited: Socket = None,
) -> None:
    """Serve the graph over HTTP."""
    import uvloop

    uvloop.run(_serve(_settings(warn=inherited is None), subgraph, port, inherited))


async def _serve(settings: Settings, subgraph: str | None, port: int | None, inherited: int | None) -> None:
    import structlog

    from hub.app import build
    from hub.process.reach import reached
    from hub.process.serve import address, serve

    on = _listening(settings.host, settings.port if port is None else port, inherited)
    if not subgraph:
        # A subgraph issues no tokens: those it reads are of the hub at HUB_PUBLIC_URL or HUB_PORT.
        settings = settings.model_copy(update={"public_url": settings.public_url or address(on)})
    async with reached(settings) as at:
        web = build(at, subgraph=subgraph)
        structlog.get_logger().info("serving", url=f"{address(on)}/graphql", subgraph=subgraph)
        await serve(web, on)


@app.command()
def worker() -> None:
    """Pull from the systems and do what is queued, until SIGTERM."""
    import asyncio

    asyncio.run(_worker(_settings(recall=True)))


async def _worker(settings: Settings) -> None:
    from hub.process.reach import migrated, reached
    from hub.sync.worker import run

    async with reached(settings) as at:
        await migrated(at)
        await run(at)


@app.command()
def migrate(demo: Demo = False) -> None:
    """Bring the database to the current shape, with a partition for each enabled system; safe to repeat."""
    import asyncio

    asyncio.run(_migrate(_settings(), with_demo=demo))


async def _migrate(settings: Settings, *, with_demo: bool) -> None:
    from hub.process import demo
    from hub.process.reach import reached
    from hub.process.run import prepare

    if with_demo:
        demo.refuse_in_production(settings)
    async with reached(settings) as at:
        await prepare(at, with_demo=with_demo)


@app.command()
def schema(subgraph: Subgraph = None) -> None:
    """Print the graph in SDL."""
    from hub.app import parts
    from hub.connectors import registry
    from hub.schema.graph import schema

    settings = _settings()
    typer.echo(schema(subgraph, parts(settings), shared=registry.shared(settings)).sdl)


@app.command()
def sandbox(
    name: Annotated[str, typer.Argument(help="The system to stand in for.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for a free one.")] = 0,
    today: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day its world ends.")] = None,
    hub: Annotated[str, typer.Option(help="The hub's URL, for a system that tells it of changes by itself.")] = "",
    inherited: Socket = None,
) -> None:
    """Run the stand-in for one system; prints the variables with which the hub finds it."""
    import uvloop

    settings = _settings()
    uvloop.run(_sandbox(settings, name, port, today.date() if today else None, hub, inherited))


async def _sandbox(settings: Settings, name: str, port: int, day: date | None, hub: str, inherited: int | None) -> None:
    from hub.process import demo
    from hub.process.serve import address, serve

    demo.refuse_in_production(settings)
    system = _system(settings, name)
    on = _listening("127.0.0.1" if inherited is None else "", port, inherited)
    # Whoever reads the variables may call at once: calls wait while the sandbox makes up its world.
    on.listen()
    with ExitStack() as stack:
        if not system.settings.url:
            given = system.connector.sandbox_settings(address(on), settings.data_dir.resolve() / "sandboxes")
            os.environ.update(given)
            system = _system(settings, name)
            stack.enter_context(demo.remembered(settings, name, given))
            for variable, value in given.items():
                typer.echo(f"{variable}={value}")
        built = demo.sandbox(settings, system, day or demo.today(settings))
        built.hub = hub
        await serve(built.app(), on, behind_proxy=False)


@app.command()
def sync(
    name: Annotated[str, typer.Argument(help="The system to pull from.")],
    full: Annotated[bool, typer.Option("--full", help="All it lists, from the start.")] = False,
    json: Json = False,
) -> None:
    """Pull from one system now, and say what came of it. Exit code 3: another pull of it is running."""
    import asyncio

    raise typer.Exit(asyncio.run(_sync(_settings(recall=True), name, full=full, as_json=json)))


async def _sync(settings: Settings, name: str, *, full: bool, as_json: bool) -> int:
    import orjson

    from hub.connectors import registry
    from hub.process.reach import database, reached
    from hub.store.sealing import Seal
    from hub.sync.pull import Pull

    system = _system(settings, name)
    async with reached(settings) as at, database(at) as store, registry.opened(system) as connector:
        result = await Pull(store, connector, Seal(at.sealing_keys, at.secret)).run(full=full)
    typer.echo(orjson.dumps(result) if as_json else _told(result))
    return {"DONE": 0, "BUSY": 3}.get(result.outcome, 1)


def _told(result: PullResult) -> str:
    if result.outcome == "BUSY":
        return f"{result.system}: busy; another pull of it is running, so this one did nothing. Try again later."
    tally = result.tally
    return (
        f"{result.system}: {result.outcome.lower()} in {result.seconds:.1f} s; {tally.created} new, "
        f"{tally.updated} changed, {tally.unchanged + tally.stale} known, {result.gone} gone, "
        f"{tally.quarantined} in quarantine" + (f"; {result.trouble}" if result.trouble else "")
    )


@app.command()
def doctor(json: Json = False) -> None:
    """Look at settings, database, migrations and each system, and say what to do about each failure."""
    import asyncio

    import orjson

    from hub.process.doctor import examine

    findings = asyncio.run(examine(_settings(warn=True, recall=True)))
    for finding in [] if json else findings:
        typer.echo(f"{'ok  ' if finding.well else 'FAIL'} {finding.what:<12} {finding.told}")
    if json:
        typer.echo(orjson.dumps(findings))
    raise typer.Exit(0 if all(finding.well for finding in findings) else 1)


def _settings(*, warn: bool = False, recall: bool = False) -> Settings:
    """The settings, with logs set up as they say.

    ``warn`` tells of variables nobody reads; ``recall`` takes those of running sandboxes for granted.
    """
    from hub import logs
    from hub.settings import Settings, read

    settings = read(Settings)
    logs.set_up(settings.log_level, settings.log_format)
    if recall:
        from hub.process import demo

        demo.recall(settings)
    if warn:
        from hub.connectors import registry
        from hub.settings import unknown

        kinds = [registry.load(name).Settings for name in registry.found(settings.connectors_path)]
        for sentence in unknown(os.environ, [Settings, *kinds]):
            typer.echo(f"Warning: {sentence}", err=True)
    return settings


def _system(settings: Settings, name: str) -> Enabled:
    from hub.connectors import registry

    systems = {system.name: system for system in registry.enabled(settings)}
    if name not in systems:
        raise BadSetting(f"There is no enabled system {name}: it is one of {', '.join(systems)}.")
    return systems[name]


def _listening(host: str, port: int, inherited: int | None) -> socket.socket:
    from hub.process.serve import bound

    return bound(host, port) if inherited is None else socket.socket(fileno=inherited)


@cache
def whole() -> typer.Typer:
    """All commands, those that have commands of their own too."""
    from hub.process import clients, deliveries, doubts, quarantine, signing, users

    app.add_typer(quarantine.commands, name="quarantine")
    app.add_typer(doubts.commands, name="doubts")
    app.add_typer(deliveries.commands, name="deliveries")
    app.add_typer(clients.commands, name="clients")
    app.add_typer(users.commands, name="users")
    app.add_typer(signing.commands, name="keys")
    return app


def main() -> None:
    """Run a command; an error the hub raises on purpose is one sentence, without a trace."""
    try:
        whole()()
    except BadSetting as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except HubError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
