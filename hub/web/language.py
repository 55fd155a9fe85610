"""Negotiation of the language of a response: Indonesian or English."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Scope


def preferred_language(accepted: str) -> str:
    """Return ``en`` or ``id`` for an ``Accept-Language`` (RFC 9110, 12.5.4); Indonesian if neither is preferred."""
    best, best_quality = "id", 0.0
    for part in accepted.split(","):
        tag, _, parameter = part.strip().partition(";")
        name = tag.split("-")[0].lower()
        try:
            quality = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if name in ("id", "en") and quality > best_quality:
            best, best_quality = name, quality
    return best


def request_language(scope: Scope) -> str:
    """Return the preferred language of a request."""
    return preferred_language(", ".join(Headers(scope=scope).getlist("accept-language")))
