"""Partners, people who sign in, and what they were granted."""

from hub.store.migrations import script

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
