"""The prose of orders is visible only to viewers who may read it, and is not in history, feed or snapshots."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from sqlalchemy import text

from hub.store.feed import snapshots
from hub.sync.sequencer import assign_all
from hub.viewer import ANONYMOUS, Viewer, ViewerKind
from tests.fake_connector import order
from tests.schema.harness import CAUSE, OFFICER, Stage

TEXT = "ATK untuk Bapak Uji Coba"
FOLLOWER = Viewer(ViewerKind.PARTNER, "tester", frozenset({"records:sync.fake"}))
MIGRATION = files("hub.store.migrations.versions") / "0017_order_prose.sql"
WRITTEN = "{ procurementOrders { edges { node { orderId description note } } } }"


def first(data: Any) -> Any:
    return data["procurementOrders"]["edges"][0]["node"]


async def stored_everywhere(stage: Stage) -> str:
    """Return the stored history, the feed and a snapshot."""
    await assign_all(stage.database)
    feed = await stage.got(FOLLOWER, "{ changes(first: 100) { edges { node { before after fields } } } }")
    async with snapshots.open_snapshot(stage.database, FOLLOWER, "fake", {}) as snapshot:
        assert snapshot
        rows = [row async for batch in snapshot.rows for row in batch]
    ((history,),) = await stage.rows("select string_agg(before::text || after::text, ' ') from changes")
    assert rows
    return f"{history} {feed} {rows}"


async def test_it_is_for_those_who_may_read_orders(stage: Stage) -> None:
    await stage.records(order("O1", description=TEXT))
    assert first(await stage.got(OFFICER, WRITTEN)) == {"orderId": "O1", "description": TEXT, "note": None}
    answer = await stage.ask(ANONYMOUS, WRITTEN)
    assert first(answer.data) == {"orderId": "O1", "description": None, "note": None}
    assert {(error["extensions"]["code"], error["extensions"]["scope"]) for error in answer.errors} == {
        ("FORBIDDEN", "orders:read")
    }


async def test_neither_history_nor_feed_nor_snapshot_has_it(stage: Stage) -> None:
    await stage.records(order("O1", description=TEXT))
    await stage.records(order("O1", description=f"{TEXT} (baru)", status="FAILED", version=1))
    assert TEXT not in await stored_everywhere(stage)
    assert await stage.rows("select fields from changes order by id desc limit 1") == [
        (["status", "told", "description"],)
    ]


async def test_stored_text_is_moved_and_the_next_pull_adds_no_change(stage: Stage) -> None:
    await stage.records(order("O1", description=TEXT), order("O2"))
    await stage.run("update records set body = body || prose, prose = '{}'")
    await stage.run(
        "insert into changes (system, kind, subject, fields, before, after, cause, actor, correlation, effective_at)"
        " values ('fake', 'order', 'O1', '{description}', :old, :new, 'pull:fake', 'worker', 'run-0', now())",
        old=f'{{"description": "{TEXT}", "note": null}}',
        new=f'{{"description": "{TEXT}", "status": "COMPLETED"}}',
    )
    async with stage.database.write(CAUSE) as db:
        for statement in MIGRATION.read_text().split(";\n"):
            if statement.strip():
                await db.execute(text(statement.replace(":", "\\:")))
    assert TEXT not in await stored_everywhere(stage)
    assert first(await stage.got(OFFICER, WRITTEN.replace("orders {", "orders(orderBy: VALUE_ASC) {"))) is not None
    assert await stage.rows("select prose ->> 'description', body ? 'description' from records order by id") == [
        (TEXT, False),
        ("Kertas", False),
    ]
    changes = await stage.rows("select count(*) from changes")
    await stage.records(order("O1", description=TEXT), order("O2"))
    assert await stage.rows("select count(*) from changes") == changes
    with pytest.raises(Exception, match="append-only"):
        await stage.run("delete from changes")
