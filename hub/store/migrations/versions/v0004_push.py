"""What central systems push."""

from hub.store.migrations import script

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
