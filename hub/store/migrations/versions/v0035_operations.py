"""What operators see and do: paused systems, samples of their state, and counted events."""

from hub.store.migrations import script

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
