"""What goes out to other systems, and what both sides hold."""

from hub.store.migrations import script

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
