"""How one comes in at an endpoint beside the graph: known, within the budgets, and refused by HTTP status."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.auth.server.metadata import challenge
from hub.errors import Forbidden
from hub.viewer import Viewer, ViewerKind
from hub.web.allowance import Allowance, Allowances, TakenBack
from hub.web.envelope import Unfit
from hub.web.gate import Refused
from hub.web.throttle import address_of


class Entrance:
    """Lets requests in; ``viewer`` says who asks, ``issuer`` is where tokens come from."""

    def __init__(self, viewer: Callable[[Request], Awaitable[Viewer]], allowances: Allowances, issuer: str) -> None:
        self._viewer, self._allowances, self._issuer = viewer, allowances, issuer

    @asynccontextmanager
    async def of(self, request: Request, *, pinned: bool) -> AsyncIterator[Allowance]:
        """What the viewer may use; what goes wrong inside is told by its HTTP status.

        ``pinned`` says whether a client that may send its registered operations only may come in here.
        """
        try:
            allowance = await self._known(request)
            if allowance.pinned and not pinned:
                raise Unfit(403, "DOCUMENT_NOT_ALLOWED", "This client may send its registered operations only.")
            yield allowance
        except TakenBack as error:
            raise self._refusal(str(error), "invalid_token") from None
        except Refused as refused:
            (told,) = refused.errors
            raise Unfit(400, sentence=told.message, **(told.extensions or {})) from None
        except Forbidden as error:
            asked = {"WWW-Authenticate": challenge(self._issuer, error="insufficient_scope", scopes=[error.scope])}
            raise Unfit(403, "FORBIDDEN", str(error), asked, scope=error.scope) from None

    async def _known(self, request: Request) -> Allowance:
        viewer = await self._viewer(request)
        if viewer.kind is ViewerKind.ANONYMOUS:
            raise self._refusal("Send an access token, as Bearer or DPoP.")
        request.scope["hub.client"] = viewer.client
        return await self._allowances.enter(viewer, address_of(request))

    def _refusal(self, message: str, error: str = "") -> HTTPException:
        told = challenge(self._issuer, error=error, description=message if error else "")
        return HTTPException(401, message, {"WWW-Authenticate": told})
