"""A backup restores what was backed up, and a drill finds differences."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from hub.errors import BadSetting
from hub.runtime import dumps, postgres_programs
from tests import hub_processes

NOW = datetime(2026, 11, 28, 21, 15, tzinfo=UTC)


@pytest.fixture
def programs(postgres_url: str) -> None:
    """Skips, except in CI, if no pg_dump fits the server of the tests."""
    with psycopg.connect(postgres_url) as connection:
        version = connection.info.server_version // 10_000
    try:
        postgres_programs.find_programs(version)
    except BadSetting as lacking:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(lacking))


@pytest.fixture
async def filled(database_url: str, programs: None) -> str:
    """A migrated database with values whose text depends on settings of a session."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(
            "create table samples (id int primary key, at timestamptz, part float8, raw bytea, gone text)"
        )
        await connection.execute("alter table samples drop column gone")
        await connection.execute("insert into samples values (1, now(), 0.1, '\\x00ff'), (2, now(), 1e300, null)")
    return database_url


async def changed(url: str, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(statement)


async def databases(url: str) -> list[str]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = await connection.execute("select datname from pg_database where datname like 'hub_drill_%'")
        return [name for (name,) in await found.fetchall()]


async def test_what_a_backup_restores_is_what_was_backed_up(filled: str, tmp_path: Path) -> None:
    made = await dumps.dump(filled, tmp_path / "backups", NOW)
    file = tmp_path / "backups" / made["file"]
    assert sorted(each.name for each in file.parent.iterdir()) == [file.name, f"{file.name}.json"]
    assert {each.stat().st_mode & 0o777 for each in file.parent.iterdir()} == {0o600}
    assert made["tables"]["public.samples"]["rows"] == 2
    assert made["tables"]["public.agencies"]["rows"] > 0
    # Later changes are not what was backed up, and another session's settings count for nothing.
    await changed(filled, "insert into samples values (3, now(), 1, null)")
    await changed(
        filled, "do $$ begin execute format('alter role %I set timezone = %L', current_user, 'Asia/Jakarta'); end $$"
    )
    try:
        assert await dumps.drill(filled, file, dumps.read_manifest(file)) == []
    finally:
        await changed(filled, "do $$ begin execute format('alter role %I reset timezone', current_user); end $$")
    assert await databases(filled) == []


@pytest.mark.whole
async def test_a_drill_names_the_tables_that_are_not_as_they_were(filled: str, tmp_path: Path) -> None:
    first = await dumps.dump(filled, tmp_path, NOW)
    await changed(filled, "update samples set part = 0.2 where id = 1")
    await changed(filled, "create table more (id int)")
    second = await dumps.dump(filled, tmp_path, NOW.replace(hour=22))
    wrong = await dumps.drill(filled, tmp_path / second["file"], first)
    assert wrong == ["public.more was not in the backup.", "public.samples has 2 rows, but with other content."]
    await changed(filled, "drop table more; delete from samples where id = 2")
    third = await dumps.dump(filled, tmp_path, NOW.replace(hour=23))
    wrong = await dumps.drill(filled, tmp_path / third["file"], second)
    assert wrong == ["public.more is missing.", "public.samples has 1 rows, not 2."]


async def test_a_dump_that_was_cut_off_is_not_restored(filled: str, tmp_path: Path) -> None:
    file = tmp_path / (await dumps.dump(filled, tmp_path, NOW))["file"]
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(BadSetting, match="it was truncated or changed"):
        dumps.read_manifest(file)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"null"])
def test_an_invalid_manifest_is_refused(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.dump").write_bytes(b"")
    with pytest.raises(BadSetting, match=r"cannot be read \(No such file or directory\)"):
        dumps.read_manifest(tmp_path / "a.dump")
    (tmp_path / "a.dump.json").write_bytes(text)
    with pytest.raises(BadSetting, match=r"a\.dump\.json is not a manifest"):
        dumps.read_manifest(tmp_path / "a.dump")


async def test_a_dump_that_fails_leaves_nothing(
    database_url: str, programs: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise postgres_programs.ProgramFailed("pg_dump failed: the disk is full.")

    monkeypatch.setattr(postgres_programs.Programs, "run", fail)
    with pytest.raises(postgres_programs.ProgramFailed):
        await dumps.dump(database_url, tmp_path, NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named_in_one_sentence() -> None:
    with pytest.raises(BadSetting, match=r"^pg_dump and pg_restore of PostgreSQL 99 or newer are required, and here"):
        postgres_programs.find_programs(99)


async def test_a_failure_is_reported_without_the_password(programs: None, database_url: str, tmp_path: Path) -> None:
    with pytest.raises(postgres_programs.ProgramFailed, match="pg_dump failed: ") as failed:
        await postgres_programs.find_programs(15).run("pg_dump", "postgresql://hub:kunci-rahasia@127.0.0.1:1/hub")
    assert "kunci" not in str(failed.value)


@pytest.mark.whole
def test_the_commands_make_a_backup_and_prove_it(filled: str, tmp_path: Path) -> None:
    env = hub_processes.variables(tmp_path, HUB_DATABASE_URL=filled)
    made = orjson.loads(hub_processes.command("backup", "make", str(tmp_path / "backups"), "--json", env=env))
    output = hub_processes.command("backup", "drill", str(tmp_path / "backups" / made["file"]), env=env)
    assert "are identical" in output
    assert f"backup:{made['file']}" in hub_processes.command("audit", "--action", "backup:make", env=env)
    manifest = tmp_path / "backups" / f"{made['file']}.json"
    manifest.write_bytes(orjson.dumps({**made, "tables": {}}))
    output = hub_processes.command("backup", "drill", str(manifest.with_suffix("")), env=env, code=1)
    assert "public.agencies was not in the backup." in output
