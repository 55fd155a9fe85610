"""Links start from the rows that the operation has read, as long as it reads the same snapshot."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import false, func, select

from hub.schema.complaints.complaint import Complaint
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.schema.levels import LEVEL
from hub.schema.link_fields import link_field
from hub.schema.links import LINKS
from hub.schema.lookups import load_nodes
from hub.schema.nodes import Node
from hub.store.database import record_statements
from hub.store.queries import visibility
from hub.store.tables import complaints
from tests.schema.executing import execute_by
from tests.schema.harness import ANONYMOUS, WORKER, Stage
from tests.schema.visibility_cases import VIEWERS, create_cases, viewer

AGENCY = next(link for link in LINKS if (link.source, link.field) == (Complaint, "agency"))


@pytest.fixture
async def tickets(stage: Stage) -> list[str]:
    return await stage.complaints("ASSIGNED", [{}, {}])


async def _agencies(context: Context, parents: list[Any]) -> list[Any]:
    found = await link_field(AGENCY).metadata[LEVEL](SimpleNamespace(context=context), parents)
    return [agency and agency.code for agency in found]


async def test_a_later_snapshot_looks_the_rows_up(stage: Stage, tickets: list[str]) -> None:
    async with Context(stage.database, ANONYMOUS, stage.cipher, b"") as context:
        read = await load_nodes(context, Complaint, [("hub", ticket) for ticket in tickets])
        await stage.run("update complaints set secret = true")
        assert await _agencies(context, read) == ["DISHUB", "DISHUB"]
        context.clear_cache()
        assert await _agencies(context, read) == [None, None]


async def test_one_that_was_not_read_is_looked_up(stage: Stage, tickets: list[str]) -> None:
    await stage.run("update complaints set secret = true")
    async with Context(stage.database, ANONYMOUS, stage.cipher, b"") as context:
        stubs: list[Node] = [Complaint.stub(("hub", ticket)) for ticket in tickets]
        assert await _agencies(context, stubs) == [None, None]


async def test_a_detail_says_what_may_be_followed(stage: Stage) -> None:
    tickets = await create_cases(stage)
    async with stage.database.read() as db:
        for name in VIEWERS:
            who = viewer(name, tickets)
            for guard, least in visibility.LEAST_DETAIL.items():
                followed = func.coalesce(guard(who), false())
                differs = followed.is_distinct_from(visibility.detail(who) >= least)
                rows = select(func.count()).select_from(complaints).where(visibility.visible(who), differs)
                assert await db.scalar(rows) == 0, (name, guard)


async def test_only_columns_that_are_shown_are_read(stage: Stage) -> None:
    async def is_text_read(query: str) -> bool:
        async with Context(stage.database, WORKER, stage.cipher, b"") as context:
            with record_statements() as statements:
                assert not (await execute_by("plan", schema(), query, {}, context)).errors
        return " AS text" not in statements[0]

    assert not await is_text_read("{ complaints { nodes { title agency { name } } } }")
    assert await is_text_read("{ complaints { edges { node { title } } nodes { text } } }")
    assert await is_text_read("{ complaints { nodes { sharedFields { field } } } }")
