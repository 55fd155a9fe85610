"""What a version of the database does is a script of SQL beside it, or building indexes while the hub works."""

from collections.abc import Mapping
from pathlib import Path

from alembic import op

from hub.store.index_builds import build_index


def run(version: str) -> None:
    """Run the script of the module at path ``version`` on the driver itself, which takes many statements at once."""
    execute(Path(version).with_name(Path(version).stem.removeprefix("v") + ".sql").read_text(encoding="utf-8"))


def execute(statements: str) -> None:
    """Run SQL on the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(statements)


def build_indexes(definitions: Mapping[str, str]) -> None:
    """Build indexes by name (table and columns) outside of a transaction; what the version did before is committed."""
    with op.get_context().autocommit_block():
        driver = op.get_bind().connection.driver_connection
        assert driver is not None
        for name, definition in definitions.items():
            build_index(driver, name, definition)
