"""LAPOR's calls for reading: headers, paging, and the meaning of answers.

Contract lapor#access, lapor#calls, lapor#paging, lapor#listing, lapor#errors. Calls that change
something are in ``outbound.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import stamina
from pydantic import Field, PositiveInt, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from hub.connectors.base import ConnectorSettings
from hub.connectors.lapor.parsing import JAKARTA, QUERY_TIME_FORMAT, tags_of
from hub.contract import Raw
from hub.errors import BadSetting, ConfigurationError, ContractBroken, TryLater
from hub.http_client import Http
from hub.http_client.response_body import Unreadable, json_of

MAX_PAGES = 2_000
"""The most pages of one list, such as the follow-ups of a report; some lists are in memory as a whole."""
_Params = list[tuple[str, Any]]
_NOT_FOUND = re.compile("tidak ditemukan|not found", re.IGNORECASE)
_WRONG_SHAPE = "the answer does not have the shape of the contract"


class LaporSettings(ConnectorSettings):
    """``HUB_LAPOR_*``. ``auth`` and ``token`` are whole header values, braces included.

    ``institutions`` are LAPOR's ids of the province's institutions; ``settle`` is how many seconds may pass before a
    report appears in the listing. The templates are codes of follow-ups in order of preference: the first one that
    LAPOR's master has is sent. ``channel`` and ``category`` are the LAPOR ids to use if its masters have no row by
    the hub's name; ``file_hosts`` are hosts, besides LAPOR's own, from which files may be downloaded.
    """

    model_config = SettingsConfigDict(env_prefix="HUB_LAPOR_", hide_input_in_errors=True)

    auth_header: str = Field("Authorization", pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
    auth: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")
    institutions: Annotated[tuple[PositiveInt, ...], NoDecode] = ()
    listing: bool = True
    settle: float = Field(60, ge=0)
    channel: PositiveInt | None = None
    category: PositiveInt | None = None
    answer_template: Annotated[tuple[str, ...], NoDecode] = ("reply_instansi", "reply_lmw")
    followup_template: Annotated[tuple[str, ...], NoDecode] = ("progress_instansi",)
    file_hosts: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("institutions", "file_hosts", "answer_template", "followup_template", mode="before")
    @classmethod
    def _comma_list(cls, value: object) -> object:
        return [part for part in value.replace(" ", "").split(",") if part] if isinstance(value, str) else value

    def headers(self) -> dict[str, str]:
        """Return both of LAPOR's keys as headers (contract lapor#access); raise ``BadSetting`` if one is missing."""
        secrets = {"AUTH": self.auth.get_secret_value(), "TOKEN": self.token.get_secret_value()}
        for name, value in secrets.items():
            if not (value and value.isascii() and value.isprintable() and value == value.strip()):
                raise BadSetting(f"HUB_LAPOR_{name} must be the header's whole value, without spaces around it")
        return {self.auth_header: secrets["AUTH"], "token": secrets["TOKEN"], "Accept": "application/json"}

    def institution_filter(self) -> list[tuple[str, Any]]:
        """Return the filter of the listing; without it, LAPOR would list the whole country."""
        if not self.institutions:
            raise BadSetting("HUB_LAPOR_INSTITUTIONS is empty; set the ids of the province's institutions: 310,311")
        return [("institution_id", number) for number in self.institutions]

    def province_institution(self) -> int:
        """Return the id of the province itself, the first of ``institutions``: the author if no agency is."""
        return int(self.institution_filter()[0][1])


class LaporClient:
    """LAPOR's calls for reading; all are idempotent."""

    def __init__(self, settings: LaporSettings, http: Http) -> None:
        self._settings, self._http = settings, http

    async def listing(
        self, start: datetime | None, end: datetime | None = None, page: int = 1
    ) -> tuple[list[Raw], bool]:
        """Return the province's reports updated from ``start`` to before ``end``, and whether more follow."""
        params = self._settings.institution_filter()
        params += [("updated_from", _query_time(start))] if start else []
        params += [("updated_to", _query_time(end))] if end else []
        return await self._page("/complaints", params, page)

    async def tagged(self, ticket: str) -> list[Raw]:
        """Return the reports with the tag ``ticket``, of all institutions."""
        path = "/complaints"
        rows, _ = await self._page(path, [("tag", ticket)], 1)
        found = [row for row in rows if ticket in tags_of(row.get("tags_raw"))]
        if len(found) < len(rows):
            raise ContractBroken("LAPOR's listing ignores tag, so the hub cannot find out what was accepted")
        return found

    async def report(self, number: int | str) -> tuple[Raw, list[Raw]] | None:
        """Return one report and its log rows, ``None`` if there is none of that id; raise ``ReportUnreadable``."""
        path = f"/complaints/{number}/complaint"
        results = await self._get_one(path, [])
        if results is None:
            return None
        return _object(path, results.get("data")), _list(path, results.get("data_logs"))

    async def followups(self, number: int | str) -> list[Raw] | None:
        """Return all follow-ups of one report; ``None`` and ``ReportUnreadable`` as in ``report``."""
        path = f"/complaints/{number}/followups"
        rows: list[Raw] = []
        for page in range(1, MAX_PAGES + 1):
            results = await self._get_one(path, [("page", page)])
            if results is None:
                return None
            found, more = _page_of(path, results)
            rows += found
            if not more:
                return rows
        raise ReportUnreadable(f"{path} has more than {MAX_PAGES} pages: LAPOR ignores page")

    async def master(self, name: str) -> list[Raw]:
        """Return all rows of a master: ``locations``, ``institutions/external``, ``channels``."""
        rows: list[Raw] = []
        more, page = True, 0
        while more:
            page += 1
            found, more = await self._page(f"/masters/{name}", [("page_size", 1000)], page)
            rows += found
        return rows

    async def _page(self, path: str, params: _Params, page: int) -> tuple[list[Raw], bool]:
        if page > MAX_PAGES:
            raise ContractBroken(f"{path} has more than {MAX_PAGES} pages: LAPOR ignores page")
        body = await self._get(path, [*params, ("page", page)])
        if body is None:
            raise ListMissing(f"{path} does not exist; HUB_LAPOR_URL must end where the paths of the API begin")
        try:
            return _page_of(path, _object(path, body.get("results")))
        except ReportUnreadable as broken:
            raise ContractBroken(str(broken)) from None

    async def _get_one(self, path: str, params: _Params) -> Mapping[str, Any] | None:
        body = await self._get(path, params, single=True)
        return None if body is None else _object(path, body.get("results"))

    async def _get(self, path: str, params: _Params, *, single: bool = False) -> Mapping[str, Any] | None:
        """Return the object of the answer; ``None`` if LAPOR answers "not found", under HTTP 404 or 200."""
        retries = stamina.retry_context(on=_ErrorUnder200, attempts=4, timeout=10, wait_initial=0.1, wait_max=1)
        async for attempt in retries:
            with attempt:
                return await self._request(path, params, single=single)
        raise AssertionError("stamina either returns or raises")

    async def _request(self, path: str, params: _Params, *, single: bool) -> Mapping[str, Any] | None:
        response = await self._http.send("GET", path, idempotent=True, headers=self._settings.headers(), params=params)
        status = response.status_code
        if status == 401 or (status == 403 and not single):
            raise ConfigurationError(f"LAPOR refuses HUB_LAPOR_AUTH or HUB_LAPOR_TOKEN (HTTP {status})")
        if status in (404, 410):
            return None
        if status != 200:
            refusal = f"LAPOR refuses GET {path} (HTTP {status}): the contract or a setting is wrong"
            raise ReportUnreadable(refusal) if single else ConfigurationError(refusal)
        try:
            body = json_of(response.content)
        except Unreadable as error:
            raise ContractBroken(f"the answer to GET {path} {error}") from None
        if not isinstance(body, dict):
            raise (ReportUnreadable if single else ContractBroken)(f"GET {path}: {_WRONG_SHAPE}")
        if reports_not_found(body):
            return None
        if body.get("status") == "error":
            raise _ErrorUnder200(f"GET {path}: LAPOR reports an error under HTTP 200")
        return body


class ReportUnreadable(ContractBroken):
    """One report cannot be read; the others are not affected."""


class ListMissing(ContractBroken):
    """LAPOR does not have this list."""


class _ErrorUnder200(TryLater):
    """HTTP 200 with an error inside: it is temporary, so the call is repeated a few times at once."""


def reports_not_found(body: Mapping[str, Any]) -> bool:
    """Return whether an answer without results reports "not found", whatever its HTTP status is."""
    return not isinstance(body.get("results"), dict) and bool(_NOT_FOUND.search(str(body.get("message", ""))))


def _query_time(time: datetime) -> str:
    return time.astimezone(JAKARTA).strftime(QUERY_TIME_FORMAT)


def _object(path: str, value: Any) -> Raw:
    if not isinstance(value, dict):
        raise ReportUnreadable(f"GET {path}: {_WRONG_SHAPE}")
    return value


def _list(path: str, value: Any) -> list[Raw]:
    """Return the objects of a list, which PHP writes as an object with numbered names if it has gaps."""
    if value and isinstance(value, dict) and all(map(_is_index, value)):
        value = [value[name] for name in sorted(value, key=int)]
    if not isinstance(value, list):
        raise ReportUnreadable(f"GET {path}: {_WRONG_SHAPE}")
    return [row if isinstance(row, dict) else {} for row in value]


def _is_index(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < 10


def _page_of(path: str, results: Mapping[str, Any]) -> tuple[list[Raw], bool]:
    """Return the rows, and whether ``next_page_url`` names a further page; its host is never called.

    An empty page is the last. A missing ``next_page_url`` is an error: the run would seem complete, and the other
    reports gone.
    """
    rows, following = _list(path, results.get("data")), results.get("next_page_url", False)
    if not isinstance(following, str | None):
        raise ReportUnreadable(f"GET {path}: {_WRONG_SHAPE}: next_page_url")
    return rows, bool(rows and following)
