"""What is sent of a decision, read when it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.enums import Side
from hub.agreement.pairs import STATUS
from hub.contract import Decision, Record
from hub.kinds import CORE_KINDS
from hub.store.agreement.decisions import LeasedDecision
from hub.store.ingest.rehydrate import load_records

_KINDS = {kind.kind: kind for kind in CORE_KINDS}
_READ = """
select m.id, m.pair, m.left_system, m.right_system, m.key, m.left_id, m.right_id, m.state, m.decider,
       d.decision, d.times,
       coalesce((select array_agg(f.field) from differences f where f.matter_id = m.id), '{}') as fields
from matters m join decisions d on d.matter_id = m.id where m.id = :id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A decision to be sent, and the id of the record in the receiving system; None if it has none."""

    decision: Decision | None
    other_id: str | None


async def build(db: AsyncConnection, leased: LeasedDecision) -> Prepared:
    """Return what has to be sent of a leased decision; without a ``decision`` there is nothing to send any more."""
    row = (await db.execute(text(_READ), {"id": leased.matter_id})).mappings().one_or_none()
    if row is None:
        # Neither system has the matter any more, and its decision went with it.
        return Prepared(decision=None, other_id=None)
    decider = Side(row["decider"]) if row["decider"] else None
    other_id = row["right_id"] if decider is Side.LEFT else row["left_id"]
    if decider is None or row["state"] not in ("DIFFERS", "ONE_SIDED") or row["decision"] != leased.decision:
        return Prepared(decision=None, other_id=other_id)
    deciding = await _record(db, row, decider)
    other_record = await _record(db, row, decider.other)
    if deciding is None:
        return Prepared(decision=None, other_id=other_id)
    return Prepared(
        other_id=other_id,
        decision=Decision(
            key=f"{row['pair']}-{row['key']}-{leased.decision}-{leased.times}",
            record=deciding,
            fields=frozenset(row["fields"] or (STATUS,)),
            external_id=other_record.external_id if other_record else None,
            based_on=other_record.updated_at if other_record else None,
        ),
    )


async def _record(db: AsyncConnection, row: Mapping[Any, Any], side: Side) -> Record | None:
    name = side.value.lower()
    external_id = row[f"{name}_id"]
    if external_id is None:
        return None
    found = await load_records(db, row[f"{name}_system"], [_KINDS[row["pair"]]], [external_id])
    return next(iter(found), None)
