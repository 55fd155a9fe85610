"""The history of many rows written at once."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the script on the driver itself, which takes many statements at once."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(Path(__file__).with_name("0007_sets.sql").read_text(encoding="utf-8"))
