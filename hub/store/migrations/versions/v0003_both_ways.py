"""What goes out to other systems, and what both sides hold."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the script on the driver itself, which takes many statements at once."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(Path(__file__).with_name("0003_both_ways.sql").read_text(encoding="utf-8"))
