"""What was written about an order is no fact any more."""

from hub.store.migrations import script

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
