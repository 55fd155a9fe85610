"""What the end of each pull looks for is found without reading all that was ever exchanged."""

from hub.store.migrations import script

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
