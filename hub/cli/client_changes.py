"""``hub clients set``: changes a client's registration; its id, secret and complaints stay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

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
    read_json,
    scope_names,
)
from hub.errors import BadSetting

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.oauth.clients import Client

MustPush = Annotated[
    bool | None, typer.Option("--must-push/--may-push", help="Require pushed requests (RFC 9126), or not.")
]
MustBind = Annotated[
    bool | None, typer.Option("--must-bind/--may-bind", help="Require DPoP-bound tokens (RFC 9449), or not.")
]

CLEARABLE: dict[str, Any] = {
    "scope": ("scopes", ()),
    "redirect-uri": ("redirect_uris", ()),
    "origin": ("origins", ()),
    "merchant": ("merchants", ()),
    "jwks": ("jwks", None),
    "jwks-uri": ("jwks_uri", None),
    "token-seconds": ("token_seconds", None),
}
"""The values of ``--without``: the field and its empty value."""


def set_(
    client_id: Id,
    name: Annotated[str | None, typer.Option(help="The name that users see on the consent page.")] = None,
    organisation: Annotated[str | None, typer.Option(help="The organisation that is responsible for it.")] = None,
    scope: Annotated[Texts, typer.Option(help="A scope, replacing all current ones; repeat for more.")] = [],  # noqa: B006
    add_scope: Annotated[Texts, typer.Option(help="A scope to add; repeat for more.")] = [],  # noqa: B006
    remove_scope: Annotated[Texts, typer.Option(help="A scope to remove; repeat for more.")] = [],  # noqa: B006
    grant: Annotated[Texts, typer.Option(help="A grant, replacing all current ones; repeat for more.")] = [],  # noqa: B006
    redirect_uri: Annotated[Texts, typer.Option(help="A redirect URI, replacing all; repeat for more.")] = [],  # noqa: B006
    origin: Annotated[Texts, typer.Option(help="An origin, replacing all current ones; repeat for more.")] = [],  # noqa: B006
    channel: Channels = [],  # noqa: B006
    merchant: Merchants = [],  # noqa: B006
    jwks: Jwks = None,
    jwks_uri: JwksUri = None,
    must_push: MustPush = None,
    must_bind: MustBind = None,
    token_seconds: TokenSeconds = None,
    requests: Requests = None,
    cost: Cost = None,
    without: Annotated[Texts, typer.Option(help=f"Clear one of {', '.join(CLEARABLE)}; repeat for more.")] = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Change a client; options that are not used stay as they are. A list replaces the current one.

    Removed scopes are refused in issued tokens too, within a second.
    """
    lists = {
        "scopes": scope,
        "grants": grant,
        "redirect_uris": redirect_uri,
        "origins": origin,
        "channels": channel,
        "merchants": merchant,
    }
    values = {
        "name": name,
        "organisation": organisation,
        "jwks": read_json(jwks) if jwks else None,
        "jwks_uri": jwks_uri,
        "must_push": must_push,
        "must_bind": must_bind,
        "token_seconds": token_seconds,
        "requests_per_minute": requests,
        "cost_per_minute": cost,
    }
    changed = _cleared(without) | {field: tuple(value) for field, value in lists.items() if value}
    changed |= {field: value for field, value in values.items() if value is not None}
    client = common.run(lambda settings, store: change(settings, store, client_id, changed, add_scope, remove_scope))
    common.print_result(client_fields(client), f"Client {client_id} is changed.", json=json)


def _cleared(without: Texts) -> dict[str, Any]:
    if unknown := sorted({*without} - {*CLEARABLE}):
        raise BadSetting(f"--without {unknown[0]} is not known: it is one of {', '.join(CLEARABLE)}.")
    return dict(CLEARABLE[each] for each in without)


async def change(
    settings: Settings, store: Database, client_id: str, changed: dict[str, Any], add: Texts, remove: Texts
) -> Client:
    """Change fields, and add and remove scopes; ``BadSetting`` if the result could not be registered."""
    from hub.auth.server.client_metadata import check, check_channels, submits_as_itself
    from hub.store.oauth import clients

    if not changed and not add and not remove:
        raise BadSetting("Name at least one thing to change; see `hub clients set --help`.")
    before = await get_client(store, client_id)
    after = replace(before, **changed)
    if missing := sorted({*remove} - {*after.scopes}):
        raise BadSetting(f"{client_id} does not have the scope {missing[0]}.")
    after = replace(after, scopes=tuple(name for name in dict.fromkeys((*after.scopes, *add)) if name not in remove))
    check(after, scope_names(settings))
    if not submits_as_itself(before):
        check_channels(after)
    fields = sorted(field for field in clients.COLUMNS if getattr(before, field) != getattr(after, field))
    details = {"fields": fields, **audit_details(after)}
    async with common.audited_write(store, "clients:set", f"client:{client_id}", **details) as db:
        await clients.replace(db, after)
        return common.require(await clients.get(db, client_id), f"client {client_id}")
