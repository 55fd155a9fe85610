"""LAPOR's clock is ahead, behind or set back, or reports have times of other days: no change is missed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from hub.connectors.lapor.connector import Lapor
from hub.connectors.lapor.parsing import time_of
from hub.connectors.lapor.sandbox import LaporSandbox
from hub.connectors.lapor.sandbox.masters import PROVINCE
from hub.connectors.lapor.sandbox.reports import Move, StoredReport, other
from hub.http_client.source_clock import MARGIN
from hub.store import migrate, system_issues
from hub.store.database import Database
from hub.store.encryption import FieldCipher
from hub.store.systems import pull_position
from hub.sync.pull import Pull
from hub.testing.running import Running, running_sandbox

COUNT = 120
HOUR = timedelta(hours=1)


def reports(monkeypatch: pytest.MonkeyPatch) -> list[StoredReport]:
    """Return two pages and a few more of reports that changed within the last days."""
    now = datetime.now(UTC).replace(microsecond=0)
    made = [other(number, now, now, Random(number)) for number in range(COUNT)]
    for number, report in enumerate(made):
        report.institution, report.disposition, report.replies = PROVINCE, PROVINCE, []
        began = now - timedelta(days=5)
        report.moves = [Move("UNVERIFIED", began), Move("IN_PROGRESS", now - timedelta(minutes=30 * (COUNT - number)))]
    monkeypatch.setattr("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: made)
    return made


class Centre:
    """LAPOR's sandbox and the hub's copy of it."""

    def __init__(self, running: Running, database: Database, stored: list[StoredReport]) -> None:
        self.running, self.database, self.stored = running, database, stored
        self.sandbox: LaporSandbox = running.sandbox  # type: ignore[assignment]

    async def pull(self, *, full: bool = False) -> None:
        """Pull once."""
        async with self.running.connected(attempts=2) as connector:
            result = await Pull(self.database, connector, FieldCipher([b"k" * 32], b"s" * 32)).run(full=full)
        assert result.outcome == "DONE", result.error

    def change(self, report: StoredReport, at: datetime, status: str = "FOLLOWED_UP") -> None:
        """Change a report at ``at``, by LAPOR's clock."""
        self.sandbox.store.change(report, lambda: report.reach(status, at.replace(microsecond=0)))

    async def unequal(self) -> list[str]:
        """Return the reports whose copy differs from LAPOR's."""
        async with self.database.read() as db:
            rows = await db.exec_driver_sql("select external_id, status from records where gone_at is null")
            copy = {row.external_id: row.status for row in rows}
        return [str(report.id) for report in self.stored if copy.get(str(report.id)) != report.status]

    async def cursor(self) -> datetime:
        """Return the position at which the next pull begins, without its overlap."""
        async with self.database.read() as db:
            at = time_of((await pull_position(db, "lapor")).cursor["updated_from"])
        assert at
        return at

    async def issues(self) -> list[str]:
        """Return the open issues."""
        async with self.database.read() as db:
            return [issue.code for issue in await system_issues.entries(db)]


@pytest.fixture
async def centre(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Centre]:
    """LAPOR's sandbox after one pull."""
    stored = reports(monkeypatch)
    async with running_sandbox(Lapor, tmp_path) as running:
        await migrate.migrate(database_url, [Lapor.declaration(running.settings)])
        database = Database(database_url)
        made = Centre(running, database, stored)
        await made.pull()
        assert await made.unequal() == []
        yield made
        await database.close()


@pytest.mark.parametrize(
    ("which", "ahead", "full"),
    [
        pytest.param(3, HOUR, True, marks=pytest.mark.whole),
        (-1, HOUR, False),
        pytest.param(-1, 87_600 * HOUR, True, marks=pytest.mark.whole),
    ],
)
async def test_a_report_of_the_future_hides_no_change(centre: Centre, which: int, ahead: timedelta, full: bool) -> None:
    centre.change(centre.stored[which], datetime.now(UTC) + ahead)
    await centre.pull(full=full)
    assert await centre.cursor() <= datetime.now(UTC) - MARGIN
    assert await centre.issues() == ["FUTURE_TIMESTAMPS"]
    for report in centre.stored[10:40]:
        centre.change(report, datetime.now(UTC))
    await centre.pull()
    assert await centre.unequal() == []


async def test_a_report_stamped_in_the_future_may_change_again(centre: Centre) -> None:
    centre.change(centre.stored[3], datetime.now(UTC) + timedelta(days=1))
    await centre.pull()
    centre.stored[3].moves.pop()
    centre.change(centre.stored[3], datetime.now(UTC), "CLOSED")
    await centre.pull()
    assert (await centre.unequal(), await centre.issues()) == ([], [])


@pytest.mark.whole
async def test_a_page_of_future_reports_ends_and_hides_no_change(centre: Centre) -> None:
    for number, report in enumerate(centre.stored[:110]):
        centre.change(report, datetime.now(UTC) + HOUR + timedelta(seconds=number))
    await centre.pull()
    assert await centre.unequal() == []
    centre.change(centre.stored[115], datetime.now(UTC))
    await centre.pull()
    assert await centre.unequal() == []


@pytest.mark.parametrize("ahead", [HOUR, pytest.param(-HOUR, marks=pytest.mark.whole)])
async def test_a_wrong_clock_is_reported_and_hides_no_change(centre: Centre, ahead: timedelta) -> None:
    async with centre.running.fault("clock", value=ahead.total_seconds()):
        for report in centre.stored[10:20]:
            centre.change(report, datetime.now(UTC) + ahead)
        await centre.pull()
        for report in centre.stored[20:30]:
            centre.change(report, datetime.now(UTC) + ahead)
        await centre.pull()
        assert await centre.unequal() == []
        assert await centre.issues() == ["CLOCK_SKEW"]
    await centre.pull()
    assert await centre.issues() == (["FUTURE_TIMESTAMPS"] if ahead > timedelta() else []), (
        "it is right again, they are not"
    )


@pytest.mark.parametrize("back", [timedelta(minutes=1), pytest.param(HOUR, marks=pytest.mark.whole)])
@pytest.mark.parametrize("start", [timedelta(), pytest.param(HOUR, marks=pytest.mark.whole)])
async def test_what_changes_after_a_clock_is_set_back_is_seen(
    centre: Centre, back: timedelta, start: timedelta
) -> None:
    async with centre.running.fault("clock", value=start.total_seconds()):
        for report in centre.stored[10:13]:
            centre.change(report, datetime.now(UTC) + start)
        await centre.pull()
    ahead = start - back
    async with centre.running.fault("clock", value=ahead.total_seconds()):
        # Some of them changed just before it was set back, so that their new version seems older.
        for report in centre.stored[12:18]:
            centre.change(report, datetime.now(UTC) + ahead, "CLOSED")
            report.moves = [move for move in report.moves if move.status != "FOLLOWED_UP"]
        await centre.pull()
        assert await centre.unequal() == []
