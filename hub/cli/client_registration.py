"""``hub clients create``, ``list`` and ``show``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import common
from hub.cli.client_common import (
    Channels,
    Cost,
    Id,
    Json,
    Jwks,
    JwksUri,
    Merchants,
    Requests,
    Texts,
    TokenSeconds,
    audit_details,
    client_fields,
    get_client,
    rate_limits,
    read_json,
    scope_names,
)

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.oauth.clients import Client


def create(
    name: Annotated[str, typer.Option(help="The name that users see on the consent page.")],
    organisation: Annotated[str, typer.Option(help="The organisation that is responsible for it.")],
    method: Annotated[
        str, typer.Option(help="private_key_jwt, client_secret_basic, client_secret_post, or none for a public client.")
    ],
    scope: Annotated[Texts, typer.Option(help="A scope that it may be granted; repeat for more.")],
    grant: Annotated[
        Texts, typer.Option(help="client_credentials, authorization_code, refresh_token; repeat for more.")
    ],
    redirect_uri: Annotated[Texts, typer.Option(help="A redirect URI; repeat for more.")] = [],  # noqa: B006
    origin: Annotated[Texts, typer.Option(help="An origin of its pages; repeat for more.")] = [],  # noqa: B006
    jwks: Jwks = None,
    jwks_uri: JwksUri = None,
    channel: Channels = [],  # noqa: B006
    merchant: Merchants = [],  # noqa: B006
    must_push: Annotated[bool, typer.Option("--must-push", help="Require pushed requests (RFC 9126).")] = False,
    must_bind: Annotated[bool, typer.Option("--must-bind", help="Require DPoP-bound tokens (RFC 9449).")] = False,
    token_seconds: TokenSeconds = None,
    requests: Requests = None,
    cost: Cost = None,
    id: Annotated[str | None, typer.Option(help="The client's id; by default it is generated.")] = None,
    json: Json = False,
) -> None:
    """Register a client. Its secret is printed once."""
    from hub.store.oauth.clients import Client
    from hub.store.secret_hashes import generate_id

    registration = Client(
        id=id or generate_id("c"),
        name=name,
        organisation=organisation,
        auth_method=method,
        grants=tuple(grant),
        scopes=tuple(scope),
        redirect_uris=tuple(redirect_uri),
        origins=tuple(origin),
        jwks=read_json(jwks) if jwks else None,
        jwks_uri=jwks_uri,
        channels=tuple(channel),
        merchants=tuple(merchant),
        must_push=must_push,
        must_bind=must_bind,
        token_seconds=token_seconds,
    )
    registration = replace(registration, **rate_limits(requests, cost))
    registration, secret = common.run(lambda settings, store: register(settings, store, registration))
    line = f"Client {registration.id} is registered." + (f"\nIts secret, shown only now: {secret}" if secret else "")
    common.print_result(client_fields(registration) | ({"secret": secret} if secret else {}), line, json=json)


async def register(settings: Settings, store: Database, client: Client) -> tuple[Client, str | None]:
    """Register ``client``; return it with its secret, if it authenticates with one."""
    from hub.auth.server.client_metadata import check, check_channels
    from hub.store.oauth import clients

    check_channels(check(client, scope_names(settings)))
    async with common.audited_write(store, "clients:create", f"client:{client.id}", **audit_details(client)) as db:
        await clients.create(db, client)
        has_secret = client.auth_method.startswith("client_secret")
        secret = await clients.new_secret(db, client.id) if has_secret else None
        return common.require(await clients.get(db, client.id), client.id), secret


def list_(json: Json = False) -> None:
    """List the clients, the oldest first."""
    for client in common.run(_list_all):
        state = "suspended" if client.suspended_at else "active"
        line = f"{client.id:<24} {state:<9} {client.auth_method:<19} {client.organisation}: {client.name}"
        common.print_result(client_fields(client), line, json=json)


def show(client_id: Id, json: Json = False) -> None:
    """Show a client, without its secrets."""
    fields = client_fields(common.run(lambda _, store: get_client(store, client_id)))
    lines = (f"{name:<20} {' '.join(value) if isinstance(value, list) else value}" for name, value in fields.items())
    common.print_result(fields, "\n".join(lines), json=json)


async def _list_all(settings: Settings, store: Database) -> list[Client]:
    from hub.store.oauth import clients

    async with store.read() as db:
        return await clients.list_all(db)
