"""The operations a client is registered with. An id is ``sha256:`` and the hash of the text, in hexadecimal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables_auth import documents

WELL_FORMED = re.compile(r"sha256:[0-9a-f]{64}")
"""An id that can have been registered."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration did: how many texts were new, were known, and were taken away."""

    added: int
    kept: int
    removed: int


def document_id(text: str) -> str:
    """The id of ``text``, a prefixed document identifier of the GraphQL over HTTP draft (Appendix A)."""
    return f"sha256:{sha256(text.encode(errors='surrogatepass')).hexdigest()}"


async def register(db: AsyncConnection, client_id: str, texts: Iterable[str], *, replace: bool = False) -> Registered:
    """Let the client send ``texts``; with ``replace`` those only, so that what it could send before is refused."""
    wanted = {document_id(text): text for text in texts}
    removed = await _remove_others(db, client_id, wanted) if replace else 0
    if not wanted:
        return Registered(0, 0, removed)
    rows = [{"client_id": client_id, "id": name, "text": text} for name, text in wanted.items()]
    done = await db.execute(insert(documents).on_conflict_do_nothing().returning(documents.c.id), rows)
    added = len(done.all())
    return Registered(added, len(wanted) - added, removed)


async def _remove_others(db: AsyncConnection, client_id: str, wanted: Iterable[str]) -> int:
    done = delete(documents).where(documents.c.client_id == client_id, documents.c.id.not_in(list(wanted)))
    return len((await db.execute(done.returning(documents.c.id))).all())


async def find(db: AsyncConnection, client_id: str, name: str) -> str | None:
    """The text the client registered with the id ``name``; None where it did not."""
    wanted = select(documents.c.text).where(documents.c.client_id == client_id, documents.c.id == name)
    return (await db.execute(wanted)).scalar_one_or_none()


async def count(db: AsyncConnection, client_id: str) -> int:
    """How many the client registered."""
    wanted = select(func.count()).select_from(documents).where(documents.c.client_id == client_id)
    return int((await db.execute(wanted)).scalar_one())
