"""The tables that only operators see, as SQLAlchemy objects.

- ``system_samples``: the state of each system every few minutes
- ``event_counts``: how often something happened in a minute, in all processes
- ``client_tokens``: when a client last got a token
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, FetchedValue, Integer, Table, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP

from hub.store.tables import metadata

_Time = TIMESTAMP(timezone=True)

system_samples = Table(
    "system_samples",
    metadata,
    Column("system", Text, primary_key=True),
    Column("at", _Time, FetchedValue(), primary_key=True),
    Column("lag_in", Double),
    Column("lag_out", Double, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("open_deliveries", Integer, nullable=False),
)

event_counts = Table(
    "event_counts",
    metadata,
    Column("event", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("minute", _Time, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

client_tokens = Table(
    "client_tokens",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("at", _Time, FetchedValue(), nullable=False),
)
