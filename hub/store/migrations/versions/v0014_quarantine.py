"""Quarantine keeps declared columns, and what people wrote encrypted."""

from hub.store.migrations import script

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
