"""What a caller is told of an error, and what the log keeps of it.

A refusal made on purpose is told with its code. Anything else is masked: the caller gets the
request id, the log gets where it happened. The log never gets the text of a foreign exception,
because a database driver writes the values of the row into it.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLFormattedError

from hub.errors import Forbidden, HubError, NoPurpose, TooMany, TryLater

log = structlog.stdlib.get_logger(__name__)

IN_OAUTH = {
    "INTERNAL": "server_error",
    "RATE_LIMITED": "temporarily_unavailable",
    "TRY_LATER": "temporarily_unavailable",
}
"""What clients of OAuth call our codes (RFC 6749, 4.1.2.1); any other is of a request that cannot be served."""


def told(errors: Iterable[GraphQLError], request_id: str) -> list[GraphQLFormattedError]:
    """The errors of an execution as the response holds them; each fault is logged once.

    A missing scope is told once for each field of the operation, however many rows have the field.
    """
    seen: set[tuple[object, ...]] = set()
    logged: set[int] = set()
    shown: list[GraphQLFormattedError] = []
    for error in errors:
        cause = root(error)
        if isinstance(cause, Forbidden):
            place = (*(step for step in error.path or () if isinstance(step, str)), cause.scope)
            if place in seen:
                continue
            seen.add(place)
        known = disclosed(cause)
        if known is None and id(cause) not in logged:
            logged.add(id(cause))
            report(cause, request_id, ".".join(str(step) for step in error.path or ()))
        message, extensions = known or masked(request_id)
        shown.append({**error.formatted, "message": message, "extensions": extensions})
    return shown


def root(error: BaseException) -> BaseException:
    """The exception that began it, below what graphql-core has wrapped around it."""
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    return error


def disclosed(cause: BaseException) -> tuple[str, dict[str, Any]] | None:
    """Message and extensions of an error made on purpose; None for a fault.

    graphql-core points at the document (``nodes``) when the document is wrong, and does not when a
    resolver's value is, which could be anyone's data.
    """
    match cause:
        case NoPurpose():
            return str(cause), {"code": "PURPOSE_REQUIRED", "purposes": list(cause.purposes)}
        case Forbidden():
            return str(cause), {"code": "FORBIDDEN", "scope": cause.scope}
        case TryLater():
            wait = {} if cause.after is None else {"retryAfter": cause.after}
            return "A system needed for this cannot answer now; try again later.", {"code": "TRY_LATER", **wait}
        case TooMany():
            return str(cause), {"code": "RATE_LIMITED", "retryAfter": cause.after}
        case GraphQLError(extensions={"code": str()}):
            return cause.message, dict(cause.extensions or {})
        case GraphQLError() if cause.nodes:
            return cause.message, {"code": "BAD_INPUT"}
    return None


def shaped(path: str, message: str, extensions: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an error outside of an execution: as OAuth or GraphQL clients read it, flat where systems call."""
    if path.startswith("/oauth/"):
        return {"error": IN_OAUTH.get(str(extensions["code"]), "invalid_request"), "error_description": message}
    if path.startswith(("/bulk/", "/hooks")):
        return {"message": message, **extensions}
    return {"errors": [{"message": message, "extensions": extensions}]}


def masked(request_id: str) -> tuple[str, dict[str, Any]]:
    """What is said of a fault."""
    return "Internal error", {"code": "INTERNAL", "requestId": request_id}


def report(fault: BaseException, request_id: str, path: str = "") -> None:
    """Log one fault: its kind, its causes and its trace, with the text of the hub's own errors only."""
    log.error(
        "fault",
        request_id=request_id,
        path=path,
        kinds=[type(each).__qualname__ for each in _chain(fault)],
        reason=str(fault) if isinstance(fault, HubError) else None,
        trace=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(fault.__traceback__)],
    )


def _chain(fault: BaseException) -> Iterable[BaseException]:
    each: BaseException | None = fault
    while each is not None:
        yield each
        each = each.__cause__ or each.__context__
