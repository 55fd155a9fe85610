"""What operators do with clients and officers: register, renew a secret, suspend, resume; each is recorded.

An operator can give nobody more than it may itself: a client with more scopes is registered, and its secret renewed, by
a command.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.auth.server.client_metadata import check, check_channels
from hub.complaints.problems import Problem, ProblemCode, check_length
from hub.errors import BadSetting
from hub.messages import Bilingual
from hub.store import audit
from hub.store.oauth import clients, users
from hub.store.oauth.clients import Client
from hub.viewer import Viewer

MAX_NAME = 200
"""The maximum number of characters of the name and the organisation of a client."""
_NO_CLIENT = Bilingual("There is no client with this id.", "Tidak ada klien dengan id ini.")
_NO_USER = Bilingual("There is no officer with this id.", "Tidak ada petugas dengan id ini.")
_NO_SECRET = Bilingual("The client authenticates without a secret.", "Klien ini masuk tanpa rahasia.")
_ONESELF = Bilingual("You cannot suspend yourself.", "Anda tidak dapat menangguhkan diri sendiri.")


async def create_client(db: AsyncConnection, viewer: Viewer, client: Client) -> str | list[Problem]:
    """Register a client; return its secret, empty if it authenticates without one."""
    named = [(name, getattr(client, name).strip()) for name in ("name", "organisation")]
    problems = [each for name, text in named for each in check_length(name, text, 1, MAX_NAME)]
    if problems := problems + _exceeds(viewer, client.scopes):
        return problems
    client = replace(client, **dict(named))
    try:
        check_channels(check(client, client.scopes))
    except BadSetting as error:
        return [Problem("input", ProblemCode.MALFORMED, Bilingual(str(error), str(error)))]
    await clients.create(db, client)
    secret = await clients.new_secret(db, client.id) if _has_secret(client) else ""
    subject = f"client:{client.id}"
    await audit.record(db, "clients:create", subject, scopes=[*client.scopes], grants=[*client.grants], merchants=[])
    return secret


async def rotate_secret(db: AsyncConnection, viewer: Viewer, client_id: str, keep: timedelta) -> str | list[Problem]:
    """Renew the secret of a client, and return it; the earlier ones stay usable for ``keep``."""
    client = await clients.get(db, client_id)
    if client is None:
        return [Problem("id", ProblemCode.UNKNOWN, _NO_CLIENT)]
    if not _has_secret(client):
        return [Problem("id", ProblemCode.NOT_ALLOWED, _NO_SECRET)]
    if problems := _exceeds(viewer, client.scopes):
        return problems
    secret = await clients.new_secret(db, client_id, keep)
    await audit.record(db, "clients:rotate-secret", f"client:{client_id}")
    return secret


async def suspend_client(db: AsyncConnection, client_id: str, *, suspend: bool) -> bool | list[Problem]:
    """Suspend or resume a client."""
    done = await (clients.suspend if suspend else clients.resume)(db, client_id)
    if not done:
        return [Problem("id", ProblemCode.UNKNOWN, _NO_CLIENT)]
    await audit.record(db, f"clients:{'suspend' if suspend else 'resume'}", f"client:{client_id}")
    return True


async def suspend_user(db: AsyncConnection, viewer: Viewer, user_id: str, *, suspend: bool) -> bool | list[Problem]:
    """Suspend an officer, which ends all its sessions and tokens, or resume it."""
    if suspend and user_id == viewer.name:
        return [Problem("id", ProblemCode.NOT_ALLOWED, _ONESELF)]
    user = await users.get(db, user_id)
    if user is None or user.kind != "OFFICER":
        return [Problem("id", ProblemCode.UNKNOWN, _NO_USER)]
    if not suspend and (problems := _exceeds(viewer, user.scopes)):
        return problems
    await (users.suspend if suspend else users.resume)(db, user_id)
    await audit.record(db, f"users:{'suspend' if suspend else 'resume'}", f"user:{user_id}")
    return True


def _has_secret(client: Client) -> bool:
    return client.auth_method.startswith("client_secret")


def _exceeds(viewer: Viewer, scopes: tuple[str, ...]) -> list[Problem]:
    """Return the problem that ``viewer`` lacks some of ``scopes``; everybody may have ``openid``."""
    more = ", ".join(sorted(each for each in scopes if each != "openid" and not viewer.may(each)))
    text = Bilingual(
        f"You do not have {more} yourself; use a command of hub clients or hub users.",
        f"Anda sendiri tidak memiliki {more}; gunakan perintah hub clients atau hub users.",
    )
    return [Problem("scopes", ProblemCode.NOT_ALLOWED, text)] if more else []
