"""The audit trail; the access log becomes append-only too."""

from hub.store.migrations import script

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
