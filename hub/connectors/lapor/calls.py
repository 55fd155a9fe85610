"""The calls LAPOR offers for reading (contract A.3 and L.1): headers, paging, and what its answers mean.

Those that change something are in ``sending.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import stamina
from pydantic import Field, PositiveInt, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from hub.connectors.base import ConnectorSettings, Raw
from hub.connectors.http import Http
from hub.connectors.lapor.values import ASKED, JAKARTA, tags_of
from hub.errors import BadSetting, Stop, TryLater

MOST_PAGES = 2_000
"""Pages that belong together, such as the follow-ups of one report; all of some are in memory at once."""
_Params = list[tuple[str, Any]]


class LaporSettings(ConnectorSettings):
    """``HUB_LAPOR_*`` (contract L.4). ``auth`` and ``token`` are whole header values, braces included.

    ``institutions`` are LAPOR's ids of the province's institutions; ``settle`` is how many seconds a
    report may take to show in the listing. ``channel`` and ``category`` are LAPOR's ids for what its masters
    have no row by our name for; ``file_hosts`` are the hosts, besides LAPOR's own, that files are taken from.
    """

    model_config = SettingsConfigDict(env_prefix="HUB_LAPOR_", hide_input_in_errors=True)

    auth_header: str = "Authorization"
    auth: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")
    institutions: Annotated[tuple[PositiveInt, ...], NoDecode] = ()
    listing: bool = True
    settle: float = Field(60, ge=0)
    channel: PositiveInt | None = None
    category: PositiveInt | None = None
    answer_template: str = "reply_instansi"
    followup_template: str = "progress_instansi"
    file_hosts: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("institutions", "file_hosts", mode="before")
    @classmethod
    def _comma_list(cls, told: object) -> object:
        return [part for part in told.replace(" ", "").split(",") if part] if isinstance(told, str) else told

    def headers(self) -> dict[str, str]:
        """Both of LAPOR's keys at once (contract A.3), or one sentence on the one that is missing."""
        secrets = {"AUTH": self.auth.get_secret_value(), "TOKEN": self.token.get_secret_value()}
        for name, value in secrets.items():
            if not (value and value.isascii() and value.isprintable() and value == value.strip()):
                raise BadSetting(f"HUB_LAPOR_{name} must be the header's whole value, without spaces around it")
        return {self.auth_header: secrets["AUTH"], "token": secrets["TOKEN"], "Accept": "application/json"}

    def ours(self) -> list[tuple[str, Any]]:
        """The filter of the listing; without it the hub would ask for the whole country."""
        if not self.institutions:
            raise BadSetting("HUB_LAPOR_INSTITUTIONS is empty; set the ids of the province's institutions: 310,311")
        return [("institution_id", number) for number in self.institutions]

    def first(self) -> int:
        """The institution that speaks where no agency does: the province itself, which is to be named first."""
        return int(self.ours()[0][1])


class Calls:
    """LAPOR's reading calls; all are safe to repeat."""

    def __init__(self, settings: LaporSettings, http: Http) -> None:
        self._settings, self._http = settings, http

    async def listing(
        self, start: datetime | None, end: datetime | None = None, page: int = 1
    ) -> tuple[list[Raw], bool]:
        """Reports of our institutions updated from ``start`` to before ``end``, and whether more follow."""
        params = self._settings.ours()
        params += [("updated_from", _asked(start))] if start else []
        params += [("updated_to", _asked(end))] if end else []
        return await self._page("/complaints", params, page)

    async def tagged(self, ticket: str) -> list[Raw]:
        """The reports that carry ``ticket`` among their tags, whoever must answer them by now."""
        path = "/complaints"
        rows, _ = await self._page(path, [("tag", ticket)], 1)
        found = [row for row in rows if ticket in tags_of(row.get("tags_raw"))]
        if len(found) < len(rows):
            raise Stop("LAPOR's listing does not keep to tag, so the hub cannot find out what was taken")
        return found

    async def report(self, number: int | str) -> tuple[Raw, list[Raw]] | None:
        """One report and its log rows; ``None`` where LAPOR knows none of that id."""
        path = f"/complaints/{number}/complaint"
        results = await self._results(path, [])
        return None if results is None else (_object(path, results.get("data")), _rows(path, results.get("data_logs")))

    async def followups(self, number: int | str) -> list[Raw]:
        """All follow-ups of one report."""
        return await self._all(f"/complaints/{number}/followups", [])

    async def master(self, name: str) -> list[Raw]:
        """All rows of a master: ``locations``, ``institutions/external``, ``channels``."""
        return await self._all(f"/masters/{name}", [("page_size", 1000)])

    async def _all(self, path: str, params: _Params) -> list[Raw]:
        rows: list[Raw] = []
        more, page = True, 0
        while more:
            page += 1
            told, more = await self._page(path, params, page)
            rows += told
        return rows

    async def _page(self, path: str, params: _Params, page: int) -> tuple[list[Raw], bool]:
        """One page. ``next_page_url`` says that more follow; its host is never followed, and an empty page ends it."""
        if page > MOST_PAGES:
            raise Stop(f"{path} has more than {MOST_PAGES} pages: LAPOR does not keep to page")
        results = await self._results(path, [*params, ("page", page)])
        if results is None:
            raise Stop(f"{path} is not there; HUB_LAPOR_URL must end where the paths of the API begin")
        rows = _rows(path, results.get("data"))
        return rows, bool(rows and results.get("next_page_url"))

    async def _results(self, path: str, params: _Params) -> Mapping[str, Any] | None:
        async for tried in stamina.retry_context(on=_Refused200, attempts=4, timeout=10, wait_initial=0.1, wait_max=1):
            with tried:
                body = await self._get(path, params)
                return None if body is None else _object(path, body.get("results"))
        raise AssertionError("stamina either returns or raises")

    async def _get(self, path: str, params: _Params) -> Mapping[str, Any] | None:
        response = await self._http.send("GET", path, idempotent=True, headers=self._settings.headers(), params=params)
        if response.status_code in (401, 403):
            raise Stop(f"LAPOR refuses HUB_LAPOR_AUTH or HUB_LAPOR_TOKEN (HTTP {response.status_code})")
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            raise Stop(f"LAPOR refuses GET {path} (HTTP {response.status_code}): the contract or a setting is wrong")
        try:
            body = response.json()
        except ValueError:
            raise TryLater(f"GET {path}: the answer is not JSON") from None
        body = _object(path, body)
        if body.get("status") == "error":
            raise _Refused200(f"GET {path}: LAPOR reports an error under HTTP 200")
        return body


class _Refused200(TryLater):
    """HTTP 200 with an error inside: it passes, so it is asked again a few times at once."""


def _asked(time: datetime) -> str:
    return time.astimezone(JAKARTA).strftime(ASKED)


def _object(path: str, told: Any) -> Raw:
    if not isinstance(told, dict):
        raise Stop(f"GET {path}: the answer has another shape than the contract says")
    return told


def _rows(path: str, told: Any) -> list[Raw]:
    if not isinstance(told, list):
        raise Stop(f"GET {path}: the answer has another shape than the contract says")
    return [_object(path, row) for row in told]
