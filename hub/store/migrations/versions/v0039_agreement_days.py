"""How many matters agreed is kept for each day."""

from hub.store.migrations import script

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
