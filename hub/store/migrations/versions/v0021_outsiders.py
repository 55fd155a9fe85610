"""One outside client or identity can be shut out."""

from hub.store.migrations import script

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
