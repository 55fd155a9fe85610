"""Deliveries of decisions to the licensing app: each arrives once, and never over an unknown change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.perizinan.outbound import OutboundCalls, StatusChange
from hub.contract import Raw
from hub.errors import RecordChanged, Refused, TryLater
from hub.kinds import PermitStatus
from hub.testing.running import Running, pages_of
from tests.connectors.perizinan.app_calls import client_of, running_app

SINCE = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Running]:
    async with running_app(tmp_path) as running:
        yield running


async def open_row(app: Running) -> Raw:
    """A row whose permit is not decided."""
    async with app.connected() as connector:
        pages = await pages_of(connector, full=True)
    return next(row for page in pages for row in page.items if row["status"]["kode"] == "VERIFIKASI")


def issued(row: Raw, **over: Any) -> StatusChange:
    given: dict[str, Any] = {
        "status": PermitStatus.ISSUED,
        "since": SINCE,
        "based_on": row["diubah_pada"],
        "key": "k-1",
        "number": "503/1/2026",
        "issued_on": date(2026, 11, 20),
    }
    return StatusChange(**given | over)


async def test_a_new_status_answers_to_the_known_version(app: Running) -> None:
    row = await open_row(app)
    async with client_of(app) as client:
        written = await OutboundCalls(client).set_status(str(row["id"]), issued(row))
        found = await client.row(str(row["id"]))
    assert written == found
    assert found is not None
    assert (found["status"]["kode"], found["nomor_izin"], found["tgl_izin"]) == ("TERBIT", "503/1/2026", "2026-11-20")


async def test_a_repeated_key_changes_nothing_more(app: Running) -> None:
    row = await open_row(app)
    async with client_of(app) as client:
        calls = OutboundCalls(client)
        first = await calls.set_status(str(row["id"]), issued(row))
        assert await calls.set_status(str(row["id"]), issued(row)) == first
    assert app.sandbox.figures()["changed"] == 1


async def test_a_lost_answer_is_repeated_and_written_once(app: Running) -> None:
    row = await open_row(app)
    async with app.fault("accept_then_hang", times=1), client_of(app) as client:
        with pytest.raises(TryLater):
            await OutboundCalls(client).set_status(str(row["id"]), issued(row))
        written = await OutboundCalls(client).set_status(str(row["id"]), issued(row))
    assert written["nomor_izin"] == "503/1/2026"
    assert app.sandbox.figures()["changed"] == 1


async def test_a_change_by_others_is_a_conflict_with_their_row(app: Running) -> None:
    row = await open_row(app)
    async with app.fault("changed_before", times=1), client_of(app) as client:
        with pytest.raises(RecordChanged) as raised:
            await OutboundCalls(client).set_status(str(row["id"]), issued(row))
        found = await client.row(str(row["id"]))
    assert found is not None
    assert raised.value.items == (found,)
    assert found["diubah_pada"] != row["diubah_pada"]
    assert found["status"]["kode"] == "VERIFIKASI"


async def test_a_refusal_names_the_fields_and_no_values(app: Running) -> None:
    row = await open_row(app)
    async with client_of(app) as client:
        with pytest.raises(Refused, match="check nomor_izin") as refused:
            await OutboundCalls(client).set_status(str(row["id"]), issued(row, number="9" * 60))
        assert "999" not in str(refused.value)
        with pytest.raises(Refused, match="no such row"):
            await OutboundCalls(client).set_status("1", issued(row))
        with pytest.raises(Refused, match="no code for the status UNKNOWN"):
            await OutboundCalls(client).set_status(str(row["id"]), issued(row, status=PermitStatus.UNKNOWN))


async def test_a_permit_is_created_once(app: Running) -> None:
    row = await open_row(app)
    names = ("nib", "id_proyek", "jenis", "sektor", "kewenangan", "wilayah")
    new = {name: row[name] for name in names} | {
        "id_izin": "I-202611200300009999999",
        "status": {"kode": "DITERIMA", "sejak": "2026-11-20T10:00:00+07:00"},
    }
    async with client_of(app) as client:
        first = await OutboundCalls(client).create(new)
        assert await OutboundCalls(client).create(new) == first
    assert first["id_izin"] == new["id_izin"]
    assert app.sandbox.figures()["created"] == 1
