"""The OpenAPI 3.1 document of an app's routes, made from what they declare (``hub.web.operations``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.routing import BaseRoute, Mount

from hub.web.error_responses import ErrorShape, error_shape
from hub.web.operations import TEXT, Access, DocumentedRoute, Operation, Parameter, Reply, Schema

VERSION = "3.1.1"
ALWAYS = {
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    421: "The host name is not the hub's.",
    429: "A rate limit is used up.",
    500: "A fault of the hub.",
    503: "Something that is needed does not answer now, or too many requests run at the same time.",
}
"""Statuses that any operation may have."""
_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
_LIMITS = {
    "RateLimit-Policy": "The limits that the request counted against (draft-ietf-httpapi-ratelimit-headers-10).",
    "RateLimit": "What is left of them.",
    "Retry-After": "Seconds after which to come back, where that is known.",
}


def openapi(routes: Iterable[BaseRoute], version: str) -> dict[str, Any]:
    """Return the document; ``version`` is that of the hub."""
    paths: dict[str, dict[str, Any]] = {}
    errors: dict[str, dict[str, Any]] = {}
    for route in routes:
        for path, method, operation in _operations(route):
            name = _error_name(path, operation)
            errors[name] = _error(path, operation)
            item = paths.setdefault(_PARAMETER.sub(r"{\1}", path), {})
            item[method.lower()] = _operation(path, method, operation, f"#/components/responses/{name}")
    return {
        "openapi": VERSION,
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Simpul",
            "version": version,
            "description": "The plain HTTP endpoints of the hub. The graph at /graphql describes itself, in SDL at"
            " /schema.graphql; streams, hooks and webhooks are described at /asyncapi.json.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": _SECURITY_SCHEMES,
            "responses": dict(sorted(errors.items())),
            "schemas": {_shape_name(shape): shape.value for shape in ErrorShape},
            "headers": {name: {"description": text, "schema": TEXT} for name, text in _LIMITS.items()},
        },
    }


def _operations(route: BaseRoute) -> Iterable[tuple[str, str, Operation]]:
    if isinstance(route, DocumentedRoute):
        for path in route.paths:
            for method, operation in route.operations.items():
                yield path, method, operation
    elif isinstance(route, Mount):
        yield f"{route.path}/{{file}}", "GET", _STATIC


def _operation(path: str, method: str, operation: Operation, error: str) -> dict[str, Any]:
    parameters = [*_path_parameters(path, operation), *operation.parameters]
    found: dict[str, Any] = {
        "operationId": _id(path, method),
        "summary": operation.summary,
        "security": _security(operation),
        "responses": {
            **{str(status): _reply(reply, operation) for status, reply in operation.replies.items()},
            **{
                str(status): {"$ref": error, "description": text}
                for status, text in sorted({**ALWAYS, **operation.refusals}.items())
                if status not in operation.replies
            },
        },
    }
    if parameters:
        found["parameters"] = [_parameter(each) for each in parameters]
    if operation.body:
        found["requestBody"] = {"required": True, "content": _content(operation.body)}
    return found


def _id(path: str, method: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", path) or ["root"]
    return method.lower() + "".join(word[0].upper() + word[1:] for word in words)


def _path_parameters(path: str, operation: Operation) -> list[Parameter]:
    described = {each.name for each in operation.parameters if each.place == "path"}
    return [
        Parameter(name, f"The {name} of the path.", "path", required=True)
        for name in _PARAMETER.findall(path)
        if name not in described
    ]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    found = {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required or parameter.place == "path",
        "schema": parameter.schema,
    }
    # Values of a list are separated by commas.
    return {**found, "explode": False} if parameter.schema.get("type") == "array" else found


def _reply(reply: Reply, operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {"description": reply.description}
    if reply.content:
        found["content"] = _content(reply.content)
    headers: dict[str, Any] = {name: {"description": text, "schema": TEXT} for name, text in reply.headers.items()}
    if operation.access in (Access.TOKEN, Access.OPTIONAL_TOKEN, Access.CLIENT):
        headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMITS}
    if headers:
        found["headers"] = headers
    return found


def _content(content: Mapping[str, Schema]) -> dict[str, Any]:
    return {media: {"schema": dict(schema)} for media, schema in content.items()}


def _shape_name(shape: ErrorShape) -> str:
    return shape.name.title().replace("_", "")


def _error_name(path: str, operation: Operation) -> str:
    """Return the name of the error responses of an operation: their form, and other media types than JSON."""
    if not operation.errors:
        return "NoContent"
    others = "".join(media.partition("/")[2].split("+")[0].title().replace("-", "") for media in operation.errors[1:])
    return _shape_name(error_shape(path)) + others


def _error(path: str, operation: Operation) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{_shape_name(error_shape(path))}"}
    content = {media: {"schema": TEXT if media.startswith("text/") else schema} for media in operation.errors}
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMITS}
    return {"description": "An error", "headers": headers, **({"content": content} if content else {})}


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    token: list[dict[str, list[str]]] = [{"token": [*operation.scopes]}]
    match operation.access:
        case Access.TOKEN:
            return token
        case Access.OPTIONAL_TOKEN:
            return [{}, *token, {"trackingCode": []}]
        case Access.CLIENT:
            return [{"client": []}, {}]
        case _:
            return []


_SECURITY_SCHEMES = {
    "token": {
        "type": "oauth2",
        "description": "An access token of the hub, sent as Bearer or, if it is bound to a key, as DPoP. docs/oauth.md",
        "flows": {
            "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}},
            "authorizationCode": {
                "authorizationUrl": "/oauth/authorize",
                "tokenUrl": "/oauth/token",
                "refreshUrl": "/oauth/token",
                "scopes": {},
            },
        },
    },
    "trackingCode": {
        "type": "apiKey",
        "in": "header",
        "name": "Hub-Tracking-Code",
        "description": "Ticket and tracking code of a complaint, for its reporter.",
    },
    "client": {
        "type": "http",
        "scheme": "basic",
        "description": "A client with a secret; others authenticate in the body, with an assertion or, public ones, by"
        " their id.",
    },
}

_STATIC = Operation(
    summary="A file of the pages",
    replies={200: Reply("The file", {"*/*": {}}), 304: Reply("The reader has it already.")},
    refusals={404: "There is no such file."},
)
