"""Commands of ``hub clients`` on a client's access: secrets, suspension, deletion, tracking codes, rate limits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import common
from hub.cli.client_common import (
    AnyId,
    Cost,
    Id,
    Json,
    Requests,
    client_fields,
    get_client,
    rate_limits,
    read_json,
    scope_names,
)
from hub.errors import BadSetting

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.oauth.clients import Client


def rotate_secret(
    client_id: Id,
    keep_hours: Annotated[float, typer.Option(min=0, help="Hours for which the current secrets stay valid.")] = 24,
    json: Json = False,
) -> None:
    """Generate a new secret, printed once; the old one stays valid for a while."""

    async def rotate(settings: Settings, store: Database) -> str:
        from hub.store.oauth import clients

        client = await get_client(store, client_id)
        if not client.auth_method.startswith("client_secret"):
            raise BadSetting(f"{client_id} authenticates by {client.auth_method}: it has no secret.")
        async with common.audited_write(store, "clients:rotate-secret", f"client:{client_id}") as db:
            return await clients.new_secret(db, client_id, timedelta(hours=keep_hours))

    secret = common.run(rotate)
    line = f"The new secret, shown only now: {secret}\nThe old one is valid for {keep_hours:g} more hours."
    common.print_result({"id": client_id, "secret": secret}, line, json=json)


def suspend(client_id: AnyId, json: Json = False) -> None:
    """Suspend a client: all its tokens are refused, by every process within a second."""
    _change("suspend", client_id, json)


def resume(client_id: AnyId, json: Json = False) -> None:
    """Resume a suspended client."""
    _change("resume", client_id, json)


def delete(client_id: Id, json: Json = False) -> None:
    """Delete a client with all its grants."""
    _change("remove", client_id, json)


def renew_codes(client_id: Id, json: Json = False) -> None:
    """Invalidate all tracking codes issued to a client; reporters get new ones from the complaint desk."""

    async def renew(settings: Settings, store: Database) -> int:
        from hub.store.complaints import tracking_codes

        await get_client(store, client_id)
        async with common.audited_write(store, "clients:renew-codes", f"client:{client_id}") as db:
            return await tracking_codes.renew_all(db, client_id)

    renewed = common.run(renew)
    common.print_result({"id": client_id, "renewed": renewed}, f"{renewed} tracking codes are invalid now.", json=json)


def budget(client_id: Id, requests: Requests = None, cost: Cost = None, json: Json = False) -> None:
    """Change a client's rate limits; effective in every process within a second."""
    changed = rate_limits(requests, cost)
    if not changed:
        raise BadSetting("Set --requests, --cost or both.")

    async def change(settings: Settings, store: Database) -> Client:
        from hub.store.oauth import clients

        async with common.audited_write(store, "clients:budget", f"client:{client_id}", **changed) as db:
            await clients.set_limits(db, client_id, changed)
            return common.require(await clients.get(db, client_id), f"client {client_id}")

    client = common.run(change)
    line = (
        f"{client_id} may send {client.requests_per_minute} operations a minute, at a cost of {client.cost_per_minute}."
    )
    common.print_result(client_fields(client), line, json=json)


def assertion(
    client_id: Id,
    key: Annotated[Path, typer.Option(help="A file with the client's private key as a JWK.")],
    issuer: Annotated[str | None, typer.Option(help="The hub's origin, if it is not that of the settings.")] = None,
) -> None:
    """Sign a client assertion for private_key_jwt, for trying it; valid once, for a minute."""
    from hub.auth.client_assertion import sign
    from hub.settings import Settings, read_settings

    typer.echo(sign(read_json(key), client_id, issuer or read_settings(Settings).issuer))


def _change(what: str, client_id: str, json: bool) -> None:
    async def change(settings: Settings, store: Database) -> None:
        from hub.store.complaints import tracking_codes
        from hub.store.oauth import clients

        if ":" in client_id:
            await _change_external(settings, store, what, client_id)
            return
        change_client = {"suspend": clients.suspend, "resume": clients.resume, "remove": clients.remove}[what]
        async with common.audited_write(store, f"clients:{what}", f"client:{client_id}") as db:
            if what == "remove":
                # Once the client is deleted, its codes could no longer be found and invalidated.
                await tracking_codes.renew_all(db, client_id)
            common.require(await change_client(db, client_id), f"client {client_id}")

    common.run(change)
    done = {"suspend": "suspended", "resume": "resumed", "remove": "deleted"}[what]
    common.print_result({"id": client_id, "done": done}, f"Client {client_id} is {done}.", json=json)


async def _change_external(settings: Settings, store: Database, what: str, partner: str) -> None:
    """Change a client of another issuer, which is not registered here: it can be suspended and resumed only."""
    from hub.auth import issuer_config
    from hub.store.oauth import external_blocks

    names = [row.name for row in issuer_config.read(settings.issuers_file, scope_names(settings)).issuers]
    if what == "remove" or partner.partition(":")[0] not in names:
        known = ", ".join(names) or "none"
        raise BadSetting(f"{partner} is not a client of a trusted issuer: use NAME:CLIENT, NAME one of {known}.")
    async with common.audited_write(store, f"clients:{what}", f"client:{partner}") as db:
        if what == "suspend":
            await external_blocks.suspend_client(db, partner)
        else:
            common.require(await external_blocks.resume_client(db, partner), f"suspended client {partner}")
