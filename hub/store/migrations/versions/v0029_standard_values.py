"""Stored values of enums get the standard names that the graph has for them."""

from hub.store.migrations import script

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
