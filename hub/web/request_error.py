"""The error of a request that an endpoint cannot serve."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException


class RequestError(HTTPException):
    """The request is invalid or not allowed. ``code`` and ``extensions`` become the extensions of the error.

    ``hub.api.exception_handlers.http_error`` turns it into a response; the GraphQL endpoint does so itself, because
    its media type is negotiated.
    """

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None, **extensions: Any
    ) -> None:
        super().__init__(status, message, headers)
        self.extensions = {"code": code, **extensions}
