"""What systems called about, and must be asked about before anything of it is stored."""

from hub.store.migrations import script

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
