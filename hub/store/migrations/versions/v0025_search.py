"""Indexes on the words of complaints."""

from hub.store.migrations import script

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
