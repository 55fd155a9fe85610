"""Words that say only part of a record."""

from hub.store.migrations import script

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
