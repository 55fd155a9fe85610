"""The persisted operations of a client. Their id is ``sha256:`` and the hash of the text in hexadecimal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables.oauth import documents

WELL_FORMED = re.compile(r"sha256:[0-9a-f]{64}")
"""The pattern of an id."""


@dataclass(frozen=True, slots=True)
class RegistrationResult:
    """The result of a registration: how many operations were added, kept and removed."""

    added: int
    kept: int
    removed: int


def document_id(text: str) -> str:
    """Return the id of ``text``, a prefixed document identifier of the GraphQL over HTTP draft (Appendix A)."""
    return f"sha256:{sha256(text.encode(errors='surrogatepass')).hexdigest()}"


async def register(
    db: AsyncConnection, client_id: str, texts: Iterable[str], *, replace: bool = False
) -> RegistrationResult:
    """Register the operations ``texts`` of a client; with ``replace`` all others are removed."""
    by_id = {document_id(text): text for text in texts}
    removed = await _remove_others(db, client_id, by_id) if replace else 0
    if not by_id:
        return RegistrationResult(0, 0, removed)
    rows = [{"client_id": client_id, "id": name, "text": text} for name, text in by_id.items()]
    done = await db.execute(insert(documents).on_conflict_do_nothing().returning(documents.c.id), rows)
    added = len(done.all())
    return RegistrationResult(added, len(by_id) - added, removed)


async def _remove_others(db: AsyncConnection, client_id: str, ids: Iterable[str]) -> int:
    done = delete(documents).where(documents.c.client_id == client_id, documents.c.id.not_in(list(ids)))
    return len((await db.execute(done.returning(documents.c.id))).all())


async def find(db: AsyncConnection, client_id: str, name: str) -> str | None:
    """Return the text that the client registered with the id ``name``; None without one."""
    statement = select(documents.c.text).where(documents.c.client_id == client_id, documents.c.id == name)
    return (await db.execute(statement)).scalar_one_or_none()


async def list_ids(db: AsyncConnection, client_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the ids of the operations of each client, in order."""
    found: dict[str, list[str]] = {}
    statement = select(documents.c.client_id, documents.c.id).where(documents.c.client_id.in_(list(client_ids)))
    for client_id, id_ in await db.execute(statement.order_by(documents.c.client_id, documents.c.id)):
        found.setdefault(client_id, []).append(id_)
    return found


async def list_texts(db: AsyncConnection, client_ids: Iterable[str], limit: int) -> dict[str, list[tuple[str, str]]]:
    """Return the first ``limit`` operations of each client in the order of their ids: id and text."""
    place = func.row_number().over(partition_by=documents.c.client_id, order_by=documents.c.id)
    ordered = (
        select(documents.c.client_id, documents.c.id, documents.c.text, place.label("place"))
        .where(documents.c.client_id.in_(list(client_ids)))
        .subquery()
    )
    found: dict[str, list[tuple[str, str]]] = {}
    statement = select(ordered.c.client_id, ordered.c.id, ordered.c.text).where(ordered.c.place <= limit)
    for client_id, id_, text in await db.execute(statement.order_by(ordered.c.client_id, ordered.c.id)):
        found.setdefault(client_id, []).append((id_, text))
    return found


async def count(db: AsyncConnection, client_id: str) -> int:
    """Return how many operations the client registered."""
    statement = select(func.count()).select_from(documents).where(documents.c.client_id == client_id)
    return int((await db.execute(statement)).scalar_one())
