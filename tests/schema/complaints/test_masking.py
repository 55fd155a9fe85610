"""Personal data in a title is marked for officers who handle the complaint, and masked for the public."""

from __future__ import annotations

from dataclasses import replace

from hub.viewer import ANONYMOUS
from tests.schema.harness import OFFICER, Stage
from tests.schema.visibility_cases import PARTNER, VIEWERS

TITLE = "Hubungi saya di 0812-3456-7890"
MASKED = "Hubungi saya di [disamarkan]"
QUERY = "{complaints {edges {node {title text personalData}}}}"


async def test_the_public_sees_a_mask_and_the_desk_the_original(stage: Stage) -> None:
    text = "NIK saya 3399014107900001, surel uji@contoh.example"
    await stage.complaint("VERIFIED", title=TITLE, text=text, by=PARTNER)
    stranger = replace(PARTNER, name="client:other")
    for viewer in (ANONYMOUS, stranger, VIEWERS["citizen"]):
        answer = await stage.ask(viewer, QUERY)
        assert answer.data["complaints"]["edges"] == [
            {"node": {"title": MASKED, "text": None, "personalData": None}},
        ]
    for viewer in (OFFICER, PARTNER):
        (edge,) = (await stage.got(viewer, QUERY))["complaints"]["edges"]
        assert edge["node"] == {"title": TITLE, "text": text, "personalData": ["NIK", "PHONE", "EMAIL"]}


async def test_complaints_by_ticket_and_by_agency_are_masked_too(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED", title=TITLE)
    query = """query($t: String!) {complaint(ticket: $t) {title agency {complaints {edges {node {title}}}}}}"""
    found = (await stage.got(ANONYMOUS, query, t=ticket))["complaint"]
    assert found == {"title": MASKED, "agency": {"complaints": {"edges": [{"node": {"title": MASKED}}]}}}


async def test_history_contains_no_title(stage: Stage) -> None:
    await stage.complaint("VERIFIED", title=TITLE)
    assert await stage.rows("select 1 from changes where changes::text like '%3456%'") == []
