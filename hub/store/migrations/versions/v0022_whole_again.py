"""A change by which a subject is seen again tells all its facts."""

from hub.store.migrations import script

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
