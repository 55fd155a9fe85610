"""Responses to ``HTTPException``, such as for an unknown path or method."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.api.pages import not_found
from hub.web.error_responses import error_response
from hub.web.headers import header

ERROR_CODES = {400: "BAD_REQUEST", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
"""Error codes of exceptions that have only an HTTP status; a ``RequestError`` has its own code."""


async def http_error(request: Request, error: Exception) -> Response:
    """Return the response, for ``Starlette(exception_handlers={HTTPException: http_error})``."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and request.method in {"GET", "HEAD"} and "text/html" in header(request, "accept"):
        return not_found(request)
    extensions = getattr(error, "extensions", {"code": ERROR_CODES.get(error.status_code, ERROR_CODES[400])})
    return error_response(request.scope, error.status_code, extensions, error.detail, error.headers)
