"""Commands of ``hub users`` on what holds access to an account: applications and browser sessions."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database

Name = Annotated[str, typer.Argument(help="The user's name or id.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def access(name: Name, json: Json = False) -> None:
    """List the applications that hold access to an account, and its browser sessions."""

    async def load(settings: Settings, store: Database) -> list[dict[str, Any]]:
        from hub.store.oauth import accounts

        async with store.read() as db:
            user_id = await _user_id(db, name)
            found = await accounts.applications(db, user_id), await accounts.open_sessions(db, user_id)
        return [
            *({"kind": "application", **asdict(each)} for each in found[0]),
            *({"kind": "session", **asdict(each)} for each in found[1]),
        ]

    for each in common.run(load):
        application = each["kind"] == "application"
        what = f"{each['client_id']}  {each['name']}" if application else f"{each['id']}  since {each['started_at']}"
        common.print_result(each, f"{each['kind']:<12} {what}", json=json)


def end_access(
    name: Name,
    client: Annotated[str | None, typer.Option(help="End the access of this client.")] = None,
    session: Annotated[str | None, typer.Option(help="End this session, by its id in `hub users access`.")] = None,
    json: Json = False,
) -> None:
    """End the access of one application, or one browser session."""
    if (client is None) == (session is None):
        raise typer.BadParameter("name a client or a session", param_hint="--client")

    async def end(settings: Settings, store: Database) -> str:
        from hub.store.oauth import accounts, consents

        async with store.read() as db:
            user_id = await _user_id(db, name)
        async with common.audited_write(store, "users:end-access", f"user:{user_id}", client=client) as db:
            if client is not None:
                common.require(await consents.revoke(db, user_id, client), f"access of {client}")
            else:
                common.require(await accounts.end_session(db, user_id, session or ""), f"session {session}")
        return user_id

    user_id = common.run(end)
    common.print_result({"id": user_id, "done": "ended"}, f"The access of {client or session} has ended.", json=json)


async def _user_id(db: Any, name: str) -> str:
    from hub.store.oauth import users

    user = await users.get(db, name) or await users.by_name(db, name)
    return common.require(user, f"user {name}").id
