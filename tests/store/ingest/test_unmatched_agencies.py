"""Orders without a known agency are counted, and their units are shown."""

from __future__ import annotations

from hub.api.gauges import Gauges, Sample
from hub.store.ingest import unmatched_agencies
from tests.fake_connector import order
from tests.schema.harness import Stage


async def test_they_are_counted_and_shown_with_the_unit(stage: Stage) -> None:
    await stage.records(*(order(f"O{n}") for n in range(5)))
    async with stage.database.read() as db:
        assert (await unmatched_agencies.counts(db), await unmatched_agencies.units(db, 3)) == ({}, [])
    strange = "update records set body = body || jsonb_build_object('agency_code', null, 'unit', cast(:unit as text))"
    await stage.run(f"{strange} where external_id in ('O1', 'O2')", unit="Panitia Misalan")
    await stage.run(f"{strange} where external_id = 'O3'", unit="Kelompok Karangan")
    await stage.run(f"{strange}, gone_at = now() where external_id = 'O4'", unit="Kelompok Karangan")
    async with stage.database.read() as db:
        assert await unmatched_agencies.counts(db) == {"fake": 3}
        assert await unmatched_agencies.units(db, 3) == [("Panitia Misalan", 2), ("Kelompok Karangan", 1)]
    assert Sample("hub_orders_without_agency", ("fake",), 3) in await Gauges(stage.database, ())()
