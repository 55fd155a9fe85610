"""``hub schema``: prints the graph in SDL, or compares it with an earlier one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.cli import common
from hub.errors import HubError


def schema(
    subgraph: common.Subgraph = None,
    api: Annotated[bool, typer.Option("--api", help="As clients see it, without federation directives.")] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Print the changes that break clients of this SDL instead of the SDL."
        ),
    ] = None,
) -> None:
    """Print the graph in SDL, or the changes that break clients of an earlier SDL."""
    from hub.app import connector_parts
    from hub.complaints.calendar import JAKARTA
    from hub.connectors import registry
    from hub.schema import compatibility
    from hub.schema.client_schema import client_sdl
    from hub.schema.graph import schema

    settings = common.load_settings()
    sdl = schema(subgraph, connector_parts(settings), shared=registry.shared_fields(settings)).sdl
    if against is None:
        typer.echo(client_sdl(sdl) if api else sdl)
        return
    earlier, today = against.read_text("utf-8"), datetime.now(JAKARTA).date()
    if found := [*compatibility.breaking_changes(earlier, sdl, today), *compatibility.undated_deprecations(sdl)]:
        raise HubError("\n".join([*found, compatibility.ADVICE]))
