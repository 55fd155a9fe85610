"""The payload of a delivery, built when it is sent: the complaint as it is then, and the text of its step."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.forwarding import DeliveryAction
from hub.complaints.reporter import Reporter
from hub.complaints.workflow import Action, RejectionReason, Role
from hub.contract import Delivery, Outgoing
from hub.store.encryption import FieldCipher

MARK_BYTES = 10
"""Length of a mark: too long to be guessed, and a multiple of five, which base32 encodes without padding."""

_READ = """
select d.key, d.created_at as planned_at, d.action, d.facts, s.action as step, s.role, s.note, c.*, r.sealed,
       coalesce(p.external_id, (
           select e.external_id from deliveries e
           where e.complaint_id = d.complaint_id and e.system = d.system and e.action = 'CREATE' and e.state = 'DONE'
           order by e.sequence desc limit 1)) as record_id
from deliveries d join complaints c on c.id = d.complaint_id
left join complaint_steps s on s.id = d.step_id
left join reporters r on r.id = c.reporter_id
left join counterparts p on p.system = d.system and p.complaint_id = d.complaint_id
where d.id = :id
"""


async def build(db: AsyncConnection, cipher: FieldCipher, delivery_id: int) -> Delivery:
    """Return the delivery as its connector gets it.

    Raises ``ConfigurationError`` where a reporter cannot be decrypted.
    """
    row = (await db.execute(text(_READ), {"id": delivery_id})).mappings().one()
    action = DeliveryAction(row["action"])
    return Delivery(
        key=row["key"],
        mark=_mark(cipher, row["key"], row["planned_at"]),
        action=action,
        complaint=_outgoing(cipher, row, action),
        external_id=None if action is DeliveryAction.CREATE else row["record_id"],
        text=_text(row) if action is not DeliveryAction.CREATE else None,
        by_reporter=row["step"] == Action.REPLY or row["role"] == Role.REPORTER,
        target=row["facts"].get("target"),
        rating=row["facts"].get("rating"),
    )


def _mark(cipher: FieldCipher, key: str, planned_at: datetime) -> str:
    """Return the mark of a delivery: the same at every attempt, and unique.

    A delivery that gets the key of an earlier one after a restore from a backup has another mark.
    """
    identity = f"{key} {planned_at.astimezone(UTC).isoformat()}"
    return base64.b32encode(cipher.hash("delivery", identity)[:MARK_BYTES]).decode().lower()


def _text(row: Mapping[Any, Any]) -> str | None:
    """Return the note of the step; for a rejection without the code of its reason at the beginning."""
    note: str | None = row["note"]
    code = RejectionReason.NOT_OUR_AUTHORITY
    if row["step"] != Action.REJECT or note is None:
        return note
    return note.removeprefix(code.value).strip() or code.label_id


def _outgoing(cipher: FieldCipher, row: Mapping[Any, Any], action: DeliveryAction) -> Outgoing:
    return Outgoing(
        ticket=row["ticket"],
        channel=row["channel"],
        klass=row["class"],
        category=row["category"],
        title=row["title"],
        text=row["text"],
        area_code=row["area_code"],
        agency_code=row["agency_code"],
        anonymous=row["anonymous"],
        secret=row["secret"],
        received_at=row["received_at"],
        # The reporter is disclosed with the complaint only, and not again with later steps.
        reporter=_reporter(cipher, row) if action is DeliveryAction.CREATE else None,
    )


def _reporter(cipher: FieldCipher, row: Mapping[Any, Any]) -> Reporter | None:
    """Return the reporter; None for a secret or anonymous complaint, whose reporter is never disclosed."""
    if row["secret"] or row["anonymous"] or row["sealed"] is None:
        return None
    reporter = cipher.decrypt(row["sealed"], f"reporters:{row['reporter_id']}")
    return Reporter(name=reporter["name"] or "", phone=reporter["phone"], email=reporter["email"], nik=reporter["nik"])
