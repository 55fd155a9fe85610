"""A fingerprint of the secret key that tracking codes derive from."""

from hub.store.migrations import script

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Run the script."""
    script.run(__file__)
