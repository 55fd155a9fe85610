"""The tables of the webhooks of clients, as SQLAlchemy objects.

- ``webhooks``: the endpoints, with their position in the feed; ``sealed`` are their secrets
- ``webhook_deliveries``: a message for each change, and ``webhook_attempts``: each call
"""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Column, FetchedValue, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from hub.store.tables import metadata

_Time = TIMESTAMP(timezone=True)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("kinds", ARRAY(Text)),
    Column("systems", ARRAY(Text)),
    Column("content", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("public_key", Text),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("cursor", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", _Time),
    Column("warned_at", _Time),
    Column("retry_at", _Time, nullable=False),
    Column("next_at", _Time, nullable=False),
    Column("verified_at", _Time),
    Column("error", Text),
    Column("created_at", _Time, nullable=False),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Text, FetchedValue(), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("webhook_id", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("cursor", Text, nullable=False),
    Column("gap", JSONB),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("since", _Time, nullable=False),
    Column("due_at", _Time, nullable=False),
    Column("settled_at", _Time),
    Column("error", Text),
    Column("created_at", _Time, nullable=False),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("delivery_id", Text, nullable=False),
    Column("at", _Time, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("milliseconds", Integer, nullable=False),
)
