"""Error responses, and the log entries of errors.

An expected error is returned with its code. Any other error is masked: the caller gets the request id, the log gets
the traceback. The log never contains the message of an exception from a library, because a database driver
includes the values of the row in it.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLFormattedError
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from hub.errors import Forbidden, HubError, PurposeRequired, RateLimited, TryLater
from hub.messages import Bilingual, in_language, message_of
from hub.store.database import UNAVAILABLE
from hub.store.unstorable_text import has_nul
from hub.web.language import request_language
from hub.web.validation_messages import without_values

log = structlog.stdlib.get_logger(__name__)

DEFAULT_RETRY_AFTER = 5
"""Seconds of ``Retry-After`` if the error does not specify any."""

OAUTH_ERROR_CODES = {
    "INTERNAL": "server_error",
    "RATE_LIMITED": "temporarily_unavailable",
    "TRY_LATER": "temporarily_unavailable",
}
"""The OAuth error codes (RFC 6749, 4.1.2.1) of the hub's codes; all others become ``invalid_request``."""


_CODED = {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}}


class ErrorShape(Enum):
    """The forms of an error's body, as JSON Schema."""

    OAUTH_ERROR = {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
    }
    """An OAuth error (RFC 6749, 5.2)."""
    ERROR = {
        "type": "object",
        "required": ["code", "message"],
        "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    }
    """One flat object."""
    GRAPHQL_ERRORS = {
        "type": "object",
        "required": ["errors"],
        "properties": {
            "errors": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["message", "extensions"],
                    "properties": {"message": {"type": "string"}, "extensions": _CODED},
                },
            }
        },
    }
    """A GraphQL response without data."""


def error_shape(path: str) -> ErrorShape:
    """Return the form of errors at ``path``."""
    if path.startswith("/oauth/"):
        return ErrorShape.OAUTH_ERROR
    return ErrorShape.ERROR if path.startswith(("/bulk/", "/feed", "/hooks")) else ErrorShape.GRAPHQL_ERRORS


TRY_AGAIN_LATER = Bilingual(
    "A required system is not available now; try again later.",
    "Sistem yang diperlukan belum dapat menjawab; coba lagi nanti.",
)

NUL_REFUSED = Bilingual("A text cannot contain the character NUL.", "Teks tidak boleh berisi karakter NUL.")


def format_errors(errors: Iterable[GraphQLError], request_id: str) -> list[GraphQLFormattedError]:
    """Return the errors of an execution in the format of the response.

    Logs each unexpected error once, and each database outage. A missing scope is reported once for each field of the
    operation, regardless of the number of rows.
    """
    seen: set[tuple[object, ...]] = set()
    logged: set[int] = set()
    formatted: list[GraphQLFormattedError] = []
    for error in errors:
        cause = original_error(error)
        if isinstance(cause, Forbidden):
            place = (*(step for step in error.path or () if isinstance(step, str)), cause.scope)
            if place in seen:
                continue
            seen.add(place)
        public = public_error(cause)
        if id(cause) not in logged:
            logged.add(id(cause))
            path = ".".join(str(step) for step in error.path or ())
            if public is None:
                log_exception(cause, request_id, path)
            elif isinstance(cause, UNAVAILABLE):
                log.warning("service unavailable", path=path, kind=type(cause).__name__)
        message, extensions = public or masked_error(request_id)
        formatted.append({**error.formatted, "message": message, "extensions": extensions})
    return formatted


def original_error(error: BaseException) -> BaseException:
    """Return the original exception that graphql-core has wrapped."""
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    return error


def public_error(cause: BaseException) -> tuple[str, dict[str, Any]] | None:
    """Return message and extensions of an expected error; None for an unexpected one.

    graphql-core sets ``nodes`` on errors in the document, but not on errors in the value of a resolver, whose
    messages may contain personal data.
    """
    match cause:
        case PurposeRequired():
            return message_of(cause), {"code": "PURPOSE_REQUIRED", "purposes": list(cause.purposes)}
        case Forbidden():
            return message_of(cause), {"code": "FORBIDDEN", "scope": cause.scope}
        case TryLater():
            wait = {} if cause.after is None else {"retryAfter": cause.after}
            return TRY_AGAIN_LATER, {"code": "TRY_LATER", **wait}
        case _ if isinstance(cause, UNAVAILABLE):
            return TRY_AGAIN_LATER, {"code": "TRY_LATER", "retryAfter": DEFAULT_RETRY_AFTER}
        case RateLimited():
            return message_of(cause), {"code": "RATE_LIMITED", "retryAfter": cause.after}
        case GraphQLError(extensions={"code": str()}):
            return cause.message, dict(cause.extensions or {})
        case GraphQLError() if cause.nodes:
            return without_values(cause.message), {"code": "BAD_INPUT"}
    return (NUL_REFUSED, {"code": "BAD_INPUT"}) if has_nul(cause) else None


def error_body(scope: Scope, message: str, extensions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of an error outside of a GraphQL execution: an OAuth error, a flat object or a GraphQL error.

    The message is in the language of the request; OAuth errors are always in English, because they are for the
    developers of clients (RFC 6749, 5.2).
    """
    shape = error_shape(scope["path"])
    if shape is ErrorShape.OAUTH_ERROR:
        return {
            "error": OAUTH_ERROR_CODES.get(str(extensions["code"]), "invalid_request"),
            "error_description": message,
        }
    message = in_language(message, request_language(scope))
    if shape is ErrorShape.ERROR:
        return {"message": message, **extensions}
    return {"errors": [{"message": message, "extensions": extensions}]}


def error_response(
    scope: Scope, status: int, extensions: Mapping[str, str], message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the response for an error outside of a GraphQL execution, in the format for the path."""
    return JSONResponse(error_body(scope, message, extensions), status, headers)


def masked_error(request_id: str) -> tuple[str, dict[str, Any]]:
    """Return message and extensions that stand for an unexpected error."""
    return Bilingual("Internal error", "Kesalahan di dalam hub"), {"code": "INTERNAL", "requestId": request_id}


def log_exception(error: BaseException, request_id: str, path: str = "") -> None:
    """Log an unexpected error: its types, causes and traceback; the message only of the hub's own errors."""
    log.error(
        "fault",
        request_id=request_id,
        path=path,
        kinds=[type(each).__qualname__ for each in _causes(error)],
        reason=str(error) if isinstance(error, HubError) else None,
        trace=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)],
    )


def _causes(fault: BaseException) -> Iterable[BaseException]:
    each: BaseException | None = fault
    while each is not None:
        yield each
        each = each.__cause__ or each.__context__
