"""``/metrics`` shows the values of the database for systems, deliveries, files and feed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from hub.api.gauges import GAUGES, Gauges
from hub.contract import SystemDeclaration
from hub.errors import TryLater
from hub.store.database import Database
from hub.store.ingest.contradictions import contradictable_kinds
from tests.fake_connector import Fake, FakeSettings, order, payment, permit
from tests.schema.harness import DELIVERED, MATTERS, Stage, opened
from tests.sync import isolated_sequencer


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub with one system."""
    async with opened(database_url) as stage:
        yield stage


async def gauges(stage: Stage) -> dict[tuple[str, ...], float]:
    """Return the values by metric and labels."""
    samples = await Gauges(stage.database, {"fake"}, contradictable_kinds([Fake.declaration(FakeSettings())]))()
    assert all(len(labels) == len(GAUGES[figure].labels) for figure, labels, _ in samples)
    return {(figure, *labels): value for figure, labels, value in samples}


async def test_before_anything_happened_nothing_lags(stage: Stage) -> None:
    assert await gauges(stage) == {
        ("hub_system_state", "fake", "STARTING"): 1,
        ("hub_system_records", "fake"): 0,
        ("hub_system_quarantined", "fake"): 0,
        ("hub_system_in_doubt", "fake"): 0,
        ("hub_system_lag_seconds", "fake", "out"): 0,
        ("hub_files_missing", "fake", "WAITING"): 0,
        ("hub_files_missing", "fake", "GIVEN_UP"): 0,
    }


async def test_a_pull_sets_the_lag_of_what_comes_in(stage: Stage) -> None:
    await stage.pull(payment("P1"), payment("P2"))
    await stage.run("update systems set synced_at = now() - interval '100 seconds'")
    figures = await gauges(stage)
    assert figures["hub_system_state", "fake", "UP"] == 1
    assert figures["hub_system_records", "fake"] == 2
    assert figures["hub_system_lag_seconds", "fake", "in"] == pytest.approx(100, abs=5)


async def test_what_a_system_contradicts_itself_in_is_counted(stage: Stage) -> None:
    await stage.pull(order("O1"), order("O2", status="FAILED"), order("O2", status="COMPLETED"))
    assert (await gauges(stage))["hub_system_in_doubt", "fake"] == 1


async def test_the_oldest_unsettled_delivery_sets_the_delivery_lag(stage: Stage) -> None:
    await stage.complaints("VERIFIED", [{}, {}, {}])
    await stage.run(DELIVERED)
    ages = "update deliveries set state = :state, created_at = now() - make_interval(secs => :age) where id = :id"
    for number, (state, age) in enumerate([("BLOCKED", 50), ("WAITING", 200), ("DONE", 900)], 1):
        await stage.run(ages, id=number, state=state, age=age)
    figures = await gauges(stage)
    assert {labels: value for labels, value in figures.items() if labels[0] == "hub_deliveries"} == {
        ("hub_deliveries", "fake", "BLOCKED"): 1,
        ("hub_deliveries", "fake", "WAITING"): 1,
    }
    assert figures["hub_delivery_age_seconds", "fake", "BLOCKED"] == pytest.approx(50, abs=5)
    assert figures["hub_system_lag_seconds", "fake", "out"] == pytest.approx(200, abs=5)


async def test_missing_files_are_counted_by_whether_they_are_retried(stage: Stage) -> None:
    await stage.run("insert into files (sha256, media_type, size, content) values ('x', 'image/png', 1, 'x')")
    await stage.run(
        "insert into record_files (system, kind, external_id, source, name, sha256, due_at) values"
        " ('fake', 'report', '1', '0', 'here', 'x', null), ('fake', 'report', '1', '1', 'later', null, now()),"
        " ('fake', 'report', '2', '0', 'never', null, null), ('fake', 'report', '2', '1', 'never', null, null)"
    )
    figures = await gauges(stage)
    assert figures["hub_files_missing", "fake", "WAITING"] == 1
    assert figures["hub_files_missing", "fake", "GIVEN_UP"] == 2


async def test_the_feed_has_gauges_of_position_and_age(stage: Stage) -> None:
    await stage.records(payment("P1"))
    await isolated_sequencer.sequence(stage.database)
    assert (await gauges(stage))["hub_feed_position", "fake"] == 1
    await stage.records(payment("P2"))
    assert 0 < (await gauges(stage))["hub_feed_lag_seconds", "fake"] < 30
    await isolated_sequencer.sequence(stage.database)
    figures = await gauges(stage)
    assert (figures["hub_feed_position", "fake"], figures["hub_feed_lag_seconds", "fake"]) == (2, 0)


async def test_an_unavailable_database_is_reported() -> None:
    database = Database("postgresql://hub@127.0.0.1:9/hub")
    with pytest.raises(TryLater, match="the database does not respond"):
        await Gauges(database, ())()
    await database.close()


async def test_what_is_overdue_is_counted_by_status(stage: Stage) -> None:
    await stage.complaints("VERIFIED", [{}, {}])
    await stage.complaint("CLOSED")
    assert not [figure for figure in await gauges(stage) if figure[0] == "hub_complaints_overdue"]
    await stage.run("update complaints set due_at = now() - interval '1 minute'")
    assert (await gauges(stage))["hub_complaints_overdue", "VERIFIED"] == 2
    assert ("hub_complaints_overdue", "CLOSED") not in await gauges(stage)


async def test_disagreements_and_decisions_are_counted(stage: Stage) -> None:
    await stage.records(permit("I-1"), permit("I-2"), permit("I-3"), permit("I-4"))
    await stage.run(MATTERS)
    times = "update matters set since = now() - make_interval(secs => :age), pending_until = :until where id = :id"
    later = datetime.now(UTC) + timedelta(hours=1)
    for id_, age, until in ((1, 100, None), (2, 900, later), (3, 500, None)):
        await stage.run(times, id=id_, age=age, until=until)
    await stage.run("update matters set ignored_until = now() + interval '1 hour' where id = 3")
    await stage.run("update matters set state = 'AGREED', cause = null where id = 4")
    await stage.run("update agreement_events set seconds = 30 where matter_id = 4")
    await stage.run(
        """insert into decisions (matter_id, system, decision, times, state)
           values (1, 'other', 'x', 1, 'BLOCKED'), (2, 'other', 'x', 1, 'WAITING'), (3, 'other', 'x', 1, 'DONE')"""
    )
    figures = await gauges(stage)
    assert {labels[1:]: value for labels, value in figures.items() if labels[0] == "hub_matters"} == {
        ("permit", "AGREED"): 1,
        ("permit", "DIFFERS"): 2,
        ("permit", "PENDING"): 1,
    }
    assert figures["hub_disagreement_age_seconds", "permit"] == pytest.approx(100, abs=5)
    assert figures["hub_agreement_seconds", "permit", "0.5"] == 30
    assert {labels[1:]: value for labels, value in figures.items() if labels[0] == "hub_decisions"} == {
        ("other", "BLOCKED"): 1,
        ("other", "WAITING"): 1,
    }
