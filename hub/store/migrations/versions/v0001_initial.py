"""The first shape of the store, and the queue's own schema as procrastinate packages it."""

from procrastinate.schema import SchemaManager

from hub.store.migrations import script

revision = "0001"
down_revision = None


def upgrade() -> None:
    """The queue's tables, then the hub's."""
    script.execute(SchemaManager.get_schema())
    script.run(__file__)
