"""``hub clients``: registers the programs of partners and front-ends, and takes back what they may."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from hub.errors import BadSetting
from hub.process import operator

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.access.clients import Client
    from hub.store.database import Database

commands = typer.Typer(no_args_is_help=True, help="OAuth clients: the programs of partners and front-ends.")

Id = Annotated[str, typer.Argument(help="The client's id.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Texts = list[str]
Requests = Annotated[int | None, typer.Option(min=1, help="How many operations it may send a minute.")]
Cost = Annotated[int | None, typer.Option(min=1, help="How much its operations may cost a minute.")]


@commands.command()
def create(
    name: Annotated[str, typer.Option(help="What users see when they are asked to consent.")],
    organisation: Annotated[str, typer.Option(help="Who answers for it.")],
    method: Annotated[
        str, typer.Option(help="private_key_jwt, client_secret_basic, client_secret_post, or none for a public client.")
    ],
    scope: Annotated[Texts, typer.Option(help="What it may be granted; repeat for more.")],
    grant: Annotated[
        Texts, typer.Option(help="client_credentials, authorization_code, refresh_token; repeat for more.")
    ],
    redirect_uri: Annotated[Texts, typer.Option(help="Where users come back to; repeat for more.")] = [],  # noqa: B006
    origin: Annotated[Texts, typer.Option(help="Where its pages call from; repeat for more.")] = [],  # noqa: B006
    jwks: Annotated[Path | None, typer.Option(help="A file with its public keys as a JWK Set.")] = None,
    jwks_uri: Annotated[str | None, typer.Option(help="Where it publishes its public keys.")] = None,
    must_push: Annotated[bool, typer.Option("--must-push", help="It has to push its requests (RFC 9126).")] = False,
    must_bind: Annotated[bool, typer.Option("--must-bind", help="Its tokens have to be bound (RFC 9449).")] = False,
    token_seconds: Annotated[int | None, typer.Option(min=1, max=86_400, help="How long its tokens live.")] = None,
    requests: Requests = None,
    cost: Cost = None,
    id: Annotated[str | None, typer.Option(help="An id of your choice; else one is made up.")] = None,
    json: Json = False,
) -> None:
    """Register a client. Its secret is shown once, here."""
    from hub.store.access.clients import Client
    from hub.store.digests import fresh_id

    wanted = Client(
        id=id or fresh_id("c"),
        name=name,
        organisation=organisation,
        auth_method=method,
        grants=tuple(grant),
        scopes=tuple(scope),
        redirect_uris=tuple(redirect_uri),
        origins=tuple(origin),
        jwks=_json(jwks) if jwks else None,
        jwks_uri=jwks_uri,
        must_push=must_push,
        must_bind=must_bind,
        token_seconds=token_seconds,
    )
    wanted = replace(wanted, **_budget(requests, cost))
    client, secret = operator.run(lambda settings, store: register(settings, store, wanted))
    line = f"Client {client.id} is registered." + (f"\nIts secret, shown only now: {secret}" if secret else "")
    operator.answer(_told(client) | ({"secret": secret} if secret else {}), line, json=json)


async def register(settings: Settings, store: Database, client: Client) -> tuple[Client, str | None]:
    """Register ``client``; with its secret, if it authenticates with one."""
    from hub.auth.server.registration import check
    from hub.store.access import clients

    check(client, scope_names(settings))
    async with operator.writing(store, "clients:create") as db:
        await clients.create(db, client)
        has_secret = client.auth_method.startswith("client_secret")
        secret = await clients.new_secret(db, client.id) if has_secret else None
        return operator.found(await clients.get(db, client.id), client.id), secret


def scope_names(settings: Settings) -> list[str]:
    """Every scope there is, with those of the enabled systems."""
    from hub.auth.scopes import NAMES, sync_scope
    from hub.connectors import registry

    return [*NAMES, *(sync_scope(system.name).name for system in registry.enabled(settings))]


@commands.command("list")
def list_(json: Json = False) -> None:
    """List the clients, the oldest first."""
    for client in operator.run(_every):
        state = "suspended" if client.suspended_at else "active"
        line = f"{client.id:<24} {state:<9} {client.auth_method:<19} {client.organisation}: {client.name}"
        operator.answer(_told(client), line, json=json)


@commands.command()
def show(client_id: Id, json: Json = False) -> None:
    """Show all about one client, but for its secrets."""
    told = _told(operator.run(lambda _, store: _one(store, client_id)))
    lines = (f"{name:<20} {' '.join(held) if isinstance(held, list) else held}" for name, held in told.items())
    operator.answer(told, "\n".join(lines), json=json)


@commands.command("rotate-secret")
def rotate_secret(
    client_id: Id,
    keep_hours: Annotated[float, typer.Option(min=0, help="How long the secrets it has go on working.")] = 24,
    json: Json = False,
) -> None:
    """Make a new secret, shown once, while the old one works for a while."""

    async def rotate(settings: Settings, store: Database) -> str:
        from hub.store.access import clients

        client = await _one(store, client_id)
        if not client.auth_method.startswith("client_secret"):
            raise BadSetting(f"{client_id} authenticates by {client.auth_method}: it has no secret.")
        async with operator.writing(store, "clients:rotate-secret") as db:
            return await clients.new_secret(db, client_id, timedelta(hours=keep_hours))

    secret = operator.run(rotate)
    line = f"The new secret, shown only now: {secret}\nThe old one works for {keep_hours:g} hours more."
    operator.answer({"id": client_id, "secret": secret}, line, json=json)


@commands.command()
def suspend(client_id: Id, json: Json = False) -> None:
    """Refuse a client and every token it has, on every process within a second."""
    _change("suspend", client_id, json)


@commands.command()
def resume(client_id: Id, json: Json = False) -> None:
    """Let a suspended client in again."""
    _change("resume", client_id, json)


@commands.command()
def delete(client_id: Id, json: Json = False) -> None:
    """Forget a client with everything it was granted."""
    _change("remove", client_id, json)


@commands.command()
def budget(client_id: Id, requests: Requests = None, cost: Cost = None, json: Json = False) -> None:
    """Change how much a client may ask for; every process knows within a second."""
    changed = _budget(requests, cost)
    if not changed:
        raise BadSetting("Say --requests, --cost or both.")

    async def change(settings: Settings, store: Database) -> Client:
        from hub.store.access import clients

        async with operator.writing(store, "clients:budget") as db:
            await clients.budget(db, client_id, changed)
            return operator.found(await clients.get(db, client_id), f"client {client_id}")

    client = operator.run(change)
    line = (
        f"{client_id} may send {client.requests_per_minute} operations a minute, at a cost of {client.cost_per_minute}."
    )
    operator.answer(_told(client), line, json=json)


def _budget(requests: int | None, cost: int | None) -> dict[str, Any]:
    told = {"requests_per_minute": requests, "cost_per_minute": cost}
    return {name: value for name, value in told.items() if value is not None}


@commands.command()
def documents(
    client_id: Id,
    manifest: Annotated[Path | None, typer.Argument(help="Apollo's manifest, or the one of @graphql-codegen.")] = None,
    replace_all: Annotated[bool, typer.Option("--replace", help="Forget the operations that are not in it.")] = False,
    only: Annotated[
        bool | None, typer.Option("--only/--any", help="Let the client send these operations only, or any.")
    ] = None,
    json: Json = False,
) -> None:
    """Register the operations a client may send by their ids, and pin it to them."""

    async def work(settings: Settings, store: Database) -> dict[str, Any]:
        from hub.store.access import clients
        from hub.store.access import documents as registered
        from hub.web import manifests

        await _one(store, client_id)
        texts = manifests.read(_read(manifest)) if manifest else []
        async with operator.writing(store, "clients:documents") as db:
            done = await registered.register(db, client_id, texts, replace=replace_all)
            if only is not None:
                await clients.pin(db, client_id, documents_only=only)
            client = operator.found(await clients.get(db, client_id), client_id)
            total = await registered.count(db, client_id)
        return {"id": client_id, **asdict(done), "total": total, "documents_only": client.documents_only}

    told = operator.run(work)
    may = "these only" if told["documents_only"] else "any operation"
    line = (
        f"{told['added']} new, {told['kept']} known, {told['removed']} removed, {told['total']} in all; may send {may}."
    )
    operator.answer(told, line, json=json)


@commands.command()
def assertion(
    client_id: Id,
    key: Annotated[Path, typer.Option(help="A file with the client's private key as a JWK.")],
    issuer: Annotated[
        str | None, typer.Option(help="The hub's origin, when it is not the one of the settings.")
    ] = None,
) -> None:
    """Sign what private_key_jwt sends, as the client itself would, to try it; good for a minute, once."""
    from hub.auth.assertion import sign
    from hub.settings import Settings, read

    typer.echo(sign(_json(key), client_id, issuer or read(Settings).issuer))


def _change(what: str, client_id: str, json: bool) -> None:
    async def change(settings: Settings, store: Database) -> bool:
        from hub.store.access import clients

        act = {"suspend": clients.suspend, "resume": clients.resume, "remove": clients.remove}[what]
        async with operator.writing(store, f"clients:{what}") as db:
            return await act(db, client_id)

    operator.found(operator.run(change), f"client {client_id}")
    done = {"suspend": "suspended", "resume": "resumed", "remove": "deleted"}[what]
    operator.answer({"id": client_id, "done": done}, f"Client {client_id} is {done}.", json=json)


async def _every(settings: Settings, store: Database) -> list[Client]:
    from hub.store.access import clients

    async with store.read() as db:
        return await clients.every(db)


async def _one(store: Database, client_id: str) -> Client:
    from hub.store.access import clients

    async with store.read() as db:
        return operator.found(await clients.get(db, client_id), f"client {client_id}")


def _told(client: Client) -> dict[str, Any]:
    told = asdict(replace(client, secrets=()))
    held = told.pop("secrets")
    assert not held
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}


def _json(path: Path) -> Any:
    try:
        return orjson.loads(_read(path))
    except orjson.JSONDecodeError:
        raise BadSetting(f"{path} is no JSON.") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadSetting(f"{path} cannot be read ({error.strerror}).") from None
