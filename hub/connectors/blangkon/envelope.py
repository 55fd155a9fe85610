"""Reads the answers of the INAPROC gateway: envelope, refusals, budget of calls.

Contract blangkon#gateway, blangkon#feed, blangkon#errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from hub.contract import Raw
from hub.errors import ConfigurationError, ContractBroken, TryLater
from hub.http_client.response_body import Unreadable, json_of
from hub.http_client.retry_after import parse_retry_after

MINUTE = 60.0
"""The budget is per minute."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of a year's feed; ``cursor`` is the start of the next page, and ``more`` whether there is one now."""

    rows: list[Raw]
    cursor: str | None
    more: bool


def budget_wait(headers: Mapping[str, str], now: datetime) -> float:
    """Return the seconds until the next call is allowed; the form of ``X-RateLimit-Reset`` is not documented."""
    if headers.get("x-ratelimit-remaining") != "0":
        return 0.0
    wait = parse_retry_after(headers.get("x-ratelimit-reset"), now)
    return MINUTE if wait is None else wait


def read(response: httpx.Response) -> Answer | None:
    """Return the page in the envelope; None if the cursor has expired (contract blangkon#feed)."""
    status, body = response.status_code, _json(response)
    error = str(body.get("error", ""))[:200] if isinstance(body, dict) else ""
    if status == 400 and error == "cursor expired":
        return None
    if not isinstance(body, dict):
        raise ContractBroken(f"the gateway answers HTTP {status} without its envelope")
    if status in {401, 403}:
        raise ConfigurationError(
            f"the gateway refuses the token or this address (HTTP {status}): {error or 'no reason given'}"
        )
    if status != 200:
        raise ConfigurationError(f"the gateway refuses the request (HTTP {status}): {error or 'no reason given'}")
    if body.get("success") is not True:
        raise TryLater(f"the gateway reports a failure under HTTP 200: {error or 'no reason given'}")
    return _page(body)


def _page(body: Mapping[str, Any]) -> Answer:
    rows, meta = body.get("data"), body.get("meta")
    if not isinstance(rows, list | None) or not isinstance(meta, dict | None):
        raise ContractBroken("the gateway's envelope has no list of rows")
    rows, meta = [row if isinstance(row, dict) else {} for row in rows or ()], meta or {}
    more, cursor = meta.get("has_more", None if rows else False), meta.get("cursor")
    if not isinstance(more, bool) or not isinstance(cursor, str | None):
        # Without has_more a run would seem complete, and the other orders gone.
        raise ContractBroken("the gateway's envelope has no valid has_more or cursor")
    return Answer(rows, cursor or None, more)


def _json(response: httpx.Response) -> Any:
    try:
        return json_of(response.content)
    except Unreadable:
        return None
