"""The triggers that write the history of records do less for each row."""

from hub.store.migrations import script

revision = "0041"
down_revision = "0040"
compatible = True


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
