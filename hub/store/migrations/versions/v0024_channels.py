"""The channels that a client may submit complaints by."""

from hub.store.migrations import script

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
