"""Authentication and quotas of the endpoints other than GraphQL; errors become HTTP statuses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.api.graphql.quotas import CredentialRevoked, Quota, Quotas
from hub.api.graphql.validation import OperationRejected
from hub.auth.authentication import SEND_TOKEN
from hub.auth.server.metadata import challenge
from hub.errors import Forbidden
from hub.messages import Bilingual, message_of
from hub.viewer import Viewer, ViewerKind
from hub.web.request_error import RequestError
from hub.web.request_log import bind, loggable_name
from hub.web.throttling import address_of

_PERSISTED_ONLY = Bilingual(
    "This client may send only its registered operations.", "Klien ini hanya boleh mengirim operasinya yang terdaftar."
)


class EndpointAuth:
    """Authenticates requests; ``viewer`` returns the viewer of a request, ``issuer`` is the URL of the OAuth server."""

    def __init__(self, viewer: Callable[[Request], Awaitable[Viewer]], quotas: Quotas, issuer: str) -> None:
        self._viewer, self._quotas, self._issuer = viewer, quotas, issuer

    @asynccontextmanager
    async def authenticate(self, request: Request, *, allow_persisted_only: bool) -> AsyncIterator[Quota]:
        """Return the quota of the viewer; errors inside the context become HTTP errors.

        ``allow_persisted_only`` allows a client that may send only its registered operations.
        """
        try:
            quota = await self._open_quota(request)
            if quota.persisted_only and not allow_persisted_only:
                raise RequestError(403, "DOCUMENT_NOT_ALLOWED", _PERSISTED_ONLY)
            yield quota
        except CredentialRevoked as error:
            raise self._unauthorized(message_of(error), "invalid_token") from None
        except OperationRejected as rejected:
            (first,) = rejected.errors
            raise RequestError(400, message=first.message, **(first.extensions or {})) from None
        except Forbidden as error:
            headers = {"WWW-Authenticate": challenge(self._issuer, error="insufficient_scope", scopes=[error.scope])}
            raise RequestError(403, "FORBIDDEN", message_of(error), headers, scope=error.scope) from None

    async def _open_quota(self, request: Request) -> Quota:
        viewer = await self._viewer(request)
        if viewer.kind is ViewerKind.ANONYMOUS:
            raise self._unauthorized(SEND_TOKEN)
        request.scope["hub.client"] = viewer.client
        bind(request.scope, client=loggable_name(viewer.client))
        return await self._quotas.open(viewer, address_of(request))

    def _unauthorized(self, message: str, error: str = "") -> HTTPException:
        header = challenge(self._issuer, error=error, description=message if error else "")
        return HTTPException(401, message, {"WWW-Authenticate": header})
