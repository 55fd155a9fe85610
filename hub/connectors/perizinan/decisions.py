"""Brings what the centre decides over to the app: a new status, or the row of a permit that it does not have.

The row is read first: its own text of ``diubah_pada`` is the version that the call answers to. A row that follows
already is returned as it is, and over one that was changed meanwhile nothing is sent.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from hub.connectors.perizinan.client import PerizinanClient
from hub.connectors.perizinan.mapping import time_of
from hub.connectors.perizinan.new_rows import new_row
from hub.connectors.perizinan.outbound import OutboundCalls, StatusChange
from hub.contract import Decision, Raw
from hub.errors import RecordChanged, Refused
from hub.kinds import Permit, PermitStatus


async def bring_over(client: PerizinanClient, decision: Decision) -> Raw:
    """Bring a decision over; return the row as it is then. Raise as ``Connector.tell`` does."""
    calls = OutboundCalls(client)
    if decision.external_id is None:
        return await calls.create(new_row(decision.record))
    row = await client.row(decision.external_id)
    if row is None:
        raise Refused("the licensing app has no such row")
    change = _change(decision, row)
    if change.holds_in(row):
        return row
    if decision.based_on not in (None, time_of(row.get("diubah_pada"))):
        raise RecordChanged([row])
    return await calls.set_status(decision.external_id, change)


def _change(decision: Decision, row: Raw) -> StatusChange:
    record, permit = decision.record, decision.record.facts
    assert isinstance(permit, Permit)
    version = str(row.get("diubah_pada", ""))
    return StatusChange(
        status=PermitStatus(record.status),
        since=record.occurred_at,
        based_on=version,
        # The app gives a key its first answer for ever, and a conflict is one: another version needs another key.
        key=f"{decision.key} {version}",
        number=permit.number,
        issued_on=_day(permit.issued_on),
        valid_until=_day(permit.valid_until),
    )


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None
