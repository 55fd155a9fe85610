"""The log of who read a reporter's identity, as officers see it: the latest first, with a limit."""

from __future__ import annotations

from dataclasses import replace

from tests.schema.harness import OFFICER, Stage

READ_OFTEN = """
insert into reads (complaint_id, at, reader, purpose, fields, correlation)
select id, timestamptz '2026-11-22T08:00:00Z' + n * interval '1 minute', 'officer-' || n, 'HANDLING', '{name}', 'r'
from complaints, generate_series(1, 150) n
"""
QUERY = """query($before: DateTime) {
    complaints(first: 2) {edges {node {accessLog(before: $before) {at reader}}}}}"""


async def access_logs(stage: Stage, before: str | None = None) -> list[list[dict[str, str]]]:
    """Return the access logs of all complaints."""
    data = await stage.got(OFFICER, QUERY, before=before)
    return [edge["node"]["accessLog"] for edge in data["complaints"]["edges"]]


async def test_each_complaint_lists_its_last_hundred_reads_by_page(stage: Stage) -> None:
    for _ in range(2):
        await stage.complaint()
    await stage.run(READ_OFTEN)
    for latest in (logs := await access_logs(stage)):
        assert [each["reader"] for each in latest] == [f"officer-{n}" for n in range(150, 50, -1)]
    for rest in await access_logs(stage, logs[0][-1]["at"]):
        assert [each["reader"] for each in rest] == [f"officer-{n}" for n in range(50, 0, -1)]
    assert await access_logs(stage, rest[-1]["at"]) == [[], []]


async def test_an_agencys_officer_is_not_shown_who_read_the_reporter(stage: Stage) -> None:
    await stage.complaint("ASSIGNED")
    await stage.run(READ_OFTEN)
    agency = replace(OFFICER, name="u_agency", agency="DISHUB")
    assert "complaints:pii" in agency.scopes
    assert (await stage.got(agency, QUERY))["complaints"]["edges"] == [{"node": {"accessLog": None}}]
