"""Calls the methods of OSS (contract oss#outbound, oss#inquery-license): look-ups within the budget, and reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.connectors.oss import documents, variants
from hub.connectors.oss.budget import Use, budget_of
from hub.connectors.oss.envelope import Answer, read
from hub.connectors.oss.settings import OssSettings
from hub.contract import Raw
from hub.errors import ConfigurationError, ContractBroken, OutcomeUnknown, TryLater
from hub.http_client import Http

_WHOLE_TIME = len("2026-01-31 13:45:00")


class LookUpFailed(TryLater):
    """OSS answers a look-up with a failure of its own, which may concern that one number alone."""


class OssClient:
    """The methods of OSS, for one use of look-ups; a look-up returns None for what OSS does not have."""

    def __init__(self, settings: OssSettings, http: Http, use: Use) -> None:
        self._settings, self._http, self._use = settings, http, use
        self._budget = budget_of(settings.url, settings.inquiries)

    async def inquery_nib(self, nib: str) -> Mapping[str, Any] | None:
        """Return the document of a business."""
        return await self._look_up("inqueryNIB", {"INQUERYNIB": {"nib": nib}}, "dataNIB")

    async def inquery_license(self, permit_id: str) -> Mapping[str, Any] | None:
        """Return what OSS knows of a permit: its status with the time, its number and days."""
        found = await self._look_up("inqueryLicense", {"INQUERYLICENSE": {"id_izin": permit_id}}, "dataIZIN")
        time = found.get("tgl_status") if found else None
        if isinstance(time, str) and len(time) != _WHOLE_TIME:
            variants.note("tgl_status: short")
        return found

    async def check_license_status(self, permit_id: str) -> Mapping[str, Any] | None:
        """Return the status of a permit without its time."""
        body = {"CHECKLICENSESTATUS": {"id_izin": permit_id}}
        return await self._look_up("checkLicenseStatus", body, "dataIZIN")

    async def permit(self, permit_id: str) -> Raw | None:
        """Return the item of a permit, with the fields of its document."""
        answer = await self.inquery_license(permit_id)
        if answer is None:
            return None
        nib = answer.get("nib")
        return documents.permit_item(answer, await self.inquery_nib(nib) if isinstance(nib, str) and nib else None)

    async def report(self, method: str, body: Raw) -> Answer:
        """Send a report; raise ``OutcomeUnknown`` if it may have arrived."""
        response = await self._http.send("POST", f"/{method}", idempotent=False, headers=self._headers(), json=body)
        try:
            return read(response, method)
        except ContractBroken as error:
            raise OutcomeUnknown(str(error)) from error

    async def _look_up(self, method: str, body: Raw, section: str) -> Mapping[str, Any] | None:
        headers = self._headers()
        await self._budget.spend(self._use)
        response = await self._http.send("POST", f"/{method}", idempotent=True, headers=headers, json=body)
        answer = read(response, method)
        if answer.code == "404":
            return None
        _check(answer, method)
        found = answer.section(section)
        if found is None:
            raise LookUpFailed(f"the answer to {method} has no {section}")
        return found

    def _headers(self) -> dict[str, str]:
        return {"user_key": self._settings.need("user_key")}


def _check(answer: Answer, method: str) -> None:
    """Raise for a failure of OSS, which comes under HTTP 200, unless it concerns the request itself."""
    if answer.code in {"401", "403"}:
        raise ConfigurationError(f"OSS refuses HUB_OSS_USER_KEY for {method} (kode {answer.code})")
    if answer.code != "200":
        variants.note(f"failed: {method} {answer.code[:3]}")
        raise LookUpFailed(f"{method} failed with kode {answer.code[:3]}")
