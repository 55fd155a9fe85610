"""An index for the names of matters in the graph."""

from hub.store.migrations import script

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
