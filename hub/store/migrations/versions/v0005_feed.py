"""The change feed: positions given after commit."""

from hub.store.migrations import script

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
