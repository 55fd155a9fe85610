"""Tracking codes can be renewed."""

from hub.store.migrations import script

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
