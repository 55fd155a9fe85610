"""What a write stores in the history, and what it must not store anywhere in plain text."""

from __future__ import annotations

from typing import Any

from tests.schema.complaint_mutations import move, submitted
from tests.schema.harness import OFFICER, Stage

CHANGES = "select fields, before, after, cause, actor, correlation from changes where kind = 'complaint' order by id"
PERSONAL = {
    "name": "Sri Wahyuni Uji",
    "phone": "+6281199998888",
    "email": "sri.uji@warga.example",
    "nik": "3399014107900001",
}
PROSE = ("Judul yang tidak boleh bocor", "Isi yang tidak boleh bocor.", "Catatan yang tidak boleh bocor.")


async def life(stage: Stage) -> str:
    """Return a complaint with recognisable words in all its prose."""
    title, text, note = PROSE
    received = await submitted(stage, title=title, text=text, reporter=PERSONAL, latitude=-7.1234, longitude=110.4321)
    ticket = received["ticket"]
    await move(stage, "verifyComplaint", ticket=ticket, verdict="RETURNED", note=note)
    await move(stage, "verifyComplaint", ticket=ticket, verdict="VERIFIED", idempotencyKey="a-key-of-mine")
    await move(stage, "assignComplaint", ticket=ticket, agencyCode="DISHUB")
    await move(stage, "respondToComplaint", ticket=ticket, text=note, final=True)
    return str(ticket)


async def test_every_transition_appends_a_change_with_its_cause(stage: Stage) -> None:
    ticket = await life(stage)
    rows = await stage.rows(CHANGES)
    causes = ["submitComplaint", "verifyComplaint", "verifyComplaint", "assignComplaint", "respondToComplaint"]
    assert [row[3] for row in rows] == [f"mutation:{cause}" for cause in causes]
    assert {row[4] for row in rows} == {OFFICER.name}
    assert len({row[5] for row in rows}) == 5
    created, *moved = rows
    assert (created[1], created[2]["status"], created[2]["ticket"]) == (None, "RECEIVED", ticket)
    assert [(row[1]["status"], row[2]["status"]) for row in moved] == [
        ("RECEIVED", "RETURNED"),
        ("RETURNED", "VERIFIED"),
        ("VERIFIED", "ASSIGNED"),
        ("ASSIGNED", "ANSWERED"),
    ]
    assert all(set(row[0]) == set(row[1]) == set(row[2]) for row in moved)
    assert moved[2][0] == ["agency_code", "status"]


async def test_a_change_has_its_valid_time_and_its_recorded_time(stage: Stage) -> None:
    await life(stage)
    query = """select c.effective_at = s.at, c.recorded_at - c.effective_at < interval '1 minute'
        from (select *, row_number() over (order by id) n from changes) c
        join (select *, row_number() over (order by id) n from complaint_steps) s using (n)"""
    assert await stage.rows(query) == [(True, True)] * 5


async def test_a_changed_title_is_named_and_not_copied(stage: Stage) -> None:
    await life(stage)
    await stage.run("update complaints set title = 'Judul baru', latitude = -7.5, updated_at = now()")
    fields, before, after, *_ = (await stage.rows(CHANGES))[-1]
    assert (fields, before, after) == (["latitude", "title"], {}, {})


async def dump(stage: Stage, table: str) -> str:
    """Return all values of a table as text, bytes included."""
    rows = await stage.rows(f"select t::text from {table} t")
    raw = await stage.rows(f"select to_jsonb(t)::text from {table} t")
    return "\n".join(str(value) for (value,) in (*rows, *raw))


async def test_no_text_and_no_reporter_is_in_the_history_or_the_keys(stage: Stage) -> None:
    await life(stage)
    for table in ("changes", "idempotency"):
        found = await dump(stage, table)
        assert len(found) > 100
        for value in (*PERSONAL.values(), *PROSE, "bocor", "-7.1234", "110.4321"):
            assert value not in found, (table, value)
            assert value.encode().hex() not in found, (table, value)


async def test_a_reporter_is_in_no_table_in_clear(stage: Stage) -> None:
    await life(stage)
    tables = [name for (name,) in await stage.rows("select tablename from pg_tables where schemaname = 'public'")]
    assert "reporters" in tables
    for table in tables:
        found = await dump(stage, f'"{table}"')
        for value in (*PERSONAL.values(), "81199998888"):
            assert value not in found, (table, value)
            assert value.encode().hex() not in found, (table, value)


async def test_the_tracking_code_is_in_no_table(stage: Stage) -> None:
    code = (await submitted(stage))["trackingCode"]
    tables = [name for (name,) in await stage.rows("select tablename from pg_tables where schemaname = 'public'")]
    for table in tables:
        found: Any = await dump(stage, f'"{table}"')
        assert code not in found
        assert code.replace("-", "") not in found


async def test_the_same_person_is_found_by_hash_in_any_number_format(stage: Stage) -> None:
    for key, phone in (("key-00000001", "0811 9999 8888"), ("key-00000002", "+62-811-9999-8888")):
        await submitted(stage, idempotencyKey=key, reporter={"name": "Uji Coba", "phone": phone})
    assert await stage.rows("select count(*), count(distinct phone_hash), count(distinct sealed) from reporters") == [
        (2, 1, 2)
    ]
