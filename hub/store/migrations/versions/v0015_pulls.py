"""Pulls remember trouble that lasts, and records how they came."""

from hub.store.migrations import script

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
