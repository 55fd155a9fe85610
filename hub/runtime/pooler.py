"""Checks the pooler of transactions that ``HUB_DATABASE_POOLER_URL`` names, at the start and by ``hub doctor``."""

from __future__ import annotations

import psycopg

from hub.errors import BadSetting
from hub.settings import Settings
from hub.store.connection_pool import SESSION_SETTINGS, snapshots_pooler_url
from hub.store.server_settings import SessionStatus, session_status

_NAME = "HUB_DATABASE_POOLER_URL"
_UNAVAILABLE = {
    True: f"{_NAME} is wrong or its pooler is unavailable ({{}}): start the pooler, or unset it.",
    False: "The pooler lacks the second entry of the database, whose name ends with _snapshots ({}): add it as in"
    " deploy/pgbouncer.ini, because an operation that holds a session for its snapshot may need another one.",
}
"""What is wrong if the first entry of the database, or only the second one, cannot be reached."""


async def check_pooler(settings: Settings) -> None:
    """Raise ``BadSetting`` if the pooler is unavailable, or its sessions are not like those of ``HUB_DATABASE_URL``.

    The settings come from ``reachable_database``; without a pooler nothing is checked.
    """
    if settings.database_pooler_url is None:
        return
    assert settings.database_url
    pooler_url = settings.database_pooler_url
    direct = await session_status(settings.database_url)
    for url in (pooler_url, snapshots_pooler_url(pooler_url)):
        try:
            pooled = await session_status(url, pooled=True)
        except psycopg.Error as error:
            raise BadSetting(_UNAVAILABLE[url == pooler_url].format(type(error).__name__)) from None
        if problem := _difference(direct, pooled):
            raise BadSetting(problem)


def _difference(direct: SessionStatus, pooled: SessionStatus) -> str | None:
    """Return what differs in the sessions of the pooler, with how to correct it."""
    if (direct.cluster, direct.database, direct.replica) != (pooled.cluster, pooled.database, pooled.replica):
        return f"{_NAME} leads to another database than HUB_DATABASE_URL: let both lead to the same one."
    if direct.role != pooled.role:
        return f"{_NAME} leads to the role {pooled.role}, HUB_DATABASE_URL to {direct.role}: let both name one role."
    lacking = [name for name in SESSION_SETTINGS if direct.settings.get(name) != pooled.settings.get(name)]
    if not lacking:
        return None
    statements = " ".join(f"alter role {direct.role} set {name} = '{SESSION_SETTINGS[name]}';" for name in lacking)
    return (
        f"The sessions behind {_NAME} lack settings, which the hub cannot send through a pooler: run as a superuser"
        f" `{statements}`, and restart the pooler."
    )
