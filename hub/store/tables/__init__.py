"""The tables as SQLAlchemy objects. The migrations create them; a test compares both.

- ``complaints``, with ``complaint_keys`` (which link them to records), ``complaint_steps`` (the timeline) and
  ``reporters`` (encrypted)
- ``records``, partitioned by system: ``body`` has the facts of the kind, ``prose`` its free text, ``told`` the source
  status; ``record_keys`` link them, in the order of lists
- ``changes``: the append-only history, written by triggers only
- ``systems``: the state of each pull, with ``pending_items`` and ``quarantine``

Some columns keep names from before 0.1.0, because the old version runs while a new one migrates, and because history
rows have the names of their facts: ``told``, ``trouble`` (the last error), ``sealed`` (a ciphertext), ``ours`` and
``theirs`` (the local and the remote value), ``asked_at`` (last requested) and ``fates`` (the results of rows).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

metadata = MetaData()
_Time = TIMESTAMP(timezone=True)

areas = Table(
    "areas",
    metadata,
    Column("code", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
)

agencies = Table(
    "agencies",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("aliases", ARRAY(Text), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("successor", Text),
    Column("head_name", Text),
    Column("head_phone", Text),
    Column("email", Text),
    Column("phone", Text),
)

reporters = Table(
    "reporters",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("phone_hash", LargeBinary),
    Column("email_hash", LargeBinary),
    Column("nik_hash", LargeBinary),
    Column("created_at", _Time, nullable=False),
)

complaints = Table(
    "complaints",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("class", Text, nullable=False),
    Column("inspection", Boolean, nullable=False),
    Column("category", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("area_code", Text),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("agency_code", Text),
    Column("reporter_id", BigInteger),
    Column("anonymous", Boolean, nullable=False),
    Column("secret", Boolean, nullable=False),
    Column("submitted_by", Text, nullable=False),
    Column("attachments", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("received_at", _Time, nullable=False),
    Column("verified_at", _Time),
    Column("answered_at", _Time),
    Column("closed_at", _Time),
    Column("due_at", _Time),
    Column("due_estimated", Boolean, nullable=False),
    Column("rating", SmallInteger),
    Column("updated_at", _Time, nullable=False),
    Column("citizen_id", Text),
    Column("code_seed", Uuid),
    Column("code_renewed_at", TIMESTAMP(timezone=True)),
)

complaint_keys = Table(
    "complaint_keys",
    metadata,
    Column("complaint_id", BigInteger, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, primary_key=True),
)

complaint_steps = Table(
    "complaint_steps",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("complaint_id", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", _Time, nullable=False),
    Column("note", Text),
)

ticket_numbers = Table(
    "ticket_numbers",
    metadata,
    Column("year", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("client", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("complaint_id", BigInteger),
    Column("created_at", _Time, nullable=False),
)

systems = Table(
    "systems",
    metadata,
    Column("name", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("coverage", Text, nullable=False),
    Column("tells_changes", Boolean, nullable=False),
    Column("every", Double, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("cursor", JSONB, nullable=False),
    Column("next_pull_at", _Time, nullable=False),
    Column("attempted_at", _Time),
    Column("synced_at", _Time),
    Column("full_at", _Time),
    Column("full_started_at", _Time),
    Column("down_since", _Time),
    Column("stopped_at", _Time),
    Column("trouble", Text),
    Column("failures", Integer, nullable=False),
    Column("sends", ARRAY(Text), nullable=False),
    Column("shared", JSONB, nullable=False),
    Column("register", JSONB),
    Column("broken_since", _Time),
    Column("stops", Integer, nullable=False),
    Column("last_stop_at", _Time),
    Column("absent_at", _Time),
    Column("visible_to", Text),
    Column("paused_at", _Time),
    Column("full_requested_at", _Time),
    Column("listed_at", _Time),
    Column("listed_from", _Time),
)

records = Table(
    "records",
    metadata,
    Column("system", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("secret", Boolean, nullable=False),
    Column("occurred_at", _Time, nullable=False),
    Column("updated_at", _Time, nullable=False),
    Column("amount", Numeric(18, 2)),
    Column("currency", Text),
    Column("body", JSONB, nullable=False),
    Column("prose", JSONB, nullable=False),
    Column("seen_at", _Time, nullable=False),
    Column("gone_at", _Time),
    Column("facts_version", BigInteger),
    Column("direct_at", _Time),
    Column("asked_at", _Time),
    Column("missed_at", _Time),
)

record_keys = Table(
    "record_keys",
    metadata,
    Column("system", Text, primary_key=True),
    Column("record_id", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("occurred_at", _Time, nullable=False),
)

record_counts = Table(
    "record_counts",
    metadata,
    Column("system", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("records", BigInteger, nullable=False),
)

sightings = Table(
    "sightings",
    metadata,
    Column("system", Text, nullable=False),
    Column("run", _Time, nullable=False),
    Column("records", ARRAY(BigInteger), nullable=False),
)

pending_items = Table(
    "pending_items",
    metadata,
    Column("system", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("raw", JSONB, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("system", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("kind", Text),
    Column("external_id", Text),
    Column("reason", Text, nullable=False),
    Column("raw", JSONB, nullable=False),
    Column("sealed", LargeBinary),
    Column("declared", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_at", _Time, nullable=False),
    Column("last_at", _Time, nullable=False),
    Column("connector_version", Text),
)

changes = Table(
    "changes",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("system", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("fields", ARRAY(Text), nullable=False),
    Column("before", JSONB),
    Column("after", JSONB),
    Column("cause", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("correlation", Text, nullable=False),
    Column("effective_at", _Time, nullable=False),
    Column("recorded_at", _Time, nullable=False),
)
