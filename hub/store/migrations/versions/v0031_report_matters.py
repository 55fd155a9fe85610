"""Whether complaints agree with their counterparts, kept when a transaction that wrote either commits."""

from hub.store.migrations import script

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
