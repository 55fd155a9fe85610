"""The findings of ``hub doctor``: the server, what waits for a person, and what prevents ``serve``."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from hub.cli.diagnostics import diagnose
from hub.cli.finding import Finding
from hub.cli.pending_decisions import describe_pending
from hub.cli.server_checks import check_servers
from hub.errors import BadSetting
from hub.runtime.database_access import check_migrated, open_database
from hub.runtime.embedded_postgres import THROWAWAY, EmbeddedPostgres, embedded_postgres
from hub.runtime.local_keys import with_keys
from hub.runtime.run import prepare_database
from hub.settings import Settings
from hub.store import key_fingerprint
from hub.store.database import Cause
from tests.fake_connector import Fake, FakeSettings, order
from tests.schema.harness import DELIVERED, DISPUTED, staged

CLAIMED = (
    "insert into claims (system, external_id, complaint_id, source) select 'fake', 'R1', id, 'TAG' from complaints"
)
GIVEN_UP = """
insert into record_files (system, kind, external_id, source, name, attempts, due_at)
values ('fake', 'order', 'O1', 'http://127.0.0.1:9/one', 'one.pdf', 9, null)
"""


async def durability(url: str | None, folder: Path) -> Finding:
    found = await diagnose(Settings(database_url=url, data_dir=folder, connectors=()))
    return next(each for each in found if each.check == "durability")


async def test_a_server_with_asynchronous_commit_fails(empty_database_url: str, tmp_path: Path) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        await connection.execute(sql.SQL("alter database {} set synchronous_commit = off").format(name))
    found = await durability(empty_database_url, tmp_path)
    assert not found.ok
    assert "synchronous_commit is off: a crash may lose the latest commits" in found.message
    assert "Set these to on in postgresql.conf, and reload the server." in found.message


@pytest.mark.whole
async def test_a_server_that_never_waits_for_the_disk_is_no_good(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ".hub", THROWAWAY)
    try:
        found = await durability(server.start(), tmp_path)
    finally:
        server.destroy()
    assert not found.ok
    assert "fsync is off: " in found.message
    assert "full_page_writes is off: " in found.message
    assert "synchronous_commit is off" not in found.message


async def test_a_private_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = {each.check: each for each in await diagnose(Settings(data_dir=tmp_path / ".hub", connectors=()))}
    assert found["database"].message.startswith("There is no private database below")
    assert not (tmp_path / ".hub").exists()


@pytest.mark.whole
async def test_the_private_server_keeps_what_it_commits(tmp_path: Path) -> None:
    try:
        async with embedded_postgres(tmp_path / ".hub", share=True):
            pass
        found = await durability(None, tmp_path / ".hub")
    finally:
        EmbeddedPostgres(tmp_path / ".hub").destroy()
    assert (found.ok, found.message) == (True, "fsync, full_page_writes, synchronous_commit are on")


async def examined(at: Settings) -> dict[str, Finding]:
    return {each.check: each for each in await diagnose(at)}


async def test_pending_decisions_are_reported_and_are_no_failure(database_url: str, tmp_path: Path) -> None:
    at = Settings(database_url=database_url, data_dir=tmp_path, connectors=())
    assert (await examined(at))["waiting"].message == "nothing waits for a person"
    async with staged(database_url) as stage:
        await stage.pull(order("O1"), order("O2", status="FAILED"), order("O2", status="COMPLETED"), {"kind": "odd"})
        await stage.complaints("VERIFIED", [{}, {}])
        for statement in (DELIVERED, DISPUTED, CLAIMED, GIVEN_UP):
            await stage.run(statement)
        async with stage.database.read() as db:
            assert await describe_pending(db, [Fake.declaration(FakeSettings())]) == {
                "quarantine": "items that could not be read: 1 of fake; see `hub quarantine list`",
                "doubts": "records whose system contradicts itself: 1 of fake; see `hub doubts list`",
                "conflicts": "fields that differ from the other system's: 2 of fake; see `resolveConflict`",
                "claims": "reports that may be the same matter as a complaint: 2 of fake; see `resolveClaim`",
                "deliveries": "deliveries that are BLOCKED or OUTCOME_UNKNOWN: 2 of fake; see `hub deliveries list`",
                "files": "files whose download was given up: 1 of fake; see `hub sync NAME --full`",
            }
    found = await examined(at)
    assert found["deliveries"].ok
    assert "waiting" not in found


async def test_problems_that_stop_serve_are_reported(database_url: str, tmp_path: Path) -> None:
    issuers = tmp_path / "issuers.toml"
    at = Settings(database_url=database_url, data_dir=tmp_path, connectors=(), issuers_file=issuers)
    lacking = (await examined(at))["issuers"]
    assert not lacking.ok
    assert "HUB_ISSUERS_FILE" in lacking.message
    issuers.write_text("")
    assert (await examined(at))["issuers"] == Finding("issuers", True, "0 issuers and 0 logins in HUB_ISSUERS_FILE")


async def test_another_secret_key_stops_serve_until_it_is_accepted(database_url: str, tmp_path: Path) -> None:
    at = Settings(database_url=database_url, data_dir=tmp_path, connectors=(), secret_key=SecretStr("a" * 40))
    assert "no fingerprint" in (await examined(at))["secret"].message
    await check_migrated(with_keys(at))
    await check_migrated(with_keys(at))
    assert (await examined(at))["secret"].ok
    other = with_keys(at.model_copy(update={"secret_key": SecretStr("b" * 40)}))
    finding = (await examined(other))["secret"]
    assert not finding.ok
    with pytest.raises(BadSetting, match=re.escape(finding.message)):
        await check_migrated(other)
    with pytest.raises(BadSetting, match=r"^HUB_SECRET_KEY is not the key"):
        await prepare_database(other, with_demo=False)
    async with open_database(other) as store, store.write(Cause("test", "operator", "run-1")) as db:
        await key_fingerprint.replace(db, other.secret)
    await check_migrated(other)
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        (kept,) = await (await connection.execute("select hash from secret_fingerprint")).fetchall()
    assert other.secret not in kept[0]


async def test_production_is_shown_the_database_role(database_url: str, tmp_path: Path) -> None:
    at = Settings(database_url=database_url, data_dir=tmp_path, connectors=())
    assert "role" not in await examined(at)
    (role,) = await check_servers(at.model_copy(update={"env": "production"}))
    assert role.ok
    assert "is a superuser" in role.message
    assert "HUB_MIGRATION_DATABASE_URL" in role.message
