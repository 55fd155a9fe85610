"""Webhooks of clients: endpoints that follow the feed, and what was sent to them."""

from hub.store.migrations import script

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
