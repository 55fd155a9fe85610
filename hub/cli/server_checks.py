"""The checks of ``hub doctor`` that are about servers: durability, the role, a pooler, a replica."""

from __future__ import annotations

import asyncio

from hub.cli.finding import Finding
from hub.errors import BadSetting
from hub.runtime.pooler import check_pooler
from hub.settings import Settings
from hub.store import partitions, roles, server_settings
from hub.store.database import DATABASE_ERRORS
from hub.store.replica import bytes_behind

DURABILITY_SETTINGS = {
    "fsync": "a crash of its machine may corrupt the whole database",
    "full_page_writes": "a crash of its machine may leave partially written pages",
    "synchronous_commit": "a crash may lose the latest commits; the hub's own transactions override this, its"
    " queue and other programs do not",
}
"""PostgreSQL's settings that make commits durable, each with the risk if it is off."""


async def check_servers(settings: Settings) -> list[Finding]:
    """Return the findings on the role, and on the pooler and the replica if there are any."""
    return [*await _check_role(settings), *await _check_pooler(settings), *await _check_replica(settings)]


async def check_durability(url: str) -> Finding:
    """Check that commits survive a crash of the server and its machine."""
    off = await server_settings.disabled(url, DURABILITY_SETTINGS)
    if not off:
        return Finding("durability", True, f"{', '.join(DURABILITY_SETTINGS)} are on")
    risks = " ".join(f"{name} is off: {risk}." for name, risk in DURABILITY_SETTINGS.items() if name in off)
    return Finding("durability", False, f"{risks} Set these to on in postgresql.conf, and reload the server.")


async def check_months(url: str) -> Finding:
    """Check that the partitions by month are there before they are needed; without them nothing fails yet."""
    found = await asyncio.to_thread(partitions.state, url)
    if found.missing:
        tables = " and ".join(found.missing)
        message = f"There is no partition of next month of {tables}: run `hub migrate`, and see why no worker made it."
        return Finding("months", False, message)
    if found.unplaced:
        rows = " and ".join(f"{number} rows of {table}" for table, number in found.unplaced.items())
        message = (
            f"{rows} are of a month that had no partition: check that a worker runs, and the clocks of all machines"
        )
        return Finding("months", True, f"{message}; they are read as all others, until they expire", waits=True)
    return Finding("months", True, "the partitions of next month are made")


async def _check_role(settings: Settings) -> list[Finding]:
    """Check the role in production; no failure, because the hub works with the owner's role too."""
    assert settings.database_url
    if not settings.production:
        return []
    role = await roles.role_status(settings.database_url)
    if not role.superuser and not role.owner:
        return [Finding("role", True, f"{role.name} owns none of the hub's tables")]
    problem = "is a superuser" if role.superuser else "owns the hub's tables"
    message = f"{role.name} {problem}, so a fault could drop them: let HUB_MIGRATION_DATABASE_URL alone name the owner"
    return [Finding("role", True, f"{message}, see docs/operations.md")]


async def _check_pooler(settings: Settings) -> list[Finding]:
    """Check the pooler of ``HUB_DATABASE_POOLER_URL``, without which ``serve`` and ``worker`` do not start."""
    if settings.database_pooler_url is None:
        return []
    try:
        await check_pooler(settings)
    except BadSetting as error:
        return [Finding("pooler", False, str(error))]
    return [Finding("pooler", True, "its sessions are those of HUB_DATABASE_URL")]


async def _check_replica(settings: Settings) -> list[Finding]:
    """Check the server of ``HUB_DATABASE_READ_URL``; while it is unavailable, the hub works without it."""
    if settings.database_read_url is None:
        return []
    assert settings.database_url
    try:
        behind = await bytes_behind(settings.database_url, settings.database_read_url)
    except DATABASE_ERRORS as error:
        why = f"HUB_DATABASE_READ_URL cannot be read ({type(error).__name__}), so the primary answers everything"
        advice = "check that the replica runs, that this role may connect, and that no pooler is between"
        return [Finding("replica", False, f"{why}: {advice}.")]
    if behind is None:
        why = "HUB_DATABASE_READ_URL names no streaming replica of HUB_DATABASE_URL"
        return [Finding("replica", False, f"{why}: correct or unset it.")]
    return [Finding("replica", True, f"{behind:,} bytes of the log behind")]
