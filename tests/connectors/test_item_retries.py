"""An item whose own call fails is quarantined and requested again; several in a row are a failure of the system."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from hub.connectors.gopay.connector import DETAIL
from hub.connectors.gopay.responses import Body, Refused
from hub.connectors.gopay.sandbox import GopaySandbox
from hub.connectors.item_retries import (
    MAX_CONSECUTIVE_FAILURES,
    MAX_ITEMS,
    MAX_RETRIES_PER_PULL,
    RETRY_DELAYS,
    ItemRetries,
)
from hub.connectors.lapor.sandbox import LaporSandbox
from hub.contract import Cursor, Page
from hub.errors import TryLater
from hub.store import systems
from hub.store.database import Cause
from hub.sync.pull import Pull, PullResult
from tests.connectors.gopay.test_unfinished_payments import SEAL, Provider, provider
from tests.connectors.lapor.test_source_clock import Centre, centre

pytestmark = pytest.mark.whole

__all__ = ["centre", "provider"]

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CAUSE = Cause("test", "test", "test")


class Item(TryLater):
    """A response without usable content."""


async def fails(
    retries: ItemRetries, item: str, trouble: type[TryLater] = TryLater, after: float | None = None
) -> None:
    async def call() -> None:
        raise trouble("HTTP 500", after) if after is not None else trouble("HTTP 500")

    assert isinstance(await retries.attempt(item, call), TryLater)


async def succeeds(retries: ItemRetries, item: str) -> None:
    async def call() -> str:
        return item

    assert await retries.attempt(item, call) == item


async def ended(retries: ItemRetries, cursor: Cursor | None = None, *, breaks: bool = False) -> Cursor:
    """Return the cursor of a run's last page."""

    async def pages() -> AsyncGenerator[Page, None]:
        yield Page([], {"at": 1})
        if breaks:
            raise TryLater("down")

    last: Cursor = {}
    try:
        async for page in retries.recorded_in(pages(), cursor or {}):
            last = page.cursor
    except TryLater:
        pass
    return last


async def test_failed_items_are_retried_with_backoff() -> None:
    cursor, now, waits = dict[str, object](), NOW, []
    for wait in (*RETRY_DELAYS, RETRY_DELAYS[-1]):
        retries = ItemRetries(cursor, now)
        assert retries.waiting_reason("1") is None
        await fails(retries, "1")
        assert (retries.waiting_reason("1"), retries.due()) == ("HTTP 500", []), "once a pull"
        cursor = await ended(retries)
        if wait:
            assert ItemRetries(cursor, now + wait - timedelta(seconds=1)).waiting_reason("1") == "HTTP 500"
        now += wait
        assert ItemRetries(cursor, now).due() == ["1"]
        waits.append(wait)
    retries = ItemRetries(cursor, now)
    await succeeds(retries, "1")
    assert await ended(retries) == {"at": 1}


async def test_many_distinct_failures_in_a_row_fail_the_system() -> None:
    retries = ItemRetries({}, NOW)
    for number in range(MAX_CONSECUTIVE_FAILURES - 1):
        await fails(retries, str(number))
    with pytest.raises(TryLater):
        await fails(retries, "last")
    cursor = await ended(retries, breaks=True)
    later = ItemRetries(cursor, NOW)
    assert len(later.due()) == MAX_CONSECUTIVE_FAILURES
    for number in range(MAX_CONSECUTIVE_FAILURES - 1):
        await fails(later, str(number))
    with pytest.raises(TryLater):
        [page async for page in later.recorded_in(nothing(), {})]
    with pytest.raises(TryLater):
        await fails(later, "another")
    await succeeds(later, "one")
    await fails(later, "more")


async def nothing() -> AsyncGenerator[Page, None]:
    yield Page([], {})


async def test_a_repeated_failure_counts_once_and_a_success_resets() -> None:
    retries = ItemRetries({}, NOW, Item)
    for _ in range(9):
        await fails(retries, "1")
    for number in range(9):
        await fails(retries, f"own {number}", Item)
    await fails(retries, "2")
    await fails(retries, "3")


async def test_retry_after_is_obeyed_but_not_one_items_for_ever() -> None:
    retries = ItemRetries({}, NOW)
    with pytest.raises(TryLater):
        await fails(retries, "1", after=1.0)
    await fails(ItemRetries(await ended(retries, breaks=True), NOW), "1", after=1.0)


async def test_retries_are_limited_by_a_budget() -> None:
    retries = ItemRetries({}, NOW, Item)
    for number in range(MAX_ITEMS + 5):
        await fails(retries, str(number), Item)
    cursor = await ended(retries)
    assert len(cursor["retry"]["items"]) == MAX_ITEMS
    assert len(ItemRetries(cursor, NOW).due()) == MAX_RETRIES_PER_PULL


# At the door of each connector that asks for items alone


async def pulled(centre: Centre) -> PullResult:
    async with centre.running.connected(attempts=2) as connector:
        return await Pull(centre.database, connector, SEAL).run()


async def reasons(centre: Centre) -> list[str]:
    async with centre.database.read() as db:
        return list(await db.scalars(text("select reason from quarantine where state = 'OPEN' order by reason")))


async def passes(centre: Centre, hours: float) -> None:
    """Move the times of failed items back."""
    shifted = "jsonb_set(cursor, '{retry,items}', (select jsonb_object_agg(key, jsonb_set(value, '{1}',"
    shifted += " to_jsonb((value->>1)::bigint - cast(:by as bigint)))) from jsonb_each(cursor #> '{retry,items}')))"
    async with centre.database.write(CAUSE) as db:
        await db.execute(text(f"update systems set cursor = {shifted}"), {"by": int(hours * 3600)})


async def kept(centre: Centre) -> Cursor:
    async with centre.database.read() as db:
        return (await systems.pull_position(db, "lapor")).cursor


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A central system with one page."""
    monkeypatch.setattr("tests.connectors.lapor.test_source_clock.COUNT", 40)


@pytest.mark.parametrize(
    ("fault", "listing"), [("broken_report", True), ("broken_report_200", True), ("broken_report", False)]
)
async def test_a_report_whose_calls_always_fail_blocks_no_other(centre: Centre, fault: str, listing: bool) -> None:
    centre.running.settings.listing = listing  # type: ignore[attr-defined]
    broken, other = centre.stored[7:9]
    async with centre.running.fault(fault, value=broken.id):
        for status in ("FOLLOWED_UP", "CLOSED"):
            for report in (broken, other):
                centre.change(report, datetime.now(UTC), status)
            for _ in range(2):
                assert (await pulled(centre)).outcome == "DONE"
            assert await centre.unequal() == [str(broken.id)]
            assert {reason.partition(": ")[0] for reason in await reasons(centre)} == {"its history cannot be read"}
        path = f"GET /complaints/{broken.id}/complaint"
        calls = centre.sandbox.calls[path]
        assert (await pulled(centre)).outcome == "DONE"
        assert centre.sandbox.calls[path] == calls, "not at every pull"
    assert (await pulled(centre)).outcome == "DONE"
    assert await centre.unequal() == [str(broken.id)], "it rests"
    await passes(centre, 30)
    assert (await pulled(centre)).outcome == "DONE"
    assert (await centre.unequal(), await reasons(centre)) == ([], [])
    assert "retry" not in await kept(centre)


async def test_when_every_report_fails_lapor_is_down_and_comes_back(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = centre.stored[10:20]
    for report in changed:
        centre.change(report, datetime.now(UTC))

    with monkeypatch.context() as patch:
        patch.setattr(LaporSandbox, "_broken", lambda self, request, fault: "id" in request.path_params)
        for _ in range(2):
            result = await pulled(centre)
            assert (result.outcome, "HTTP 500" in str(result.error)) == ("DOWN", True)
        assert len(await centre.unequal()) == len(changed)
    await passes(centre, 1)
    assert (await pulled(centre)).outcome == "DONE"
    assert (await centre.unequal(), await reasons(centre)) == ([], [])


async def test_a_handful_of_broken_reports_side_by_side_is_passed(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, changed = centre.stored[10:15], centre.stored[10:35]
    for report in changed:
        centre.change(report, datetime.now(UTC))
    ids = {str(report.id) for report in broken}
    monkeypatch.setattr(LaporSandbox, "_broken", lambda self, request, fault: request.path_params.get("id") in ids)
    outcomes = [(await pulled(centre)).outcome for _ in range(4)]
    assert outcomes[-1] == "DONE"
    assert set(await centre.unequal()) == ids


@pytest.mark.parametrize("code", ["5001300", "4001301", "4031300"])
async def test_a_payment_whose_detail_always_fails_blocks_no_other(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    broken, late, real = provider.made(3, "INIT"), provider.made(2, "INIT"), GopaySandbox._detailed

    def detailed(self: GopaySandbox, body: Body) -> Body:
        if body["additionalInfo"]["referenceNo"] == broken.reference:
            raise Refused(int(code[:3]), code[5:], "General Error")
        return real(self, body)

    monkeypatch.setattr(GopaySandbox, "_detailed", detailed)
    await provider.pull()
    late.status = "SUCCESS"
    await provider.wait(timedelta(days=2))
    await provider.pull()
    assert (await provider.status(broken), await provider.status(late)) == ("INITIATED", "SUCCESS")


async def test_when_every_detail_is_refused_the_provider_is_down(provider: Provider) -> None:
    for days in range(2, 10):
        provider.made(days, "INIT")
    await provider.pull()
    await provider.wait(timedelta(days=2))
    async with provider.running.fault("detail_refused"), provider.running.connected(attempts=2) as connector:
        result = await Pull(provider.database, connector, SEAL).run()
    assert (result.outcome, DETAIL in str(result.error)) == ("DOWN", True)
    await provider.pull()
