"""``hub doctor``: looks at settings, database, migrations and each upstream, and says what to do about each failure."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from hub.connectors import registry
from hub.connectors.registry import Enabled
from hub.errors import BadSetting, Stop, TryLater
from hub.process.reach import database, reached
from hub.settings import Settings, variable
from hub.store.migrate import state
from hub.store.resealing import standing
from hub.store.sealing import Seal

OLDEST = 15
"""The oldest PostgreSQL the hub runs on."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, and a sentence; for a failure it says what to do."""

    what: str
    well: bool
    told: str


async def examine(settings: Settings) -> list[Finding]:
    """Every finding, the settings first; later ones are left out where an earlier failure prevents them."""
    try:
        systems = registry.enabled(settings)
    except BadSetting as error:
        return [Finding("settings", False, str(error))]
    told = f"{settings.env}, connectors: {', '.join(s.name for s in systems) or 'none'}"
    upstreams = asyncio.gather(*(_upstream(system, settings) for system in systems))
    hooks = [finding for system in systems for finding in _hooks(system)]
    return [Finding("settings", True, told), *await _database(settings), *await upstreams, *hooks]


async def _database(settings: Settings) -> list[Finding]:
    try:
        async with reached(settings) as at:
            assert at.database_url
            version = await _version(at.database_url)
            if version < OLDEST:
                return [Finding("database", False, f"PostgreSQL {version} is too old: use {OLDEST} or newer.")]
            private = "" if settings.database_url else ", private"
            shape = await _migrations(at.database_url)
            keys = [await _keys(at)] if shape.well else []
            return [Finding("database", True, f"PostgreSQL {version}{private}"), shape, *keys]
    except (psycopg.Error, SQLAlchemyError, BadSetting) as error:
        # The driver's text names host and reason, never the password.
        why = str(error).strip().splitlines()[0].rstrip(".")
        return [Finding("database", False, f"{why}. Check that it runs and that HUB_DATABASE_URL names it.")]


async def _version(url: str) -> int:
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=5) as connection:
        return connection.info.server_version // 10_000


async def _migrations(url: str) -> Finding:
    current, head = await state(url)
    if current == head:
        return Finding("migrations", True, f"at {head}, the newest")
    return Finding("migrations", False, f"The database is at {current or 'nothing'}, not at {head}: run `hub migrate`.")


async def _keys(at: Settings) -> Finding:
    async with database(at) as store, store.read() as db:
        stands = await standing(db, Seal(at.sealing_keys, at.secret))
    if stands.lacking:
        told = f"{stands.lacking} rows need a key that HUB_PII_KEYS does not hold: add it at the end."
        return Finding("keys", False, told)
    if stands.older:
        return Finding("keys", True, f"{stands.older} rows need an older key of HUB_PII_KEYS; see `hub keys reseal`")
    return Finding("keys", True, "the first of HUB_PII_KEYS opens all that is sealed")


async def _upstream(system: Enabled, settings: Settings) -> Finding:
    if not system.settings.url and not settings.production:
        url = variable(system.connector.Settings, "url")
        told = f"left out, for {url} is not set; its sandbox stands in for it while `hub run --demo` runs"
        return Finding(system.name, True, told)
    try:
        async with registry.opened(system) as connector:
            await connector.probe()
    except TryLater as trouble:
        advice = "it may be down; ask its owner if that lasts, and check the URL"
        return Finding(system.name, False, f"{trouble}: {advice} ({system.connector.owner}).")
    except BadSetting as trouble:
        return Finding(system.name, False, str(trouble))
    except Stop as trouble:
        return Finding(system.name, False, f"{str(trouble).rstrip('.')}. Mend the settings of {system.name}.")
    return Finding(system.name, True, f"{system.connector.title} answers at {system.settings.url}")


def _hooks(system: Enabled) -> list[Finding]:
    """What its system may not call, though it is there; a hook that is off is no failure, for pulls tell the same."""
    if not system.settings.url:
        return []
    try:
        off = [(hook, system.connector.hook_off(system.settings, hook)) for hook in system.connector.hooks]
    except BadSetting as trouble:
        return [Finding(f"{system.name} hooks", False, str(trouble))]
    told = " ".join(f"/hooks/{system.name}/{hook} is off: {why}" for hook, why in off if why)
    return [Finding(f"{system.name} hooks", True, told)] if told else []
