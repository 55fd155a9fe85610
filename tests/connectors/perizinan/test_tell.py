"""Decisions of the centre brought over to the app: once, over the known version only, or as a new row."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from hub.connectors.oss.connector import Oss
from hub.connectors.oss.mapping import to_record as record_of_oss
from hub.connectors.perizinan.client import PATH
from hub.connectors.perizinan.mapping import JAKARTA, to_record
from hub.connectors.perizinan.new_rows import REQUIRED
from hub.connectors.perizinan.sandbox import PerizinanSandbox
from hub.contract import Decision, Raw, Record
from hub.errors import Maintenance, OutcomeUnknown, RecordChanged, Refused, TryLater
from hub.kinds import Permit
from hub.testing.running import Running
from hub.testing.samples import samples
from tests.connectors.perizinan.app_calls import running_app

SINCE = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
ISSUED = {"number": "503/1/2026", "issued_on": "2026-11-20", "valid_until": "2029-11-19"}


class App:
    """The running sandbox without irregularities."""

    def __init__(self, running: Running) -> None:
        self.running = running
        assert isinstance(running.sandbox, PerizinanSandbox)
        self.sandbox = running.sandbox
        self.sandbox.trap.switch(None, on=False)

    async def row(self, *, legacy: bool = False) -> Raw:
        """A row from OSS, which was last changed in 2026 or before."""
        if legacy:
            self.sandbox.trap.switch("old_dates", on=True)
        async with self.running.connected() as connector:
            for id_ in self.sandbox.store.ids():
                row = await connector.fetch_one(f"{id_}")
                if row and row["id_izin"] and ("T" not in row["diubah_pada"]) == legacy:
                    return row
        raise AssertionError("the demo world has no such row")

    async def tell(self, decision: Decision) -> Raw:
        """Bring a decision over, and return the row that the app has then."""
        async with self.running.connected() as connector:
            (row,) = await connector.tell(decision)
            assert row == await connector.fetch_one(f"{row['id']}")
            return row

    async def changed(self, decision: Decision) -> Raw:
        """Fail to bring a decision over, because the row was changed meanwhile; return the row."""
        async with self.running.connected() as connector:
            with pytest.raises(RecordChanged) as raised:
                await connector.tell(decision)
            (row,) = raised.value.items
            assert row == await connector.fetch_one(f"{row['id']}")
            return row

    def calls(self, row: Raw) -> int:
        """How many new statuses the app was sent for a row."""
        return self.sandbox.calls[f"PUT {PATH}/{row['id']}/status"]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with running_app(tmp_path) as running:
        yield App(running)


def decision(row: Raw, status: str = "ISSUED", **facts: Any) -> Decision:
    """What the centre has decided about the permit of a row."""
    known = to_record(row)
    assert isinstance(known.facts, Permit)
    decided = replace(known, status=status, occurred_at=SINCE, facts=replace(known.facts, **{**ISSUED, **facts}))
    return Decision(
        key="k",
        record=decided,
        fields=frozenset({"status"}),
        external_id=known.external_id,
        based_on=known.updated_at,
    )


@pytest.mark.parametrize("legacy", [False, True])
async def test_a_decision_arrives_with_its_licence(app: App, legacy: bool) -> None:
    row = await app.row(legacy=legacy)
    after = await app.tell(decision(row))
    assert (after["status"]["kode"], after["nomor_izin"], after["tgl_izin"], after["berlaku_sampai"]) == (
        "TERBIT",
        "503/1/2026",
        "2026-11-20",
        "2029-11-19",
    )
    assert datetime.fromisoformat(after["status"]["sejak"]) == SINCE


async def test_what_the_centre_does_not_know_stays(app: App) -> None:
    first = await app.tell(decision(await app.row()))
    after = await app.tell(decision(first, "SUSPENDED", valid_until=None, number=None))
    assert (after["status"]["kode"], after["nomor_izin"], after["berlaku_sampai"]) == (
        "DIBEKUKAN",
        "503/1/2026",
        "2029-11-19",
    )


async def test_a_row_that_follows_already_is_not_changed(app: App) -> None:
    row = await app.row()
    after = await app.tell(decision(row))
    assert await app.tell(decision(row)) == after
    assert await app.tell(replace(decision(after), key="k2")) == after
    assert app.calls(row) == 1


async def test_a_row_that_was_changed_meanwhile_is_only_read(app: App) -> None:
    row = await app.row()
    app.sandbox.act({"do": "status", "id": row["id"], "kode": "SURVEI"})
    after = await app.changed(decision(row))
    assert after["status"]["kode"] == "SURVEI"
    assert after["diubah_pada"] != row["diubah_pada"]
    assert app.calls(row) == 0


async def test_a_conflict_returns_their_row_and_ends(app: App) -> None:
    row = await app.row()
    async with app.running.fault("changed_before", times=1):
        after = await app.changed(decision(row, "INSPECTION"))
    assert after["diubah_pada"] != row["diubah_pada"]
    assert app.sandbox.figures()["conflicts"] == 1
    assert (await app.tell(decision(after, "INSPECTION")))["status"]["kode"] == "SURVEI"


async def test_a_refusal_is_one_sentence_without_values(app: App) -> None:
    row = await app.row()
    with pytest.raises(Refused, match=r"^the licensing app refuses the change \(HTTP 422\): check nomor_izin$"):
        await app.tell(decision(row, number="9" * 60))
    with pytest.raises(Refused, match="no such row"):
        await app.tell(replace(decision(row), external_id="1"))


@pytest.mark.parametrize(
    ("fault", "value", "error"),
    [("rate_limited", 1, TryLater), ("server_error", 500, OutcomeUnknown), ("down", None, OutcomeUnknown)],
)
async def test_only_a_refused_call_certainly_did_nothing(
    app: App, fault: str, value: float | None, error: type[Exception]
) -> None:
    new = decision(await app.row(), permit_id="I-202611200300009999999")
    async with app.running.fault(fault, times=1, value=value):
        with pytest.raises(TryLater) as raised:
            await app.tell(replace(new, external_id=None, based_on=None))
    assert type(raised.value) is error
    assert app.sandbox.figures()["created"] == 0


async def test_at_night_a_decision_waits_for_the_end_of_upkeep(app: App) -> None:
    night = datetime(2026, 11, 20, 2, 5, tzinfo=JAKARTA)
    row = await app.row()
    new = replace(decision(row, permit_id="I-202611200300009999999"), external_id=None, based_on=None)
    app.sandbox.trap.switch("upkeep", on=True)
    with (
        patch.object(app.sandbox, "_clock", lambda: night),
        patch("hub.connectors.perizinan.client.upkeep_left", lambda now: 900.0),
    ):
        for each in (decision(row), new):
            with pytest.raises(Maintenance):
                await app.tell(each)


def of_oss() -> Record:
    """An issued permit as OSS has it."""
    return record_of_oss(samples(Oss)["issued.json"]["raw"])


async def test_a_permit_that_is_not_there_is_created(app: App) -> None:
    record = of_oss()
    assert isinstance(record.facts, Permit)
    facts = replace(record.facts, permit_id="I-202611200300009999999", area_code="33.74")
    new = Decision(key="k", record=replace(record, facts=facts), fields=frozenset())
    row = await app.tell(new)
    created = to_record(row)
    shared = ("nib", "project_id", "type_code", "type_name", "sector", "authority", "area_code", "agency_code")
    assert isinstance(created.facts, Permit)
    for name in (*shared, "kbli", "scale", "permit_id", "number", "issued_on", "valid_until"):
        assert getattr(created.facts, name) == getattr(facts, name), name
    assert (created.status, created.occurred_at) == (record.status, record.occurred_at)
    assert row["pemohon"] is None
    assert await app.tell(new) == row
    assert app.sandbox.figures()["created"] == 1


async def test_a_row_that_is_there_is_returned_as_it_is(app: App) -> None:
    row = await app.row()
    new = replace(decision(row, "REJECTED"), external_id=None, based_on=None)
    assert await app.tell(new) == row
    assert app.sandbox.figures()["created"] == 0


@pytest.mark.parametrize("name", REQUIRED)
async def test_a_fact_that_a_new_row_needs_is_named(app: App, name: str) -> None:
    facts: dict[str, Any] = {name: None}
    new = replace(decision(await app.row(), **facts), external_id=None, based_on=None)
    with pytest.raises(Refused, match=f"needs {name} for a new row"):
        await app.tell(new)


async def test_a_status_without_an_id_moves_a_row_of_the_region(app: App) -> None:
    done = app.sandbox.act({"do": "status", "kode": "PERBAIKAN"})
    moved = app.sandbox.store.get(done["id"])
    assert moved
    assert (done["kode"], moved.kewenangan in {"01", "02"}, bool(moved.id_izin)) == ("PERBAIKAN", True, True)


async def test_the_centre_is_seen_to_be_overruled(app: App) -> None:
    row = await app.row()
    after = await app.tell(decision(row))
    app.sandbox.act({"do": "back", "id": row["id"]})
    async with app.running.connected() as connector:
        back = await connector.fetch_one(f"{row['id']}")
    assert back
    assert back["status"] == row["status"]
    assert to_record(back).updated_at > to_record(after).updated_at
