"""Words that say only part of a record."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the script on the driver itself, which takes many statements at once."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(Path(__file__).with_name("0006_words.sql").read_text(encoding="utf-8"))
