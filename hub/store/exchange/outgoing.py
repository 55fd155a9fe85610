"""What a delivery says, put together when it is sent: the complaint as it stands then, and the words of its step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.forwarding import DeliveryAction
from hub.complaints.reporter import Reporter
from hub.complaints.workflow import Action, RejectReason, Role
from hub.connectors.base import Delivery, Outgoing
from hub.store.sealing import Seal

_READ = """
select d.key, d.action, d.facts, s.action as step, s.role, s.note, c.*, r.sealed,
       coalesce(p.external_id, (
           select e.external_id from deliveries e
           where e.complaint_id = d.complaint_id and e.system = d.system and e.action = 'CREATE' and e.state = 'DONE'
           order by e.sequence desc limit 1)) as there
from deliveries d join complaints c on c.id = d.complaint_id
left join complaint_steps s on s.id = d.step_id
left join reporters r on r.id = c.reporter_id
left join counterparts p on p.system = d.system and p.complaint_id = d.complaint_id
where d.id = :id
"""


async def read(db: AsyncConnection, seal: Seal, delivery_id: int) -> Delivery:
    """The delivery as its connector gets it; raises ``Stop`` where a reporter cannot be opened."""
    row = (await db.execute(text(_READ), {"id": delivery_id})).mappings().one()
    action = DeliveryAction(row["action"])
    return Delivery(
        key=row["key"],
        action=action,
        complaint=_outgoing(seal, row),
        external_id=None if action is DeliveryAction.CREATE else row["there"],
        text=_words(row) if action is not DeliveryAction.CREATE else None,
        by_reporter=row["step"] == Action.REPLY or row["role"] == Role.REPORTER,
        target=row["facts"].get("target"),
        rating=row["facts"].get("rating"),
    )


def _words(row: Mapping[Any, Any]) -> str | None:
    """The note; of a rejection without the reason's code, which is written before what the desk says."""
    note: str | None = row["note"]
    code = RejectReason.NOT_OUR_AUTHORITY
    if row["step"] != Action.REJECT or note is None:
        return note
    return note.removeprefix(code.value).strip() or code.label_id


def _outgoing(seal: Seal, row: Mapping[Any, Any]) -> Outgoing:
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
        reporter=_reporter(seal, row),
    )


def _reporter(seal: Seal, row: Mapping[Any, Any]) -> Reporter | None:
    """Nobody learns outside who brought a secret or an anonymous complaint."""
    if row["secret"] or row["anonymous"] or row["sealed"] is None:
        return None
    who = seal.open(row["sealed"], f"reporters:{row['reporter_id']}")
    return Reporter(name=who["name"] or "", phone=who["phone"], email=who["email"], nik=who["nik"])
