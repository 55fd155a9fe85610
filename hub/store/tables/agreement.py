"""The tables of agreement, as SQLAlchemy objects.

- ``matters``: what the two sides of a pair hold under one key, and whether they agree
- ``differences``: the fields on which a matter differs
- ``agreement_events``: the changes of a matter's state, and what persons did about it
- ``decisions``: what the side that follows has to be told
- ``matters_due``: complaints that the current transaction wrote; empty between transactions (``transaction``, a
  transaction number of PostgreSQL, is in SQL only)
- ``agreement_days``: how many matters agreed on each day
- ``confirmed_matches``: records of the two sides that a person confirmed to be the same matter
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Float, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from hub.store.tables import metadata

_Time = TIMESTAMP(timezone=True)

matters = Table(
    "matters",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("pair", Text, nullable=False),
    Column("left_system", Text, nullable=False),
    Column("right_system", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("complaint_id", BigInteger),
    Column("left_id", Text),
    Column("right_id", Text),
    Column("state", Text, nullable=False),
    Column("cause", Text),
    Column("decider", Text),
    Column("next_step", Text),
    Column("since", _Time, nullable=False),
    Column("pending_until", _Time),
    Column("ignored_until", _Time),
    Column("declaration", Text, nullable=False),
    Column("agency_code", Text),
    Column("area_code", Text),
    Column("sector", Text),
    Column("authority", Text),
    Column("created_at", _Time, nullable=False),
)

differences = Table(
    "differences",
    metadata,
    Column("matter_id", BigInteger, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("left_value", Text),
    Column("right_value", Text),
    Column("left_at", _Time, nullable=False),
    Column("right_at", _Time, nullable=False),
    Column("decider", Text),
    Column("cause", Text, nullable=False),
    Column("next_step", Text, nullable=False),
)

agreement_events = Table(
    "agreement_events",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("matter_id", BigInteger, nullable=False),
    Column("at", _Time, nullable=False),
    Column("state", Text, nullable=False),
    Column("cause", Text),
    Column("fields", ARRAY(Text), nullable=False),
    Column("seconds", Float),
    Column("actor", Text, nullable=False),
    Column("note", Text),
)

agreement_days = Table(
    "agreement_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("pair", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("matters", Integer, nullable=False),
    Column("open", Integer, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("matter_id", BigInteger, primary_key=True),
    Column("system", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", _Time, nullable=False),
    Column("attempted_at", _Time),
    Column("done_at", _Time),
    Column("trouble", Text),
)

confirmed_matches = Table(
    "confirmed_matches",
    metadata,
    Column("left_system", Text, primary_key=True),
    Column("right_system", Text, primary_key=True),
    Column("left_id", Text, nullable=False),
    Column("right_id", Text, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("at", _Time, nullable=False),
)

matters_due = Table("matters_due", metadata, Column("complaint_id", BigInteger, primary_key=True))
