"""Tracking codes are derived from a random seed of each complaint, not from a number that a crash may take back."""

from hub.store.migrations import script

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
