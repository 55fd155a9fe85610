"""Pushed authorization requests take a bounded place."""

from hub.store.migrations import script

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
