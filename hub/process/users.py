"""``hub users``: accounts of officers, what they may be granted, and who is suspended."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.errors import BadSetting
from hub.process import operator
from hub.process.clients import scope_names

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.access.users import User
    from hub.store.database import Database

commands = typer.Typer(no_args_is_help=True, help="People who sign in: officers, and citizens from outside providers.")

Name = Annotated[str, typer.Argument(help="The user's name, or the id.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Asked = Annotated[bool, typer.Option("--ask-password", help="Ask for the password instead of making one up.")]


@commands.command()
def create(
    username: Annotated[str, typer.Argument(help="What the officer signs in as.")],
    scope: Annotated[list[str], typer.Option(help="What the officer may be granted; repeat for more.")],
    agency: Annotated[str | None, typer.Option(help="Code of the agency; without it, the complaint desk.")] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="For who signs in through an outside provider.")
    ] = False,
    ask: Asked = False,
    json: Json = False,
) -> None:
    """Add an officer. A password that is made up is shown once, here."""
    password = "" if no_password else _password(ask)

    async def add(settings: Settings, store: Database) -> User:
        from hub.store.access import users
        from hub.store.digests import fresh_id

        _check(settings, scope)
        user_id, hashed = fresh_id("u"), await _hashed(password) if password else None
        async with operator.writing(store, "users:create") as db:
            await users.create(
                db, user_id, "OFFICER", username=username, agency_code=agency, scopes=tuple(scope), password_hash=hashed
            )
            return operator.found(await users.get(db, user_id), f"user {user_id}")

    user = operator.run(add)
    shown = {"password": password} if password and not ask else {}
    line = f"User {user.username} is added as {user.id}." + (
        f"\nThe password, shown only now: {password}" if shown else ""
    )
    operator.answer(_told(user) | shown, line, json=json)


@commands.command("list")
def list_(json: Json = False) -> None:
    """List the users, the oldest first."""

    async def every(settings: Settings, store: Database) -> list[User]:
        from hub.store.access import users

        async with store.read() as db:
            return await users.every(db)

    for user in operator.run(every):
        state = "suspended" if user.suspended_at else "active"
        line = f"{user.id:<26} {state:<9} {user.kind:<8} {user.agency_code or '-':<12} {user.username or '-'}"
        operator.answer(_told(user), line, json=json)


@commands.command()
def suspend(name: Name, json: Json = False) -> None:
    """Refuse a user and every token issued for them, on every process within a second."""
    _change("suspend", name, json)


@commands.command()
def resume(name: Name, json: Json = False) -> None:
    """Let a suspended user in again."""
    _change("resume", name, json)


@commands.command("set-password")
def set_password(name: Name, ask: Asked = False, json: Json = False) -> None:
    """Replace an officer's password and end the sessions that began with the old one."""
    password = _password(ask)

    async def change(settings: Settings, store: Database) -> User:
        from hub.store.access import users

        user = await _one(store, name)
        if user.kind != "OFFICER":
            raise BadSetting("Citizens sign in through an outside provider only: they have no password here.")
        hashed = await _hashed(password)
        async with operator.writing(store, "users:set-password") as db:
            await users.set_password(db, user.id, hashed)
        return user

    user = operator.run(change)
    shown = {} if ask else {"password": password}
    line = "The password is changed." if ask else f"The new password, shown only now: {password}"
    operator.answer({"id": user.id, **shown}, line, json=json)


@commands.command("set-scopes")
def set_scopes(
    name: Name, scope: Annotated[list[str], typer.Option(help="All that the user may be granted.")], json: Json = False
) -> None:
    """Replace what a user may be granted; tokens that were issued lose it within a second."""

    async def change(settings: Settings, store: Database) -> User:
        from hub.store.access import users

        _check(settings, scope)
        user = await _one(store, name)
        async with operator.writing(store, "users:set-scopes") as db:
            await users.set_scopes(db, user.id, tuple(scope))
        return await _one(store, user.id)

    user = operator.run(change)
    operator.answer(_told(user), f"User {user.username or user.id} may be granted {' '.join(user.scopes)}.", json=json)


@commands.command()
def link(
    name: Name,
    issuer: Annotated[str, typer.Option(help="The outside provider, as its tokens name it.")],
    subject: Annotated[str, typer.Option(help="Who the user is there.")],
    json: Json = False,
) -> None:
    """Let an officer sign in through an outside provider."""

    async def work(settings: Settings, store: Database) -> User:
        from hub.store.access import users

        user = await _one(store, name)
        async with operator.writing(store, "users:link") as db:
            await users.link(db, user.id, issuer, subject)
        return user

    user = operator.run(work)
    line = f"User {user.username or user.id} may sign in through {issuer}."
    operator.answer({"id": user.id, "issuer": issuer, "subject": subject}, line, json=json)


def _change(what: str, name: str, json: bool) -> None:
    async def change(settings: Settings, store: Database) -> User:
        from hub.store.access import users

        user = await _one(store, name)
        async with operator.writing(store, f"users:{what}") as db:
            await {"suspend": users.suspend, "resume": users.resume}[what](db, user.id)
        return user

    user = operator.run(change)
    done = {"suspend": "suspended", "resume": "resumed"}[what]
    operator.answer({"id": user.id, "done": done}, f"User {user.username or user.id} is {done}.", json=json)


async def _one(store: Database, name: str) -> User:
    from hub.store.access import users

    async with store.read() as db:
        user = await users.by_name(db, name) or await users.get(db, name)
    return operator.found(user, f"user {name}")


def _check(settings: Settings, scopes: list[str]) -> None:
    for name in scopes:
        if name not in scope_names(settings):
            raise BadSetting(f"There is no scope {name}: see the README's table of scopes.")


def _password(ask: bool) -> str:
    from hub.auth.passwords import SHORTEST

    if not ask:
        return secrets.token_urlsafe(15)
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if len(password) < SHORTEST:
        raise BadSetting(f"A password needs {SHORTEST} characters.")
    return password


async def _hashed(password: str) -> str:
    from hub.auth.passwords import hash_password

    return await hash_password(password)


def _told(user: User) -> dict[str, Any]:
    told = asdict(user)
    del told["password_hash"]
    return told
