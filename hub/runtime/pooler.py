"""Checks the pooler of transactions that ``HUB_DATABASE_POOLER_URL`` names, at the start and by ``hub doctor``."""

from __future__ import annotations

import psycopg

from hub.errors import BadSetting
from hub.settings import Settings
from hub.store.connection_pool import SESSION_SETTINGS
from hub.store.server_settings import SessionStatus, session_status

_NAME = "HUB_DATABASE_POOLER_URL"


async def check_pooler(settings: Settings) -> None:
    """Raise ``BadSetting`` if the pooler is unavailable, or its sessions are not like those of ``HUB_DATABASE_URL``.

    The settings come from ``reachable_database``; without a pooler nothing is checked.
    """
    if settings.database_pooler_url is None:
        return
    assert settings.database_url
    try:
        pooled = await session_status(settings.database_pooler_url, pooled=True)
    except psycopg.Error as error:
        raise BadSetting(
            f"{_NAME} is wrong or its pooler is unavailable ({type(error).__name__}): start the pooler, or unset it."
        ) from None
    if problem := _difference(await session_status(settings.database_url), pooled):
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
