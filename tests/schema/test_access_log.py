"""Who read who a reporter is, as the desk is told: the latest first, and so many at once."""

from __future__ import annotations

from tests.schema.stage import OFFICER, Stage

READ_OFTEN = """
insert into reads (complaint_id, at, reader, purpose, fields, correlation)
select id, timestamptz '2026-11-22T08:00:00Z' + n * interval '1 minute', 'officer-' || n, 'HANDLING', '{name}', 'r'
from complaints, generate_series(1, 150) n
"""
QUERY = """query($before: DateTime) {
    complaints(first: 2) {edges {node {accessLog(before: $before) {at reader}}}}}"""


async def told(stage: Stage, before: str | None = None) -> list[list[dict[str, str]]]:
    """The access logs of all complaints there are."""
    data = await stage.got(OFFICER, QUERY, before=before)
    return [edge["node"]["accessLog"] for edge in data["complaints"]["edges"]]


async def test_each_complaint_tells_its_last_hundred_reads_and_goes_on_before_them(stage: Stage) -> None:
    for _ in range(2):
        await stage.complaint()
    await stage.run(READ_OFTEN)
    for latest in (logs := await told(stage)):
        assert [each["reader"] for each in latest] == [f"officer-{n}" for n in range(150, 50, -1)]
    for rest in await told(stage, logs[0][-1]["at"]):
        assert [each["reader"] for each in rest] == [f"officer-{n}" for n in range(50, 0, -1)]
    assert await told(stage, rest[-1]["at"]) == [[], []]
