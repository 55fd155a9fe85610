"""Complaints are counted by month as they are written."""

from __future__ import annotations

from alembic import op

from hub.store.migrations import script

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Run the script, and then count what is there, while others write: the difference to what they count meanwhile."""
    script.run(__file__)
    with op.get_context().autocommit_block():
        script.execute("insert into complaint_totals select * from differing_complaint_totals()")
