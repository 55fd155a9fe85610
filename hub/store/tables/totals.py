"""The totals that triggers keep in the transaction of each write, as SQLAlchemy objects.

- ``record_totals``: records by kind, day, system, status and facts
- ``record_fact_counts``: all records by kind, system, status and facts, of which one depends on ``by``
- ``complaint_totals``: complaints by month, or of all months, and one of their columns
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.tables import metadata

record_totals = Table(
    "record_totals",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("secret", Boolean, primary_key=True),
    Column("facts", JSONB, primary_key=True),
    Column("records", BigInteger, nullable=False),
    Column("amount", Numeric, nullable=False),
)

record_fact_counts = Table(
    "record_fact_counts",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("by", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("secret", Boolean, primary_key=True),
    Column("facts", JSONB, primary_key=True),
    Column("records", BigInteger, nullable=False),
)

complaint_totals = Table(
    "complaint_totals",
    metadata,
    Column("by", Text, nullable=False),
    Column("month", Date, nullable=False),
    Column("value", Text),
    Column("agency_code", Text),
    Column("secret", Boolean, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("complaints", BigInteger, nullable=False),
)
