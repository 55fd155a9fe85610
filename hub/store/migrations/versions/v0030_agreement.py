"""Whether two systems that hold the same matter agree, and the decisions that one has to be told."""

from hub.store.migrations import script

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
