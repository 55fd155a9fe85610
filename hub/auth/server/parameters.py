"""Reads the parameters of a request strictly, so that nothing malformed gets any further."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749.errors import InvalidRequestError
from starlette.requests import Request

MOST = 64
"""Parameters a request may have."""
LONGEST = 16_384
"""Characters one parameter may have; a signed assertion is the longest there is."""
FORM = "application/x-www-form-urlencoded"
REPEATED = frozenset({"resource"})
"""Parameters that may come more than once (RFC 8707, 2)."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNSAID = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


def said(text: str) -> str:
    """``text`` with what an error description may not hold replaced by a question mark (RFC 6749, 5.2)."""
    return _UNSAID.sub("?", text)


def in_query(request: Request) -> list[tuple[str, str]]:
    """The parameters of the query string; ``InvalidRequestError`` for what cannot be meant."""
    return _checked(request.scope["query_string"])


async def in_body(request: Request) -> list[tuple[str, str]]:
    """The parameters of a form; ``InvalidRequestError`` also when some are in the query string (RFC 6749, 3.2)."""
    if request.scope["query_string"]:
        raise InvalidRequestError("Send parameters in the body: this endpoint takes none in the query string.")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise InvalidRequestError(f"The Content-Type has to be {FORM}.")
    return _checked(await request.body())


def from_text(text: str) -> list[tuple[str, str]]:
    """The parameters of a query string we gave away ourselves, which may have been changed since."""
    return _checked(text.encode())


def _checked(raw: bytes) -> list[tuple[str, str]]:
    try:
        # A parameter without a value counts as left out (RFC 6749, 3.1).
        pairs = parse_qsl(raw.decode("ascii"), errors="strict", max_num_fields=MOST)
    except ValueError:
        raise InvalidRequestError(
            f"The parameters cannot be read: send {MOST} at most, as URL-encoded UTF-8."
        ) from None
    seen = set()
    for name, value in pairs:
        if name in seen and name not in REPEATED:
            raise InvalidRequestError(f"Multiple '{said(name[:50])}' in request.")
        if _CONTROL.search(name + value) or len(value) > LONGEST:
            raise InvalidRequestError(f"'{said(name[:50])}' is too long or holds control characters.")
        seen.add(name)
    return pairs
