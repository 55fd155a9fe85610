"""What persons do with their own account: end the access of an application, or a session; each is recorded."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual
from hub.store import audit
from hub.store.oauth import accounts, consents
from hub.viewer import Viewer, ViewerKind

_NO_APPLICATION = Bilingual("No application of this id holds access.", "Tidak ada aplikasi dengan id ini.")
_NO_SESSION = Bilingual("There is no session with this id.", "Tidak ada sesi dengan id ini.")
_IN_PERSON = Bilingual(
    "Only you yourself can do this, at the page /account; an application cannot.",
    "Hanya Anda sendiri yang dapat melakukannya, di halaman /account; aplikasi tidak dapat.",
)


def in_person(viewer: Viewer) -> bool:
    """Return whether a person asks in its own session, and no application on its behalf."""
    return viewer.client is None and viewer.kind in (ViewerKind.OFFICER, ViewerKind.CITIZEN)


async def end_access(db: AsyncConnection, viewer: Viewer, client_id: str) -> bool | list[Problem]:
    """End the access of an application to the viewer's account, with all its tokens."""
    if not in_person(viewer):
        return [Problem("client", ProblemCode.NOT_ALLOWED, _IN_PERSON)]
    if not await consents.revoke(db, viewer.name, client_id):
        return [Problem("client", ProblemCode.UNKNOWN, _NO_APPLICATION)]
    await audit.record(db, "account:end-access", f"client:{client_id}")
    return True


async def end_session(db: AsyncConnection, viewer: Viewer, session_id: str) -> bool | list[Problem]:
    """End one of the viewer's browser sessions."""
    if not in_person(viewer):
        return [Problem("session", ProblemCode.NOT_ALLOWED, _IN_PERSON)]
    if not await accounts.end_session(db, viewer.name, session_id):
        return [Problem("session", ProblemCode.UNKNOWN, _NO_SESSION)]
    await audit.record(db, "account:end-session", f"user:{viewer.name}")
    return True
