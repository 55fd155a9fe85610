"""What the commands of who operates the hub share: the database, the cause of a write, and how they answer."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
import typer

from hub.errors import BadSetting, HubError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.settings import Settings
    from hub.store.database import Cause, Database

T = TypeVar("T")


class NotThere(HubError):
    """What a command is about does not exist."""


def run(work: Callable[[Settings, Database], Awaitable[T]]) -> T:
    """What ``work`` gives, on the database of the settings."""
    from hub.process.reach import database, reached
    from hub.settings import Settings, read

    async def reaching() -> T:
        async with reached(read(Settings)) as at, database(at) as store:
            return await work(at, store)

    return asyncio.run(reaching())


def cause(what: str) -> Cause:
    """What a write of an operator's says of itself."""
    from hub.store.database import Cause

    return Cause(what, "operator", uuid.uuid4().hex)


@asynccontextmanager
async def writing(store: Database, what: str) -> AsyncIterator[AsyncConnection]:
    """One transaction of an operator's; what breaks a rule of the database is told in a sentence."""
    from sqlalchemy.exc import IntegrityError

    try:
        async with store.write(cause(what)) as db:
            yield db
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or "a rule"
        raise BadSetting(_BROKEN.get(constraint, f"The database refuses that: it breaks {constraint}.")) from None


_BROKEN = {
    "clients_pkey": "There is a client with that id already.",
    "users_username_key": "There is a user with that name already.",
    "users_agency_code_fkey": "There is no agency with that code: ask the graph for { agencies { code name } }.",
}


def found(done: T | None, what: str) -> T:
    """``done``, or ``NotThere`` when it is nothing."""
    if not done:
        raise NotThere(f"There is no {what}.")
    return done


async def check_system(store: Database, name: str | None) -> None:
    """``BadSetting`` for the name of no system, enabled or not."""
    from hub.store import systems

    async with store.read() as db:
        names = [each.name for each in await systems.overview(db)]
    if name is not None and name not in names:
        raise BadSetting(f"There is no system {name}: it is one of {', '.join(names)}.")


def answer(told: Mapping[str, Any], line: str, *, json: bool) -> None:
    """Say what was done, to a person or to a script."""
    typer.echo(orjson.dumps(told, default=_plain).decode() if json else line)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | frozenset) else str(value)
