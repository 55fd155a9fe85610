"""Statistics are taken for a role that does not own the tables, too."""

from hub.store.migrations import script

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
