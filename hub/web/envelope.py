"""GraphQL over HTTP: what a request must look like, and in which media type the answer goes.

Source: the GraphQL over HTTP specification (graphql.github.io/graphql-over-http, draft; its Appendix A
for documents named by an id), RFC 9110 for the negotiation. Batches are not taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import Request

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
ACCEPTED = {GRAPHQL: GRAPHQL, JSON: JSON, "application/*": JSON, "*/*": JSON}
"""What a client may say it accepts, and what it then gets."""

METHODS = "GET, POST"


class Unfit(HTTPException):
    """The request cannot be answered as it is. ``code`` goes into the error's extensions, and so does ``more``."""

    def __init__(
        self, status: int, code: str, sentence: str, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(status, sentence, headers)
        self.extensions = {"code": code, **more}


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of one GraphQL request: the text, or the id of a registered one, or both."""

    query: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    document_id: str | None = None


def media_type(accept: str | None) -> str:
    """The media type to answer in: the best the client accepts, JSON if it does not care.

    Raises ``Unfit`` (406) when it accepts neither.
    """
    ranges = [_range(part) for part in (accept or "*/*").split(",")]
    refused = {name for name, weight in ranges if weight == 0}
    for name, weight in sorted(ranges, key=lambda each: -each[1]):
        answer = ACCEPTED.get(name)
        if weight > 0 and answer and answer not in refused:
            return answer
    raise Unfit(406, "NOT_ACCEPTABLE", f"Answers come as {JSON} or {GRAPHQL}, in UTF-8.")


def _range(text: str) -> tuple[str, float]:
    """One media range and its weight; another charset than UTF-8 is a range nothing matches."""
    name, options = parse_options_header(text.strip())
    if options.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"utf8"):
        return "", 0.0
    try:
        return name.decode("latin-1").lower(), float(options.get(b"q", b"1"))
    except ValueError:
        return "", 0.0


async def read(request: Request) -> Asked:
    """The parameters of a request; raises ``Unfit`` (400, 405 or 415) with what is allowed."""
    match request.method:
        case "GET":
            return checked(_from_url(request))
        case "POST":
            return checked(await _from_body(request))
    raise Unfit(405, "METHOD_NOT_ALLOWED", "Use GET for queries and POST for any operation.", {"Allow": METHODS})


def _from_url(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = _json(given[name], f"The parameter '{name}'")
    return given


async def _from_body(request: Request) -> Any:
    name, options = parse_options_header(request.headers.get("content-type"))
    charset = options.get(b"charset", b"utf-8").lower()
    if name.lower() != JSON.encode() or charset not in (b"utf-8", b"utf8"):
        sentence = f"Send the operation as {JSON}, in UTF-8."
        raise Unfit(415, "UNSUPPORTED_MEDIA_TYPE", sentence, {"Accept-Post": JSON})
    return _json(await request.body(), "The body")


def _json(text: str | bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _bad(f"{what} is not JSON.") from None


def checked(given: Any) -> Asked:
    """The parameters, each of the type the specification gives it."""
    if isinstance(given, list):
        raise _bad("Send one operation in a request; batches are not taken.")
    if not isinstance(given, dict):
        raise _bad("The body must be a JSON object with the operation in 'query'.")
    name = _document_id(given)
    query = given.get("query") or ("" if name else None)
    if not isinstance(query, str) or not (query.strip() or name):
        raise _bad("The parameter 'query' must be a string with the operation.")
    variables = _typed(given, "variables", dict, "an object") or {}
    return Asked(query, variables, _typed(given, "operationName", str, "a string"), name)


def _document_id(given: dict[str, Any]) -> str | None:
    """The id of a registered document, as the specification's appendix or as Apollo's clients give it."""
    extensions = _typed(given, "extensions", dict, "an object") or {}
    named = _typed(given, "documentId", str, "a string")
    persisted = _typed(extensions, "persistedQuery", dict, "an object") or {}
    digest = _typed(persisted, "sha256Hash", str, "a string")
    return named or (f"sha256:{digest}" if digest else None)


def _typed(given: dict[str, Any], name: str, kind: type, spoken: str) -> Any:
    value = given.get(name)
    if value is not None and not isinstance(value, kind):
        raise _bad(f"The parameter '{name}' must be {spoken} or null.")
    return value


def _bad(sentence: str) -> Unfit:
    return Unfit(400, "BAD_REQUEST", sentence)
