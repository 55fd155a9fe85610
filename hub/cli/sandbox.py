"""``hub sandbox``: runs the sandbox of one system."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import common

if TYPE_CHECKING:
    from hub.settings import Settings


def sandbox(
    name: Annotated[str, typer.Argument(help="The system to stand in for.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="The TCP port, 0 for a free one.")] = 0,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day of its invented data.")
    ] = None,
    hub: Annotated[str, typer.Option(help="The hub's URL, for a system that sends webhooks.")] = "",
    world: Annotated[Path | None, typer.Option(hidden=True, help="The file with the demo world of `hub run`.")] = None,
    inherited: common.InheritedSocket = None,
) -> None:
    """Run the sandbox of one system; prints the variables by which the hub reaches it."""
    import uvloop

    settings = common.load_settings()
    uvloop.run(_sandbox(settings, name, port, today.date() if today else None, hub, world, inherited))


async def _sandbox(
    settings: Settings, name: str, port: int, day: date | None, hub: str, world: Path | None, inherited: int | None
) -> None:
    import shlex

    from hub.connectors import registry
    from hub.demo.world import DemoWorld
    from hub.runtime import demo, demo_world
    from hub.runtime.server import open_socket, serve, url_of

    demo.refuse_in_production(settings)
    system = common.find_system(settings, name)
    sock = open_socket("127.0.0.1", port, inherited)
    # A reader of the variables may call at once: its connection waits while the sandbox invents its data.
    sock.listen()
    with ExitStack() as stack:
        if not system.settings.url:
            variables = registry.sandbox_variables(name, url_of(sock), settings.data_dir.resolve() / "sandboxes")
            os.environ.update(variables)
            system = common.find_system(settings, name)
            stack.enter_context(demo.variables_file(settings, name, variables))
            for variable, value in variables.items():
                typer.echo(f"{variable}={shlex.quote(value)}")
        today = day or demo.today(settings)
        running_sandbox = demo.build_sandbox(
            settings, system, demo_world.load_world(world, today) if world else DemoWorld(today)
        )
        running_sandbox.hub = hub
        await serve(running_sandbox.app(), sock, behind_proxy=False)
