"""What ``/metrics`` tells of systems, deliveries, files and feed is what the database holds."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.errors import TryLater
from hub.store.database import Database
from hub.store.ingest.doubts import doubtful
from hub.web.figures import FIGURES, Figures
from tests.fake import Fake, order, payment
from tests.schema.stage import DELIVERED, Stage, staged
from tests.sync import undisturbed


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub with one system."""
    async with staged(database_url) as stage:
        yield stage


async def told(stage: Stage) -> dict[tuple[str, ...], float]:
    """The values by figure and labels."""
    samples = await Figures(stage.database, {"fake"}, doubtful([Fake]))()
    assert all(len(labels) == len(FIGURES[figure].labels) for figure, labels, _ in samples)
    return {(figure, *labels): value for figure, labels, value in samples}


async def test_before_anything_happened_nothing_lags(stage: Stage) -> None:
    assert await told(stage) == {
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
    figures = await told(stage)
    assert figures["hub_system_state", "fake", "UP"] == 1
    assert figures["hub_system_records", "fake"] == 2
    assert figures["hub_system_lag_seconds", "fake", "in"] == pytest.approx(100, abs=5)


async def test_what_a_system_contradicts_itself_in_is_counted(stage: Stage) -> None:
    await stage.pull(order("O1"), order("O2", status="FAILED"), order("O2", status="COMPLETED"))
    assert (await told(stage))["hub_system_in_doubt", "fake"] == 1


async def test_the_oldest_that_is_not_settled_sets_the_lag_of_what_goes_out(stage: Stage) -> None:
    await stage.complaints("VERIFIED", [{}, {}, {}])
    await stage.run(DELIVERED)
    ages = "update deliveries set state = :state, created_at = now() - make_interval(secs => :age) where id = :id"
    for number, (state, age) in enumerate([("HELD", 50), ("WAITING", 200), ("DONE", 900)], 1):
        await stage.run(ages, id=number, state=state, age=age)
    figures = await told(stage)
    assert {labels: value for labels, value in figures.items() if labels[0] == "hub_deliveries"} == {
        ("hub_deliveries", "fake", "HELD"): 1,
        ("hub_deliveries", "fake", "WAITING"): 1,
    }
    assert figures["hub_delivery_age_seconds", "fake", "HELD"] == pytest.approx(50, abs=5)
    assert figures["hub_system_lag_seconds", "fake", "out"] == pytest.approx(200, abs=5)


async def test_files_that_are_not_here_are_counted_by_whether_they_are_tried_again(stage: Stage) -> None:
    await stage.run("insert into files (sha256, media_type, size, content) values ('x', 'image/png', 1, 'x')")
    await stage.run(
        "insert into record_files (system, kind, external_id, source, name, sha256, due_at) values"
        " ('fake', 'report', '1', '0', 'here', 'x', null), ('fake', 'report', '1', '1', 'later', null, now()),"
        " ('fake', 'report', '2', '0', 'never', null, null), ('fake', 'report', '2', '1', 'never', null, null)"
    )
    figures = await told(stage)
    assert figures["hub_files_missing", "fake", "WAITING"] == 1
    assert figures["hub_files_missing", "fake", "GIVEN_UP"] == 2


async def test_the_feed_tells_its_position_and_its_age(stage: Stage) -> None:
    await stage.records(payment("P1"))
    await undisturbed.sequence(stage.database)
    assert (await told(stage))["hub_feed_position", "fake"] == 1
    await stage.records(payment("P2"))
    assert 0 < (await told(stage))["hub_feed_lag_seconds", "fake"] < 30
    await undisturbed.sequence(stage.database)
    figures = await told(stage)
    assert (figures["hub_feed_position", "fake"], figures["hub_feed_lag_seconds", "fake"]) == (2, 0)


async def test_a_database_that_is_away_is_said_so() -> None:
    database = Database("postgresql://hub@127.0.0.1:9/hub")
    with pytest.raises(TryLater, match="the database does not answer"):
        await Figures(database, ())()
    await database.close()
