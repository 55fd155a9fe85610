"""The tables of the exchange with other systems and of the feed, as SQLAlchemy objects.

- ``counterparts``: which complaint and which record of a system are the same matter; ``claims``: which may be
- ``deliveries``: the outbox, with ``delivery_attempts``
- ``shared_fields``: the local (``ours``) and remote (``theirs``) value of each shared field
- ``files`` by hash of their content, and ``record_files``: the records that refer to them
- ``pushes``: uploads by idempotency key, with the number of stored batches; ``push_batches``: the fingerprint of an
  upload up to each batch, and the results of its rows (``fates``)
- ``system_issues``: the issues of systems
- ``inquiries``: the subjects of webhooks that the hub must ask the system about
- ``feed`` and ``feed_heads``: the positions of changes, assigned after commit (``horizon``, a transaction number of
  PostgreSQL, is in SQL only)
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from hub.store.tables import metadata

_Time = TIMESTAMP(timezone=True)

counterparts = Table(
    "counterparts",
    metadata,
    Column("system", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("complaint_id", BigInteger, nullable=False),
    Column("origin", Text, nullable=False),
    Column("linked_at", _Time, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("system", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("complaint_id", BigInteger, primary_key=True),
    Column("source", Text, nullable=False),
    Column("claimed_at", _Time, nullable=False),
    Column("dismissed_at", _Time),
    Column("dismissed_by", Text),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("system", Text, nullable=False),
    Column("complaint_id", BigInteger, nullable=False),
    Column("ticket", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("step_id", BigInteger),
    Column("facts", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", _Time, nullable=False),
    Column("attempted_at", _Time),
    Column("external_id", Text),
    Column("trouble", Text),
    Column("actor", Text, nullable=False),
    Column("correlation", Text, nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("settled_at", _Time),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("delivery_id", BigInteger, nullable=False),
    Column("at", _Time, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("trouble", Text),
    Column("actor", Text, nullable=False),
)

shared_fields = Table(
    "shared_fields",
    metadata,
    Column("system", Text, primary_key=True),
    Column("complaint_id", BigInteger, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("ours", Text),
    Column("ours_at", _Time),
    Column("theirs", Text),
    Column("theirs_at", _Time),
    Column("declined", Text),
    Column("conflict_since", _Time),
)

files = Table(
    "files",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("stored_at", _Time, nullable=False),
)

record_files = Table(
    "record_files",
    metadata,
    Column("system", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", LargeBinary),
    Column("attempts", Integer, nullable=False),
    Column("trouble", Text),
    Column("due_at", _Time),
)

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

system_issues = Table(
    "system_issues",
    metadata,
    Column("system", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("since", _Time, nullable=False),
    Column("detail", Text, nullable=False),
)

feed = Table(
    "feed",
    metadata,
    Column("system", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("change_id", BigInteger, nullable=False),
    Column("settled_at", _Time, nullable=False),
)

feed_heads = Table(
    "feed_heads",
    metadata,
    Column("system", Text, primary_key=True),
    Column("cluster", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("settled_at", _Time, nullable=False),
    Column("dropped", BigInteger, nullable=False),
    Column("dropped_change", BigInteger, nullable=False),
)

inquiries = Table(
    "inquiries",
    metadata,
    Column("system", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("told_at", _Time, nullable=False),
    Column("asked_at", _Time),
    Column("due_at", _Time),
    Column("attempts", Integer, nullable=False),
    Column("trouble", Text),
)
