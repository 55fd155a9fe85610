"""What LAPOR answers to what it is sent: what was refused, by whom to be mended, and a new report's id. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from hub.connectors.lapor.values import number_of
from hub.errors import Refused, Stop, Unclear

CREATE = "/complaints/complaint"
_FIELD = re.compile(r"\w[\w.]{0,40}")


def check(path: str, answer: httpx.Response) -> None:
    """Nothing where it was taken; else the error that says what to do."""
    status = answer.status_code
    if status in (401, 403):
        raise Stop(f"LAPOR refuses HUB_LAPOR_AUTH or HUB_LAPOR_TOKEN (HTTP {status})")
    if status == 404 and path != CREATE:
        raise Refused("LAPOR has no report of that id")
    if status in (400, 409, 413, 422):
        raise Refused(f"LAPOR refuses {_fields(answer)} (HTTP {status})")
    if status >= 500:
        raise Unclear(f"POST {path}: HTTP {status}")
    if status >= 300:
        raise Stop(f"LAPOR refuses POST {path} (HTTP {status}): the contract or a setting is wrong")


def _fields(answer: httpx.Response) -> str:
    """The names of the fields that are wrong; what LAPOR says of them may repeat what a citizen wrote."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    errors = body.get("errors") if isinstance(body, dict) else None
    names = [name for name in errors if _FIELD.fullmatch(name)] if isinstance(errors, dict) else []
    return ", ".join(names[:10]) or "it"


def complaint_id(body: Mapping[str, Any]) -> int | None:
    """The new report's id, which clients have met in three places (contract A.3)."""
    for path in (("complaint_id",), ("data", "complaint_id"), ("data", "results", "complaint", "id")):
        found: Any = body
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        if (number := number_of(found)) is not None:
            return number
    return None
