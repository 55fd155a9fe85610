"""Payments and orders are counted and summed by day as they are written."""

from __future__ import annotations

from hub.store.migrations import script

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
