"""The history of many rows written at once."""

from hub.store.migrations import script

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
