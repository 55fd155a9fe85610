"""The viewer of a browser: who signed in with it, with the scopes that this person has now."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request

from hub.auth.scopes import available_scopes
from hub.auth.server.sessions import LOGIN, BrowserSessions
from hub.errors import TryLater
from hub.store.database import DATABASE_ERRORS, Database
from hub.viewer import Viewer, ViewerKind


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in person: the viewer, the user name, which only officers have, and the id of the browser's session."""

    viewer: Viewer
    username: str | None
    session: str | None = None


class BrowserViewers:
    """Finds the person of a request. ``second_factor``: whether some scopes need one."""

    def __init__(self, database: Database, sessions: BrowserSessions, *, second_factor: bool) -> None:
        self._database, self._sessions, self._second_factor = database, sessions, second_factor

    async def find(self, request: Request) -> Person | None:
        """Return who signed in with this browser; None if nobody did, or the session ended. Raises ``TryLater``."""
        if self._sessions.cookie not in request.cookies:
            return None
        try:
            async with self._database.read() as db:
                signed = await self._sessions.signed_in(db, request)
                session = await self._sessions.session_id(db, request)
        except DATABASE_ERRORS as error:
            raise TryLater("The database does not answer.") from error
        if signed is None:
            return None
        user = signed.user
        scopes = available_scopes(user, second_factor=self._second_factor)
        viewer = Viewer(ViewerKind[user.kind], user.id, scopes, agency=user.agency_code)
        return Person(viewer, user.username, session)


def login_address(back: str, language: str) -> str:
    """Return the address of the sign-in page that continues at ``back``, a page of the hub."""
    return f"{LOGIN}?{urlencode({'next': back, 'lang': language})}"
