"""Sends the app what the other side decided: a new status, and permits that it does not have yet (perizinan#writes).

Both calls carry an idempotency key, so that a repeat gets the first answer, and a new status names the version that it
answers to: if somebody changed the row meanwhile, the app answers with the row as it is now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from hub.connectors.perizinan.client import PATH, PerizinanClient
from hub.connectors.perizinan.mapping import JAKARTA
from hub.connectors.perizinan.statuses import CODE
from hub.contract import Raw
from hub.errors import OutcomeUnknown, RecordChanged, Refused
from hub.kinds import PermitStatus

_LICENCE = ("nomor_izin", "tgl_izin", "berlaku_sampai")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """A decision on a permit. ``based_on`` is the ``diubah_pada`` of the row as the hub knew it, ``key`` is stable."""

    status: PermitStatus
    since: datetime
    based_on: str
    key: str
    number: str | None = None
    issued_on: date | None = None
    valid_until: date | None = None
    explanation: str | None = None

    def body(self) -> dict[str, str]:
        """Return the body of contract perizinan#writes; a field that is left out stays as it is in the app."""
        body: Mapping[str, str | None] = {
            "kode": code_of(self.status),
            "sejak": self.since.astimezone(JAKARTA).isoformat(timespec="seconds"),
            "nomor_izin": self.number,
            "tgl_izin": self.issued_on.isoformat() if self.issued_on else None,
            "berlaku_sampai": self.valid_until.isoformat() if self.valid_until else None,
            "keterangan": self.explanation,
            "dasar": self.based_on,
            "kunci": self.key,
        }
        return {name: value for name, value in body.items() if value is not None}

    def holds_in(self, row: Raw) -> bool:
        """Return whether a row has the status and the licence already."""
        body, status = self.body(), row.get("status")
        code = status.get("kode") if isinstance(status, dict) else None
        return code == body["kode"] and all(row.get(name) == body[name] for name in _LICENCE if name in body)


class OutboundCalls:
    """The calls that change something in the app."""

    def __init__(self, client: PerizinanClient) -> None:
        self._client = client

    async def set_status(self, external_id: str, change: StatusChange) -> Raw:
        """Set the status of a row, and return the row.

        Raise ``Refused`` if the app has no code for it, or refuses it, and ``RecordChanged`` if the row has another
        version than ``change`` is based on.
        """
        path = f"{PATH}/{int(external_id)}/status"
        status, answer = await self._client.write("PUT", path, change.body())
        if status == 409 and answer.get("galat") == "sudah_berubah":
            raise RecordChanged([_row(answer)])
        return _accepted(status, answer)

    async def create(self, permit: Raw) -> Raw:
        """Create a permit that came from the national system, and return its row; one that is there stays as it is.

        ``permit`` has the columns of a row; its ``id_izin`` is the idempotency key.
        """
        status, answer = await self._client.write("POST", PATH, {**permit, "kunci": permit["id_izin"]})
        return _accepted(status, answer)


def code_of(status: PermitStatus) -> str:
    """Return the app's code for a status; raise ``Refused`` if it has none."""
    if status not in CODE:
        raise Refused(f"the licensing app has no code for the status {status.value}")
    return CODE[status]


def _accepted(status: int, answer: Raw) -> Raw:
    if status in {200, 201}:
        return _row(answer)
    if status == 404:
        raise Refused("the licensing app has no such row")
    fields = answer.get("bidang")
    named = ", ".join(sorted(map(str, fields))[:10]) if isinstance(fields, dict) else ""
    raise Refused(f"the licensing app refuses the change (HTTP {status}){f': check {named}' if named else ''}")


def _row(answer: Raw) -> Raw:
    row = answer.get("data", answer)
    if not isinstance(row, dict) or "id" not in row:
        raise OutcomeUnknown("the licensing app answers a change without the row")
    return row
