"""GraphQL over HTTP: the parameters of a request and the media type of the response.

Source: the GraphQL over HTTP specification (graphql.github.io/graphql-over-http, draft; its Appendix A
for documents named by an id), RFC 9110 for the negotiation. Batches are not supported.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from dataclasses import dataclass, field
from typing import Any

import orjson
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from hub.messages import Bilingual
from hub.web.headers import header
from hub.web.request_error import RequestError

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
RESPONSE_TYPES = {GRAPHQL: GRAPHQL, JSON: JSON, "application/*": JSON, "*/*": JSON}
"""Accepted media range → media type of the response."""

METHODS = "GET, POST"
PARAMETERS = ("query", "variables", "operationName", "documentId", "extensions")


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """The parameters of a GraphQL request: the text of the operation, the id of a persisted one, or both."""

    query: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    document_id: str | None = None


def media_type(accept: str) -> str:
    """Return the media type of the response: the client's preferred one, JSON by default.

    Raises ``RequestError`` (406) if the client accepts none.
    """
    ranges = [_range(part) for part in (accept.strip() or "*/*").split(",")]
    refused = {name for name, weight in ranges if weight == 0}
    for name, weight in sorted(ranges, key=lambda each: -each[1]):
        answer = RESPONSE_TYPES.get(name)
        if weight > 0 and answer and answer not in refused:
            return answer
    raise RequestError(
        406,
        "NOT_ACCEPTABLE",
        Bilingual(
            f"Answers come as {JSON} or {GRAPHQL}, in UTF-8.", f"Jawaban berupa {JSON} atau {GRAPHQL}, dalam UTF-8."
        ),
    )


def _range(text: str) -> tuple[str, float]:
    """Return a media range and its weight; a range with a charset other than UTF-8 matches nothing."""
    name, options = parse_options_header(text.strip())
    if options.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"utf8"):
        return "", 0.0
    try:
        return name.decode("latin-1").lower(), float(options.get(b"q", b"1"))
    except ValueError:
        return "", 0.0


async def read_request(request: Request) -> GraphQLRequest:
    """Return the parameters of a request; raises ``RequestError`` (400, 405 or 415)."""
    match request.method:
        case "GET":
            return parse_parameters(_from_url(request))
        case "POST":
            return parse_parameters(await _from_body(request))
    message = Bilingual(
        "Use GET for queries and POST for any operation.", "Pakailah GET untuk query dan POST untuk operasi apa pun."
    )
    raise RequestError(405, "METHOD_NOT_ALLOWED", message, {"Allow": METHODS})


def _from_url(request: Request) -> dict[str, Any]:
    pairs = request.query_params.multi_items()
    params: dict[str, Any] = dict(pairs)
    if repeated := [name for name in PARAMETERS if sum(each == name for each, _ in pairs) > 1]:
        raise _bad_request(
            f"The parameter '{repeated[0]}' may be given once.", f"Parameter '{repeated[0]}' hanya boleh sekali."
        )
    for name in ("variables", "extensions"):
        if name in params:
            # An empty form field is sent as an empty parameter.
            params[name] = (
                _json(params[name], f"The parameter '{name}'", f"Parameter '{name}'") if params[name] else None
            )
    return params


async def _from_body(request: Request) -> Any:
    name, options = parse_options_header(header(request, "content-type"))
    charset = options.get(b"charset", b"utf-8").lower()
    if name.lower() != JSON.encode() or charset not in (b"utf-8", b"utf8"):
        sentence = Bilingual(f"Send the operation as {JSON}, in UTF-8.", f"Kirim operasi sebagai {JSON}, dalam UTF-8.")
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", sentence, {"Accept-Post": JSON})
    return _json((await request.body()).removeprefix(BOM_UTF8), "The body", "Isi permintaan")


def _json(text: str | bytes, english: str, indonesian: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _bad_request(f"{english} is not JSON.", f"{indonesian} bukan JSON.") from None


def parse_parameters(params: Any) -> GraphQLRequest:
    """Return the parameters with the types that the specification requires; raises ``RequestError`` (400)."""
    if isinstance(params, list):
        raise _bad_request(
            "Send one operation in a request; batches are not taken.",
            "Kirim satu operasi per permintaan; kumpulan operasi tidak diterima.",
        )
    if not isinstance(params, dict):
        raise _bad_request(
            "The body must be a JSON object with the operation in 'query'.",
            "Isi permintaan harus objek JSON dengan operasi di 'query'.",
        )
    name = _document_id(params)
    query = params.get("query")
    if query is None and name:
        query = ""
    if not isinstance(query, str) or not (query.strip() or name):
        raise _bad_request(
            "The parameter 'query' must be a string with the operation.",
            "Parameter 'query' harus string yang berisi operasi.",
        )
    variables = _typed(params, "variables", dict, "an object") or {}
    # Some clients send an empty name if the document has only one operation.
    return GraphQLRequest(query, variables, _typed(params, "operationName", str, "a string") or None, name)


def _document_id(params: dict[str, Any]) -> str | None:
    """Return the id of a persisted operation, in the format of the specification's appendix or of Apollo's clients."""
    extensions = _typed(params, "extensions", dict, "an object") or {}
    named = _typed(params, "documentId", str, "a string")
    persisted = _typed(extensions, "persistedQuery", dict, "an object") or {}
    digest = _typed(persisted, "sha256Hash", str, "a string")
    return named or (f"sha256:{digest}" if digest else None)


def _typed(params: dict[str, Any], name: str, kind: type, type_name: str) -> Any:
    value = params.get(name)
    if value is not None and not isinstance(value, kind):
        raise _bad_request(
            f"The parameter '{name}' must be {type_name} or null.",
            f"Parameter '{name}' harus {_TYPE_NAMES_ID[type_name]} atau null.",
        )
    return value


_TYPE_NAMES_ID = {"an object": "objek", "a string": "string"}


def _bad_request(english: str, indonesian: str) -> RequestError:
    return RequestError(400, "BAD_REQUEST", Bilingual(english, indonesian))
