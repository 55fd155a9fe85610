"""LAPOR's answers to calls that change something: refusals, and the id of a new report. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from hub.connectors.lapor.parsing import number_of
from hub.errors import ConfigurationError, OutcomeUnknown, Refused
from hub.http_client.response_body import Unreadable, json_of

CREATE = "/complaints/complaint"
_FIELD = re.compile(r"\w[\w.]{0,40}")


def check(path: str, answer: httpx.Response) -> None:
    """Raise the error that fits a refusal; return if the call was accepted."""
    status = answer.status_code
    if status == 403 and path != CREATE:
        raise Refused("LAPOR does not allow the hub to write to that report (HTTP 403)")
    if status in (401, 403):
        raise ConfigurationError(f"LAPOR refuses HUB_LAPOR_AUTH or HUB_LAPOR_TOKEN (HTTP {status})")
    if status in (404, 410) and path != CREATE:
        raise Refused("LAPOR has no report of that id")
    if status in (400, 409, 413, 422):
        raise Refused(f"LAPOR refuses {_fields(answer)} (HTTP {status})")
    if status >= 500:
        raise OutcomeUnknown(f"POST {path}: HTTP {status}")
    if status >= 300:
        raise ConfigurationError(f"LAPOR refuses POST {path} (HTTP {status}): the contract or a setting is wrong")


def _fields(answer: httpx.Response) -> str:
    """Return the names of the wrong fields; LAPOR's messages may repeat a citizen's text."""
    try:
        body = json_of(answer.content)
    except Unreadable:
        body = None
    errors = body.get("errors") if isinstance(body, dict) else None
    names = [name for name in errors if _FIELD.fullmatch(name)] if isinstance(errors, dict) else []
    return ", ".join(names[:10]) or "it"


def complaint_id(body: Mapping[str, Any]) -> int | None:
    """Return the new report's id, which occurs in three places (contract lapor#create)."""
    for path in (("complaint_id",), ("data", "complaint_id"), ("data", "results", "complaint", "id")):
        found: Any = body
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        if (number := number_of(found)) is not None:
            return number
    return None
