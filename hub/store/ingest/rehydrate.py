"""Loads stored records in the shape in which connectors map them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.contract import Record
from hub.kinds import Key, Kind
from hub.store.arrays import any_of
from hub.store.tables import record_keys, records


async def load_records(
    db: AsyncConnection, system: str, kinds: Sequence[type[Kind]], external_ids: Sequence[str]
) -> list[Record]:
    """Return the records of ``system`` with these ids. Personal keys come back as the hashes that are stored."""
    keys = (
        select(func.jsonb_agg(func.jsonb_build_array(record_keys.c.name, record_keys.c.value)))
        .where(record_keys.c.system == records.c.system, record_keys.c.record_id == records.c.id)
        .scalar_subquery()
    )
    conditions = records.c.system == system, any_of(records.c.external_id, external_ids)
    found = await db.execute(select(*records.c, keys.label("keys")).where(*conditions))
    by_name = {kind.kind: kind for kind in kinds}
    return [_record(by_name[row["kind"]], row) for row in found.mappings() if row["kind"] in by_name]


def _record(kind: type[Kind], row: Mapping[Any, Any]) -> Record:
    return Record(
        facts=kind(**row["body"], **row["prose"]),
        external_id=row["external_id"],
        version=row["version"],
        status=row["status"],
        source_status=row["told"],
        occurred_at=row["occurred_at"],
        updated_at=row["updated_at"],
        keys=tuple(Key(name, value) for name, value in row["keys"] or ()),
        amount=row["amount"],
        currency=row["currency"] or "IDR",
        final=row["final"],
        secret=row["secret"],
    )
