"""``hub users``: accounts, their scopes, and suspensions."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common, user_access
from hub.cli.client_common import scope_names
from hub.errors import BadSetting

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.oauth.users import User

commands = typer.Typer(no_args_is_help=True, help="Users who sign in: officers, and citizens of external providers.")

commands.command()(user_access.access)
commands.command("end-access")(user_access.end_access)

Name = Annotated[str, typer.Argument(help="The user's name or id.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Issuer = Annotated[str, typer.Option(help="The issuer of the external provider, as in its tokens.")]
Subject = Annotated[str, typer.Option(help="The user's subject at the provider.")]
AskPassword = Annotated[bool, typer.Option("--ask-password", help="Prompt for the password instead of generating one.")]


@commands.command()
def create(
    username: Annotated[str, typer.Argument(help="The name for signing in.")],
    scope: Annotated[list[str], typer.Option(help="A scope that the officer may be granted; repeat for more.")],
    agency: Annotated[str | None, typer.Option(help="The agency's code; by default the complaint desk.")] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="For a user who signs in through an external provider.")
    ] = False,
    ask: AskPassword = False,
    json: Json = False,
) -> None:
    """Add an officer. A generated password is printed once."""
    password = "" if no_password else _password(ask)

    async def add(settings: Settings, store: Database) -> User:
        from hub.store.oauth import users
        from hub.store.secret_hashes import generate_id

        _check_scopes(settings, scope)
        _check_name(username)
        user_id, hashed = generate_id("u"), await _hash(password) if password else None
        granted = {"scopes": scope, "agency": agency}
        async with common.audited_write(store, "users:create", f"user:{user_id}", **granted) as db:
            await users.create(
                db, user_id, "OFFICER", username=username, agency_code=agency, scopes=tuple(scope), password_hash=hashed
            )
            return common.require(await users.get(db, user_id), f"user {user_id}")

    user = common.run(add)
    shown = {"password": password} if password and not ask else {}
    line = f"User {user.username} is added as {user.id}." + (
        f"\nThe password, shown only now: {password}" if shown else ""
    )
    common.print_result(_user_fields(user) | shown, line, json=json)


@commands.command("list")
def list_(json: Json = False) -> None:
    """List the users, the oldest first."""

    async def every(settings: Settings, store: Database) -> list[User]:
        from hub.store.oauth import users

        async with store.read() as db:
            return await users.list_all(db)

    for user in common.run(every):
        state = "suspended" if user.suspended_at else "active"
        line = f"{user.id:<26} {state:<9} {user.kind:<8} {user.agency_code or '-':<12} {user.username or '-'}"
        common.print_result(_user_fields(user), line, json=json)


@commands.command()
def suspend(name: Name, json: Json = False) -> None:
    """Suspend a user: all sessions and tokens end, in every process within a second."""
    _change("suspend", name, json)


@commands.command()
def resume(name: Name, json: Json = False) -> None:
    """Let a suspended user sign in again; earlier grants stay ended."""
    _change("resume", name, json)


@commands.command("set-password")
def set_password(name: Name, ask: AskPassword = False, json: Json = False) -> None:
    """Replace an officer's password; all sessions and tokens end within a second."""
    password = _password(ask)

    async def change(settings: Settings, store: Database) -> User:
        from hub.store.oauth import users

        user = await _get_user(store, name)
        if user.kind != "OFFICER":
            raise BadSetting("Citizens sign in through an external provider only: they have no password here.")
        hashed = await _hash(password)
        async with common.audited_write(store, "users:set-password", f"user:{user.id}") as db:
            await users.set_password(db, user.id, hashed)
        return user

    user = common.run(change)
    shown = {} if ask else {"password": password}
    line = "The password is changed." if ask else f"The new password, shown only now: {password}"
    common.print_result({"id": user.id, **shown}, line, json=json)


@commands.command("set-scopes")
def set_scopes(
    name: Name,
    scope: Annotated[list[str], typer.Option(help="A scope that the user may be granted; repeat for all of them.")],
    json: Json = False,
) -> None:
    """Replace the scopes that a user may be granted; issued tokens lose removed scopes within a second."""

    async def change(settings: Settings, store: Database) -> User:
        from hub.store.oauth import users

        _check_scopes(settings, scope)
        user = await _get_user(store, name)
        changed = {"scopes": scope, "before": list(user.scopes)}
        async with common.audited_write(store, "users:set-scopes", f"user:{user.id}", **changed) as db:
            await users.set_scopes(db, user.id, tuple(scope))
        return await _get_user(store, user.id)

    user = common.run(change)
    common.print_result(
        _user_fields(user), f"User {user.username or user.id} may be granted {' '.join(user.scopes)}.", json=json
    )


@commands.command("reset-second-factor")
def reset_second_factor(name: Name, json: Json = False) -> None:
    """Remove a lost second factor; all sessions and tokens of the user end."""

    async def change(settings: Settings, store: Database) -> User:
        from hub.store.oauth import second_factors, users

        user = await _get_user(store, name)
        async with common.audited_write(store, "users:reset-second-factor", f"user:{user.id}") as db:
            common.require(await second_factors.remove(db, user.id), f"second factor of {name}")
            await users.end_access(db, user.id)
        return user

    user = common.run(change)
    line = f"User {user.username or user.id} no longer has a second factor."
    common.print_result({"id": user.id, "done": "reset"}, line, json=json)


@commands.command()
def rename(
    name: Name,
    username: Annotated[str, typer.Argument(help="The new name for signing in.")],
    json: Json = False,
) -> None:
    """Change the name with which a user signs in."""

    async def change(settings: Settings, store: Database) -> User:
        from hub.store.oauth import users

        _check_name(username)
        user = await _get_user(store, name)
        async with common.audited_write(store, "users:rename", f"user:{user.id}") as db:
            await users.rename(db, user.id, username)
        return await _get_user(store, user.id)

    user = common.run(change)
    common.print_result(_user_fields(user), f"User {user.id} signs in as {user.username}.", json=json)


@commands.command()
def link(
    name: Name,
    issuer: Issuer,
    subject: Subject,
    json: Json = False,
) -> None:
    """Let an officer sign in through an external provider."""

    async def work(settings: Settings, store: Database) -> User:
        from hub.store.oauth import users

        user = await _get_user(store, name)
        async with common.audited_write(store, "users:link", f"user:{user.id}", issuer=issuer) as db:
            await users.link(db, user.id, issuer, subject)
        return user

    user = common.run(work)
    line = f"User {user.username or user.id} may sign in through {issuer}."
    common.print_result({"id": user.id, "issuer": issuer, "subject": subject}, line, json=json)


@commands.command("suspend-link")
def suspend_link(issuer: Issuer, subject: Subject, json: Json = False) -> None:
    """Suspend one identity at an external provider; all sessions and tokens of its user end."""
    _change_link("suspend", issuer, subject, json)


@commands.command("resume-link")
def resume_link(issuer: Issuer, subject: Subject, json: Json = False) -> None:
    """Let a suspended identity sign in again."""
    _change_link("resume", issuer, subject, json)


def _change_link(what: str, issuer: str, subject: str, json: bool) -> None:
    async def change(settings: Settings, store: Database) -> str:
        from hub.store.oauth import external_blocks

        async with store.read() as db:
            linked = await external_blocks.find_user_id(db, issuer, subject)
        user_id = common.require(linked, f"user linked to {subject} at {issuer}")
        change_link = {"suspend": external_blocks.suspend_identity, "resume": external_blocks.resume_identity}[what]
        async with common.audited_write(store, f"users:{what}-link", f"user:{user_id}", issuer=issuer) as db:
            await change_link(db, issuer, subject)
        return user_id

    user_id = common.run(change)
    done = {"suspend": "suspended", "resume": "resumed"}[what]
    result = {"id": user_id, "issuer": issuer, "subject": subject, "done": done}
    common.print_result(result, f"The identity of user {user_id} at {issuer} is {done}.", json=json)


def _change(what: str, name: str, json: bool) -> None:
    async def change(settings: Settings, store: Database) -> User:
        from hub.store.oauth import users

        user = await _get_user(store, name)
        async with common.audited_write(store, f"users:{what}", f"user:{user.id}") as db:
            await {"suspend": users.suspend, "resume": users.resume}[what](db, user.id)
        return user

    user = common.run(change)
    done = {"suspend": "suspended", "resume": "resumed"}[what]
    common.print_result({"id": user.id, "done": done}, f"User {user.username or user.id} is {done}.", json=json)


async def _get_user(store: Database, name: str) -> User:
    from hub.store.oauth import users

    async with store.read() as db:
        user = await users.get(db, name) or await users.by_name(db, name)
    return common.require(user, f"user {name}")


def _check_scopes(settings: Settings, scopes: list[str]) -> None:
    for name in scopes:
        if name not in scope_names(settings):
            raise BadSetting(f"There is no scope {name}: see docs/access.md.")


def _check_name(username: str) -> None:
    from hub.store.oauth import usernames

    if not usernames.is_well_formed(usernames.normalize(username)):
        raise BadSetting(f"{username!r} is not a valid user name: use {usernames.RULE}.")


def _password(ask: bool) -> str:
    from hub.auth.passwords import MIN_LENGTH

    if not ask:
        return secrets.token_urlsafe(15)
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if len(password) < MIN_LENGTH:
        raise BadSetting(f"A password needs at least {MIN_LENGTH} characters.")
    return password


async def _hash(password: str) -> str:
    from hub.auth.passwords import hash_password

    return await hash_password(password)


def _user_fields(user: User) -> dict[str, Any]:
    fields = asdict(user)
    del fields["password_hash"]
    return fields
