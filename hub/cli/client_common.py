"""What the commands of ``hub clients`` share: options, files, and the fields of a client."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from hub.cli import common
from hub.errors import BadSetting

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.oauth.clients import Client

Id = Annotated[str, typer.Argument(help="The client's id.")]
AnyId = Annotated[
    str,
    typer.Argument(help="The client's id; for a client of another issuer the issuer's name, a colon and its id there."),
]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Texts = list[str]
Channels = Annotated[Texts, typer.Option(help="A channel by which it may submit complaints; repeat for more.")]
Merchants = Annotated[
    Texts,
    typer.Option(help="A merchant whose payments it may read; repeat for more."),
]
Requests = Annotated[int | None, typer.Option(min=1, help="Operations per minute.")]
Cost = Annotated[int | None, typer.Option(min=1, help="Total cost of its operations per minute.")]
Jwks = Annotated[Path | None, typer.Option(help="A file with its public keys as a JWK Set.")]
JwksUri = Annotated[str | None, typer.Option(help="The URL of its published JWK Set.")]
TokenSeconds = Annotated[int | None, typer.Option(min=1, max=86_400, help="The lifetime of its access tokens.")]


async def get_client(store: Database, client_id: str) -> Client:
    """Return the client; ``NotFound`` if there is none."""
    from hub.store.oauth import clients

    async with store.read() as db:
        return common.require(await clients.get(db, client_id), f"client {client_id}")


def client_fields(client: Client) -> dict[str, Any]:
    """Return all fields of a client except its secrets."""
    fields = asdict(replace(client, secrets=()))
    secrets = fields.pop("secrets")
    assert not secrets
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def audit_details(client: Client) -> dict[str, list[str]]:
    """Return the client's access rights for the audit trail."""
    return {"scopes": [*client.scopes], "grants": [*client.grants], "merchants": [*client.merchants]}


def scope_names(settings: Settings) -> list[str]:
    """Return all scopes, with those of the enabled systems."""
    from hub.auth.scopes import NAMES, sync_scope
    from hub.connectors import registry

    return [*NAMES, *(sync_scope(system.name).name for system in registry.enabled(settings))]


def rate_limits(requests: int | None, cost: int | None) -> dict[str, Any]:
    """Return the limits that are set, by the names of their columns."""
    limits = {"requests_per_minute": requests, "cost_per_minute": cost}
    return {name: value for name, value in limits.items() if value is not None}


def read_json(path: Path) -> Any:
    """Return the JSON in a file; ``BadSetting`` if it cannot be read."""
    try:
        return orjson.loads(read_file(path))
    except orjson.JSONDecodeError:
        raise BadSetting(f"{path} is not JSON.") from None


def read_file(path: Path) -> bytes:
    """Return the content of a file; ``BadSetting`` if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadSetting(f"{path} cannot be read ({error.strerror}).") from None
