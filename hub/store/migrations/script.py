"""What a version of the database does is a script of SQL beside it."""

from pathlib import Path

from alembic import op


def run(version: str) -> None:
    """Run the script of the module at path ``version`` on the driver itself, which takes many statements at once."""
    execute(Path(version).with_name(Path(version).stem.removeprefix("v") + ".sql").read_text(encoding="utf-8"))


def execute(statements: str) -> None:
    """Run SQL on the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(statements)
