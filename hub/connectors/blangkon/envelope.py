"""Reads what the INAPROC gateway wraps its rows in: envelope, refusals, budget of calls (contract C.4, L.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from hub.connectors.base import Raw
from hub.errors import Stop, TryLater


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of a year's feed; ``cursor`` is where to ask next, and ``more`` whether to ask now."""

    rows: list[Raw]
    cursor: str | None
    more: bool


def budget_wait(headers: Mapping[str, str], now: float) -> float:
    """Seconds until the next call is allowed. ``X-RateLimit-Reset`` is in seconds or a Unix time; nobody says which."""
    if headers.get("x-ratelimit-remaining") != "0":
        return 0.0
    reset = headers.get("x-ratelimit-reset", "")
    if not reset.isdigit():
        return 60.0  # The budget is per minute.
    return max(0.0, int(reset) - now if int(reset) > 1_000_000_000 else float(reset))


def read(response: httpx.Response) -> Answer | None:
    """The page in the gateway's envelope; None when it says that the cursor has expired (L.3)."""
    status, body = response.status_code, _json(response)
    error = str(body.get("error", ""))[:200] if isinstance(body, dict) else ""
    if status == 400 and error == "cursor expired":
        return None
    if status in {401, 403}:
        raise Stop(f"the gateway refuses the token or this address (HTTP {status}): {error or 'no reason given'}")
    if status >= 500 or (status == 200 and not isinstance(body, dict)):
        raise TryLater(f"the gateway answers HTTP {status} without its envelope")
    if status != 200:
        raise Stop(f"the gateway refuses the request (HTTP {status}): {error or 'no reason given'}")
    if body.get("success") is not True:
        raise TryLater(f"the gateway reports a failure under HTTP 200: {error or 'no reason given'}")
    return _page(body)


def _page(body: Mapping[str, Any]) -> Answer:
    rows, meta = body.get("data") or [], body.get("meta") or {}
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or not isinstance(meta, dict):
        raise Stop("the gateway's envelope does not hold a list of rows")
    more, cursor = meta.get("has_more", None if rows else False), meta.get("cursor")
    if not isinstance(more, bool) or not isinstance(cursor, str | None):
        # Without a word on whether there is more, a run would seem complete and the rest of the orders gone.
        raise Stop("the gateway's envelope does not say whether there is more")
    return Answer(rows, cursor or None, more)


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
