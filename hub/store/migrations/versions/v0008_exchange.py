"""What the end of each pull looks for is found without reading all that was ever exchanged."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the script on the driver itself, which takes many statements at once."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(Path(__file__).with_name("0008_exchange.sql").read_text(encoding="utf-8"))
