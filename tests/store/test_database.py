"""What a connection brings with it."""

from __future__ import annotations

from sqlalchemy import text

from hub.store.database import Database


async def test_a_connection_whose_other_end_vanished_is_given_up_within_a_minute(empty_database_url: str) -> None:
    # Over a socket of this machine the server takes the values and needs none of them: it shows what was asked for.
    asked = "select name, reset_val::int as reset_val from pg_settings where name like 'tcp_keepalives%'"
    database = Database(empty_database_url)
    async with database.read() as db:
        found = {row.name: row.reset_val for row in await db.execute(text(asked))}
    await database.close()
    idle, every, times = (found[f"tcp_keepalives_{name}"] for name in ("idle", "interval", "count"))
    assert 0 < idle + every * times <= 60
