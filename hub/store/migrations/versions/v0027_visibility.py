"""Who may see the records of each system."""

from hub.store.migrations import script

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
