"""Speaks HTTP to the licensing app: its envelope, its refusals, and its nightly upkeep (contract perizinan)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from urllib.parse import quote

import httpx

from hub.connectors.perizinan.mapping import JAKARTA
from hub.connectors.perizinan.settings import PerizinanSettings
from hub.contract import Raw
from hub.errors import BadSetting, ConfigurationError, ContractBroken, Maintenance, OutcomeUnknown, TryLater
from hub.http_client import Http
from hub.http_client.response_body import Unreadable, json_of

PATH = "/api/v1/permohonan"
LIMIT = 200
"""Rows in a page: the app's maximum."""
UPKEEP = time(2, 0), time(2, 20)
"""From when to when the app is closed each night, in Jakarta."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of the listing; ``cursor`` is the start of the next one, None at the end."""

    rows: list[Raw]
    cursor: str | None


def upkeep_left(now: datetime) -> float | None:
    """Return the seconds until the end of the nightly upkeep; None at any other time."""
    begin, end = (datetime.combine(now.astimezone(JAKARTA).date(), at, JAKARTA) for at in UPKEEP)
    return (end - now).total_seconds() if begin <= now < end else None


class PerizinanClient:
    """The calls of the app. ``clock`` returns the present."""

    def __init__(
        self, settings: PerizinanSettings, http: Http, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._key, self._http, self._clock = settings.key, http, clock

    async def listing(self, since: str | None, cursor: str | None, limit: int = LIMIT) -> Listed:
        """Return one page of the rows that changed at ``since`` or later, or of all of them."""
        at = {"kursor": cursor} if cursor else {"diubah_sejak": since} if since else {}
        status, body = await self._get(PATH, {"batas": limit, **at})
        if status != 200:
            raise ConfigurationError(f"the licensing app refuses the listing (HTTP {status})")
        return _listed(body)

    async def row(self, id_: str) -> Raw | None:
        """Return the row of an id; None if there is none."""
        status, body = await self._get(f"{PATH}/{quote(id_, safe='')}", {})
        if status == 404:
            return None
        return _row(status, body)

    async def rows_of_permit(self, permit_id: str) -> list[Raw]:
        """Return the rows of a permit's id in the national system; after a merge of offices there may be several."""
        status, body = await self._get(PATH, {"id_izin": permit_id})
        if status != 200:
            raise ContractBroken(f"the licensing app refuses the look-up of a permit (HTTP {status})")
        return _listed(body).rows

    async def write(self, method: str, path: str, body: Raw) -> tuple[int, Raw]:
        """Send a change with its idempotency key; return the HTTP status and the object of the answer.

        Raise ``OutcomeUnknown`` if the app may have accepted it. It gives a repeated key the first answer.
        """
        answer = await self._send(method, path, idempotent=False, json=body)
        found = _json(answer)
        if not isinstance(found, dict):
            raise OutcomeUnknown(f"{method} {PATH}: the answer is no object")
        return answer.status_code, found

    async def _get(self, path: str, params: dict[str, Any]) -> tuple[int, Any]:
        answer = await self._send("GET", path, params=params)
        return answer.status_code, _json(answer)

    async def _send(self, method: str, path: str, *, idempotent: bool = True, **request: Any) -> httpx.Response:
        try:
            answer = await self._http.send(method, path, idempotent=idempotent, headers=self._headers(), **request)
        except TryLater as error:
            left = upkeep_left(self._clock()) if error.notice else None
            if left is None:
                raise
            raise Maintenance("the licensing app is closed for its nightly upkeep", left) from error
        if answer.status_code in {401, 403}:
            raise ConfigurationError(f"the licensing app refuses HUB_PERIZINAN_KEY (HTTP {answer.status_code})")
        return answer

    def _headers(self) -> dict[str, str]:
        key = self._key.get_secret_value()
        if not key:
            raise BadSetting("HUB_PERIZINAN_KEY is not set; the operator of the licensing app provides it")
        return {"Authorization": f"Bearer {key}", "Accept": "application/json"}


def _listed(body: Any) -> Listed:
    rows, cursor = (body.get("data"), body.get("kursor")) if isinstance(body, dict) else (None, None)
    # Without the field, a page in the middle would seem the last one, and the other rows gone.
    if not isinstance(rows, list) or not isinstance(cursor, str | None) or "kursor" not in body:
        raise ContractBroken("the licensing app's listing has no list of rows, or no valid kursor")
    return Listed([row if isinstance(row, dict) else {} for row in rows], cursor or None)


def _row(status: int, body: Any) -> Raw:
    found = body.get("data", body) if isinstance(body, dict) else None
    if status != 200 or not isinstance(found, dict):
        raise ContractBroken(f"the licensing app answers HTTP {status} without the requested row")
    return found


def _json(answer: httpx.Response) -> Any:
    try:
        return json_of(answer.content)
    except Unreadable:
        return None
