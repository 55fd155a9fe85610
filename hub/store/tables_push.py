"""The tables of what central systems push, as SQLAlchemy knows them; the migrations make them.

- ``pushes``: an upload by its idempotency key, how many batches of it are stored, and whether that is all
- ``push_batches``: what was read up to each batch, as a keyed hash, and what became of its rows
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from hub.store.tables import metadata

_Time = TIMESTAMP(timezone=True)

pushes = Table(
    "pushes",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("client", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("batches", Integer, nullable=False),
    Column("done_at", _Time),
    Column("created_at", _Time, nullable=False),
)

push_batches = Table(
    "push_batches",
    metadata,
    Column("push_id", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("fates", JSONB, nullable=False),
)
