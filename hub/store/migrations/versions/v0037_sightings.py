"""A full run notes which unchanged records it lists, instead of rewriting each of them."""

from __future__ import annotations

from hub.store.migrations import script

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
