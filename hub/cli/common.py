"""What the operators' commands share: settings, database, audited writes, and output."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from hub.errors import BadSetting, HubError
from hub.logs import escape_text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.connectors.registry import Enabled
    from hub.settings import Settings
    from hub.store.audit import Detail
    from hub.store.database import Cause, Database

T = TypeVar("T")

InheritedSocket = Annotated[
    int | None, typer.Option("--socket", hidden=True, help="The file descriptor of an inherited, bound socket.")
]
Subgraph = Annotated[str | None, typer.Option(help="Only this part of the graph, as a subgraph.")]


class NotFound(HubError):
    """The subject of a command does not exist."""


def load_settings(*, warn: bool = False, use_running_sandboxes: bool = False) -> Settings:
    """Return the settings, and configure logging by them.

    ``warn``: print a warning for each unknown ``HUB_*`` variable. ``use_running_sandboxes``: take the variables of the
    sandboxes that run in the data folder for systems that have none.
    """
    from hub import logs
    from hub.settings import Settings, read_settings

    settings = read_settings(Settings)
    logs.configure(settings.log_level, settings.log_format)
    if use_running_sandboxes:
        from hub.runtime import demo

        demo.load_variables(settings)
    if warn:
        _warn_of_unknown_variables(settings)
    return settings


def _warn_of_unknown_variables(settings: Settings) -> None:
    from hub.connectors import registry
    from hub.settings import Settings, unknown_variables

    kinds = [registry.load(name).Settings for name in registry.discover(settings.connectors_path)]
    for sentence in unknown_variables(os.environ, [Settings, *kinds]):
        typer.echo(f"Warning: {sentence}", err=True)


def find_system(settings: Settings, name: str) -> Enabled:
    """Return the enabled system ``name``; ``BadSetting`` where there is none."""
    from hub.connectors import registry

    systems = {system.name: system for system in registry.enabled(settings)}
    if name not in systems:
        raise BadSetting(f"There is no enabled system {name}: it is one of {', '.join(systems)}.")
    return systems[name]


def run(work: Callable[[Settings, Database], Awaitable[T]]) -> T:
    """Run ``work`` with the settings and their database, and return its result."""
    from hub.runtime.database_access import check_migrated, open_database, reachable_database
    from hub.settings import Settings, read_settings

    async def connected_work() -> T:
        async with reachable_database(read_settings(Settings)) as connected, open_database(connected) as store:
            await check_migrated(connected)
            return await work(connected, store)

    return asyncio.run(connected_work())


def cause(what: str) -> Cause:
    """Return the cause of an operator's write transaction."""
    from hub.store.database import Cause

    return Cause(what, operator(), uuid.uuid4().hex)


def operator() -> str:
    """Return who runs this command: HUB_OPERATOR, else the number of the account (with sudo, of its caller)."""
    from hub.settings import Settings, read_settings

    return f"operator:{read_settings(Settings).operator or os.environ.get('SUDO_UID') or os.getuid()}"


@asynccontextmanager
async def audited_write(
    store: Database, what: str, subject: str | Iterable[str] | None = None, **details: Detail
) -> AsyncIterator[AsyncConnection]:
    """Yield a transaction of an operator's, with rows in the audit trail.

    A violated constraint raises ``BadSetting`` with a sentence.
    """
    from sqlalchemy.exc import IntegrityError

    from hub.store import audit

    try:
        async with store.write(cause(what)) as db:
            yield db
            await audit.record(db, what, subject, refused=False, **details)
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or "a rule"
        raise BadSetting(
            _CONSTRAINT_MESSAGES.get(constraint, f"The database refused the change: it violates {constraint}.")
        ) from None


_CONSTRAINT_MESSAGES = {
    "clients_pkey": "There is already a client with that id.",
    "users_username_key": "There is already a user with that name.",
    "users_agency_code_fkey": "There is no agency with that code: query"
    " { agencies(first: 100) { edges { node { code name } } } }.",
}


def require(value: T | None, what: str) -> T:
    """Return ``value``; ``NotFound`` if it is empty."""
    if not value:
        raise NotFound(f"There is no {what}.")
    return value


async def check_system(store: Database, name: str | None) -> None:
    """Raise ``BadSetting`` if no system, enabled or not, has that name."""
    from hub.store import systems

    async with store.read() as db:
        names = [each.name for each in await systems.overview(db)]
    if name is not None and name not in names:
        raise BadSetting(f"There is no system {name}: it is one of {', '.join(names)}.")


def print_result(result: Mapping[str, Any], line: str, *, json: bool) -> None:
    """Print the result, for a person or as JSON."""
    typer.echo(to_json(result) if json else escape_text(line))


def to_json(result: Mapping[str, Any]) -> str:
    """Return one line of JSON with integers of any size: the database returns a float of 1e300 as one of 301 digits."""
    return json.dumps(result, default=_to_plain, ensure_ascii=False, separators=(",", ":"))


def _to_plain(value: Any) -> Any:
    match value:
        case tuple() | frozenset():
            return list(value)
        case datetime():
            return value.isoformat()
    return str(value)
