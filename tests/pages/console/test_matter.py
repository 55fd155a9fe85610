"""A matter in the console: what every system holds of a complaint or a permit, with one time line."""

from __future__ import annotations

import pytest

from tests.fake_connector import payment, permit, report
from tests.pages.console.conftest import Browser, signed_in, words
from tests.schema.harness import CONFIRMED, DELIVERED, Stage

ADDRESS = "/en/console/matter"


@pytest.fixture(scope="module")
async def ticket(shared: Stage) -> str:
    """A complaint with a payment, a report at another system, and a delivery."""
    await shared.pull(payment("P1"), report("1"), permit("I-1"))
    found = await shared.complaint("ASSIGNED", payment_reference="P1", tracking_id="1")
    await shared.run(DELIVERED)
    await shared.run(CONFIRMED)
    return found


async def test_a_complaint_is_shown_from_all_systems(operator: Browser, ticket: str) -> None:
    page = await operator.get(f"{ADDRESS}?number=%23{ticket.lower()}")
    text = words(page.text)
    assert f"Complaint {ticket}" in text
    assert "Payment P1" in text
    line = text.partition("Time line")[2]
    assert line.index("Submitted (by the reporter)") < line.index("Assigned to an agency")
    assert "is to be brought to" in line
    assert "needs the right complaints:pii" in text


async def test_a_permit_is_found_by_its_number(operator: Browser, ticket: str, shared: Stage) -> None:
    ((number,),) = await shared.rows("select body->>'number' from records where kind = 'permit'")
    text = words((await operator.get(f"{ADDRESS}?number={number or 'I-1'}")).text)
    assert "Permit" in text


async def test_what_the_officer_may_not_see_is_not_there(shared: Stage, ticket: str) -> None:
    secret = await shared.complaint("ASSIGNED", secret=True)
    async with signed_in(shared, "bare", ("hub:operate",)) as browser:
        for number in (secret, "LG-2026-000000"):
            page = await browser.get(f"{ADDRESS}?number={number}")
            assert (page.status_code, f"The hub knows no matter {number}" in words(page.text)) == (200, True)
        assert "Payment P1" not in words((await browser.get(f"{ADDRESS}?number={ticket}")).text)


async def test_without_a_number_there_is_only_the_form(operator: Browser) -> None:
    page = await operator.get(ADDRESS)
    assert 'id="number"' in page.text
    assert "Time line" not in page.text


async def test_a_number_of_another_system_leads_to_its_matter(operator: Browser, ticket: str, shared: Stage) -> None:
    for number in ("1", "P1"):
        page = await operator.get(f"{ADDRESS}?number={number}")
        assert (page.status_code, page.headers["location"]) == (303, f"{ADDRESS}?number={ticket}")
    await shared.pull(payment("P2"), report("2"))
    text = words((await operator.get(f"{ADDRESS}?number=P2")).text)
    assert "What has the number P2" in text
    assert "no complaint or permit" in text
    async with signed_in(shared, "narrow", ("hub:operate",)) as browser:
        page = await browser.get(f"{ADDRESS}?number=P1")
        assert "The hub knows no matter P1" in words(page.text)
