"""Reads request headers."""

from __future__ import annotations

from starlette.requests import HTTPConnection


def header(request: HTTPConnection, name: str) -> str:
    """Return the value of a header, with repeated lines joined by commas (RFC 9110, 5.3); empty if it is missing."""
    return ", ".join(request.headers.getlist(name))
