"""Brings what the region decides over to OSS: by the reports that OSS lacks, and by no other (contract oss#agreement).

What OSS has is looked up first, so that a decision that it knows is not reported again, and so that a report names the
permit as OSS does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.connectors.oss.client import OssClient
from hub.connectors.oss.fields import code, moment, text
from hub.connectors.oss.outbound import (
    Licence,
    PermitReference,
    Report,
    code_of,
    licence_report,
    send,
    status_report,
)
from hub.connectors.oss.register import LICENSED
from hub.connectors.oss.settings import OssSettings
from hub.connectors.oss.statuses import STATUS
from hub.contract import Decision, Record
from hub.errors import BadRecord, ContractBroken, OutcomeUnknown, Refused, TryLater
from hub.kinds import Permit, PermitStatus

_UNCERTAIN = {19: timedelta(), 10: timedelta(days=1)}
"""Length of a time → how much later than it is read it may be, which is a minute for other lengths."""


class Decisions:
    """Sends reports about decisions. ``clock`` returns the present."""

    def __init__(
        self, settings: OssSettings, client: OssClient, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._settings, self._client, self._clock = settings, client, clock

    async def bring_over(self, decision: Decision) -> str:
        """Report a decision, and return the permit's id; raise as ``Connector.tell`` does."""
        permit_id = decision.external_id
        if permit_id is None:
            raise Refused("OSS registers permits itself: the region cannot create one there")
        instansi = self._settings.need("instansi")
        known = await self._client.inquery_license(permit_id)
        if known is None:
            raise Refused("OSS has no permit of this id")
        try:
            reports = self._reports(decision.record, known, instansi)
        except BadRecord as error:
            raise ContractBroken(f"the answer to inqueryLicense cannot be read: {error.reason}") from error
        arrived = False
        for report in reports:
            try:
                await send(self._client, report)
            except TryLater as error:
                if arrived:
                    raise OutcomeUnknown(f"a part of the decision was reported, and then: {error}") from error
                raise
            arrived = True
        return permit_id

    def _reports(self, record: Record, known: Mapping[str, Any], instansi: str) -> list[Report]:
        """Return the reports that OSS lacks; raise ``Refused`` before any is sent."""
        status, shown = PermitStatus(record.status), STATUS.get(code(known, "kd_status"))
        permit, reports = _reference(known), []
        if status is not shown:
            since = _since(record.occurred_at, known, self._clock())
            reports.append(status_report(permit, instansi, status, since))
        licence = _licence(record, known, code(known, "kd_status") if status is shown else code_of(status))
        if licence and self._settings.signatory:
            reports.append(licence_report(permit, licence, self._settings.signatory))
        return reports


def _reference(known: Mapping[str, Any]) -> PermitReference:
    return PermitReference(
        nib=code(known, "nib"),
        permit_id=code(known, "id_izin"),
        type_code=code(known, "kd_izin"),
        project_id=code(known, "id_proyek"),
    )


def _since(decided: datetime, known: Mapping[str, Any], now: datetime) -> datetime:
    """Return the time of the status: OSS ignores one that is older than what it has, so at least that time."""
    shown = code(known, "tgl_status")
    try:
        at = moment(known, "tgl_status")
    except BadRecord:
        return decided
    uncertain = _UNCERTAIN.get(len(shown), timedelta(minutes=1))
    if decided > at + uncertain:
        return decided
    return min(at + uncertain, now) if uncertain else at


def _licence(record: Record, known: Mapping[str, Any], status_code: str) -> Licence | None:
    """Return what was issued, if OSS has it otherwise; None if nothing was, or its number or day is not known."""
    permit = record.facts
    assert isinstance(permit, Permit)
    if PermitStatus(record.status) not in LICENSED or not permit.number or not permit.issued_on:
        return None
    decided = (permit.number, permit.issued_on, permit.valid_until)
    shown = (text(known, "no_izin"), text(known, "tgl_izin"), text(known, "tgl_berlaku"))
    if all(mine in (None, theirs) for mine, theirs in zip(decided, shown, strict=True)):
        return None
    return Licence(
        number=permit.number,
        issued_on=permit.issued_on,
        valid_until=permit.valid_until,
        area=code(known, "kd_daerah"),
        code=status_code,
    )
