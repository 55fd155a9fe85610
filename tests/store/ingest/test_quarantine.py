"""The stored form of an item that cannot be read: declared columns, with prose encrypted, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.contract import Raw, Record
from hub.http_client import Http
from hub.store import migrate
from hub.store.complaints.status_history import status_histories
from hub.store.database import Cause
from hub.store.encryption import FieldCipher
from hub.store.ingest import quarantine
from hub.store.ingest.quarantine import QuarantineEntry
from hub.store.ingest.rehydrate import load_records
from hub.store.key_rotation import key_usage, reencrypt_all
from hub.store.operations import quarantine as operations
from hub.store.reconciliation import field_states
from hub.store.use_cases.remote_changes import lock_complaints
from hub.sync.ingest import Ingest
from tests.fake_connector import Fake, FakeSettings, World, payment, report
from tests.schema.harness import CAUSE, Stage

NOW = datetime.now(UTC)
PERSONS = {
    "nik": "3399014107900001",
    "phoneUser": "+6281100000001",
    "nip_ppk": "198001012005011001",
    "nama_ppk": "Uji Coba",
    "customerName": "Budi Percobaan",
    "Payer ": "Sari Percobaan",
    "user": {"name": "Wati Percobaan", "phone": 81100000002},
}
TEXT = "Kepala dinas Uji Coba meminta uang"


class Mended(Fake):
    """The fake system with a corrected mapping, which reads the items that were broken."""

    def map(self, raw: Mapping[str, Any]) -> Record:
        return super().map({**raw, "broken": False})


async def ingest(stage: Stage, items: Sequence[Raw], at: datetime = NOW, kind: type[Fake] = Fake) -> None:
    async with Http("http://127.0.0.1:9") as http, stage.database.write(Cause("pull:fake", "worker", "run-1")) as db:
        await Ingest(kind(FakeSettings(), http, World()), stage.cipher).store(db, items, at)


async def entries(stage: Stage) -> list[QuarantineEntry]:
    async with stage.database.read() as db:
        return await quarantine.entries(db)


async def replay(stage: Stage, kind: type[Fake] = Mended) -> tuple[int, int]:
    ids = [entry.id for entry in await entries(stage)]
    async with Http("http://127.0.0.1:9") as http, stage.database.write(CAUSE) as db:
        return await Ingest(kind(FakeSettings(), http, World()), stage.cipher).replay(db, ids)


async def dump(stage: Stage, table: str) -> str:
    ((found,),) = await stage.rows(f"select coalesce(string_agg(t::text, ' '), '') from {table} t")
    return str(found)


async def test_no_person_and_no_text_is_in_clear(stage: Stage) -> None:
    await ingest(
        stage,
        [payment("P1", broken=True, **PERSONS), report("L1", status="ANEH", content=TEXT, secret=True, **PERSONS)],
    )
    kept = await dump(stage, "quarantine")
    found = [value for value in (*PERSONS.values(), "Wati Percobaan", "81100000002", TEXT) if str(value) in kept]
    assert found == []
    shown = {entry.external_id: entry.raw for entry in await entries(stage)}
    assert shown["L1"]["content"] == "(sealed)"
    assert (shown[None]["customerName"], shown[None]["nik"], shown[None]["id"]) == ("(text)", "(text)", "P1")


async def test_a_replay_reads_the_text_that_was_encrypted(stage: Stage) -> None:
    await ingest(stage, [report("L1", broken=True, content=TEXT)])
    assert await replay(stage) == (1, 0)
    assert await stage.rows("select prose ->> 'content' from records") == [(TEXT,)]


async def test_what_still_cannot_be_read_comes_back_as_it_was(stage: Stage) -> None:
    await ingest(stage, [report("L1", broken=True, content=TEXT, **PERSONS)])
    before = [(entry.raw, entry.reason) for entry in await entries(stage)]
    assert await replay(stage, Fake) == (1, 1)
    assert [(entry.raw, entry.reason) for entry in await entries(stage)] == before
    assert await replay(stage) == (1, 0)
    assert await stage.rows("select prose ->> 'content' from records") == [(TEXT,)]


async def test_a_repeated_item_is_counted_although_its_text_is_sealed(stage: Stage) -> None:
    for _ in range(2):
        await ingest(stage, [report("L1", broken=True, content=TEXT)])
    await ingest(stage, [report("L1", broken=True, content=f"{TEXT}.")])
    assert sorted(entry.times for entry in await entries(stage)) == [1, 2]


async def test_what_is_discarded_keeps_nothing_and_stays_away(stage: Stage) -> None:
    await ingest(stage, [report("L1", broken=True, content=TEXT)])
    async with stage.database.write(CAUSE) as db:
        assert await quarantine.discard(db, [entry.id for entry in await entries(stage)]) == 1
    assert await stage.rows("select raw, reason, sealed, state from quarantine") == [({}, "", None, "DISCARDED")]
    await ingest(stage, [report("L1", broken=True, content=TEXT)])
    assert await stage.rows("select raw, reason, sealed, state from quarantine") == [({}, "", None, "DISCARDED")]


async def test_a_replay_counts_as_seen_when_the_item_came(stage: Stage) -> None:
    came = NOW - timedelta(days=2)
    await ingest(stage, [payment("P1", broken=True)], came)
    await replay(stage)
    assert await stage.rows("select seen_at from records") == [(came,)]


async def test_a_new_key_seals_it_anew(stage: Stage) -> None:
    await ingest(stage, [report("L1", broken=True, content=TEXT)])
    newer = FieldCipher([b"n" * 32, b"k" * 32], b"s" * 32)
    assert await reencrypt_all(stage.database, CAUSE, newer) >= 1
    async with stage.database.read() as db:
        assert (await key_usage(db, newer)).older == 0
    stage.cipher = FieldCipher([b"n" * 32], b"s" * 32)
    assert await replay(stage) == (1, 0)


async def test_a_page_may_have_more_faults_than_bind_parameters(stage: Stage) -> None:
    await ingest(stage, [payment(f"P{number}", broken=True) for number in range(7_000)])
    assert await stage.rows("select count(*), sum(times) from quarantine") == [(7_000, 7_000)]
    await ingest(stage, [payment("P1", broken=True)], NOW + timedelta(days=1))
    seen_again = "select raw ->> 'id', first_at, last_at from quarantine where times = 2"
    assert await stage.rows(seen_again) == [("P1", NOW, NOW + timedelta(days=1))]


async def test_many_values_are_bound_as_one_array(stage: Stage) -> None:
    many = range(1, 70_001)
    async with stage.database.write(CAUSE) as db:
        assert await operations.items(db, ids=many) == []
        assert await quarantine.remove_for_replay(db, "fake", many) == []
        assert await quarantine.discard(db, list(many)) == 0
        assert await load_records(db, "fake", Fake.kinds, [f"P{number}" for number in many]) == []
        assert await field_states.load(db, many, "fake") == []
        assert await lock_complaints(db, many) == []
        assert set(await status_histories(db, many)) == set(many)


@pytest.mark.parametrize("code", ["budi@warga.example", "0811 0000 0001", "x" * 150])
async def test_a_reason_repeats_no_value_that_may_be_a_persons(stage: Stage, code: str) -> None:
    await ingest(stage, [payment("P1", status=code)])
    assert [entry.reason for entry in await entries(stage)] == [f"status is unknown: a text of {len(code)} characters"]


async def test_a_migration_reduces_old_entries_to_declared_columns(stage: Stage) -> None:
    await ingest(stage, [payment("P1", broken=True)])
    old = """update quarantine set declared = false, raw = '{"id": "P1", "nik": "3399014107900001", "title": "Uji"}'"""
    await stage.run(old)
    await migrate.migrate(stage.settings.database_url or "", [Fake.declaration(FakeSettings())])
    (entry,) = await entries(stage)
    assert entry.raw == {"id": "P1", "nik": "(text)", "title": "(sealed)"}
    await stage.run(f"{old}, system = 'fake'")

    class Else(Fake):
        name = "other"

    await migrate.migrate(stage.settings.database_url or "", [Else.declaration(FakeSettings())])
    assert await stage.rows("select raw from quarantine") == [({},)]
