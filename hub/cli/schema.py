"""``hub schema``: prints the graph in SDL, or the endpoints besides it, or compares the graph with an earlier one."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import common
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.settings import Settings


NO_DATABASE, NO_KEY = "postgresql:///", b"\0" * 32
"""Stand in for those of the hub, which printing needs none of."""


class Endpoints(Enum):
    """The documents of the endpoints besides the graph."""

    OPENAPI = "openapi"
    ASYNCAPI = "asyncapi"


def schema(
    subgraph: common.Subgraph = None,
    api: Annotated[bool, typer.Option("--api", help="As clients see it, without federation directives.")] = False,
    endpoints: Annotated[
        Endpoints | None,
        typer.Option(help="Print what describes plain endpoints, or streams, hooks and webhooks, instead of the SDL."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Print the changes that break clients of this SDL instead of the SDL."
        ),
    ] = None,
) -> None:
    """Print the graph in SDL, or the changes that break clients of an earlier SDL."""
    from hub.api.graphql.connector_parts import connector_parts
    from hub.complaints.calendar import JAKARTA
    from hub.connectors import registry
    from hub.schema import compatibility
    from hub.schema.client_schema import client_sdl
    from hub.schema.graph import schema

    settings = common.load_settings()
    if endpoints is not None:
        typer.echo(_described(settings, endpoints, subgraph), nl=False)
        return
    enabled = registry.enabled(settings)
    sdl = schema(subgraph, connector_parts(enabled), shared=registry.shared_fields(enabled)).sdl
    if against is None:
        typer.echo(client_sdl(sdl) if api else sdl)
        return
    earlier, today = against.read_text("utf-8"), datetime.now(JAKARTA).date()
    if found := [*compatibility.breaking_changes(earlier, sdl, today), *compatibility.undated_deprecations(sdl)]:
        raise HubError("\n".join([*found, compatibility.ADVICE]))


def _described(settings: Settings, endpoints: Endpoints, subgraph: str | None) -> str:
    """Return a document of the routes of the app, which opens no connection before it serves."""
    from base64 import b64encode

    from pydantic import SecretStr

    from hub.api.descriptions import Descriptions, to_json
    from hub.app import build

    keys = [SecretStr(b64encode(NO_KEY).decode())]
    app = build(settings.model_copy(update={"database_url": NO_DATABASE, "pii_keys": keys}), subgraph)
    descriptions: Descriptions = app.state.descriptions
    found = descriptions.openapi() if endpoints is Endpoints.OPENAPI else descriptions.asyncapi()
    return to_json(found).decode()
