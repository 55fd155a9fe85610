"""Ids of deleted clients, which are never given again."""

from hub.store.migrations import script

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
