"""The first shape of the store, and the queue's own schema as procrastinate packages it."""

from pathlib import Path

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run both scripts on the driver itself, which takes many statements at once."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(SchemaManager.get_schema())
    driver.execute(Path(__file__).with_name("0001_initial.sql").read_text(encoding="utf-8"))
