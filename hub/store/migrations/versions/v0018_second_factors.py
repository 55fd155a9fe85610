"""Officers can have a second factor."""

from hub.store.migrations import script

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
