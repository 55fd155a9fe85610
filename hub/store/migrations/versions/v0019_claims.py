"""A number or a ticket that somebody wrote is a claim, until the complaint desk confirms it."""

from hub.store.migrations import script

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
