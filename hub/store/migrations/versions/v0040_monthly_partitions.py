"""The feed and the attempts of webhooks are partitioned by month; decision 0015."""

from hub.store.migrations import partitioning, script

revision = "0040"
down_revision = "0039"
compatible = True

TABLES = {"feed": "settled_at", "webhook_attempts": "at"}


def upgrade() -> None:
    """Prove which months the rows are of while others write, then make the tables partitions in one moment."""
    ends = {table: partitioning.constrain(table, column) for table, column in TABLES.items()}
    script.run(__file__)
    for table, column in TABLES.items():
        partitioning.adopt(table, column, ends[table])
