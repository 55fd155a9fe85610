"""Parses the parameters of a request strictly, and refuses malformed ones."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749.errors import InvalidRequestError
from starlette.requests import Request

MAX_PARAMETERS = 64
"""The maximum number of parameters in a request."""
MAX_LENGTH = 16_384
"""The maximum length of one parameter; signed assertions are the longest."""
FORM = "application/x-www-form-urlencoded"
REPEATED = frozenset({"resource"})
"""Parameters that may be repeated (RFC 8707, 2)."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_ALLOWED = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


def to_error_text(text: str) -> str:
    """Return ``text`` with characters that an error description must not contain replaced by ``?`` (RFC 6749, 5.2)."""
    return _NOT_ALLOWED.sub("?", text)


def from_query(request: Request) -> list[tuple[str, str]]:
    """Return the parameters of the query string; ``InvalidRequestError`` for malformed ones."""
    return _parse(request.scope["query_string"])


async def from_body(request: Request) -> list[tuple[str, str]]:
    """Return the parameters of a form; ``InvalidRequestError`` also if the query string has some (RFC 6749, 3.2)."""
    if request.scope["query_string"]:
        raise InvalidRequestError("Send parameters in the body: this endpoint accepts none in the query string.")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise InvalidRequestError(f"The Content-Type must be {FORM}.")
    return _parse(await request.body())


def from_text(text: str) -> list[tuple[str, str]]:
    """Return the parameters of a query string from a link of the hub, which the browser may have changed."""
    return _parse(text.encode())


def _parse(raw: bytes) -> list[tuple[str, str]]:
    try:
        # A parameter without a value is treated as missing (RFC 6749, 3.1).
        pairs = parse_qsl(raw.decode("ascii"), errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise InvalidRequestError(
            f"The parameters cannot be read: send {MAX_PARAMETERS} at most, as URL-encoded UTF-8."
        ) from None
    seen = set()
    for name, value in pairs:
        if name in seen and name not in REPEATED:
            raise InvalidRequestError(f"Multiple '{to_error_text(name[:50])}' in request.")
        if _CONTROL.search(name + value) or len(value) > MAX_LENGTH:
            raise InvalidRequestError(f"'{to_error_text(name[:50])}' is too long or contains control characters.")
        seen.add(name)
    return pairs
