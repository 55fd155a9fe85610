"""The merchants whose payments a client may see."""

from hub.store.migrations import script

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
