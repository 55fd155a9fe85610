"""Writes a database dump with a manifest of the same snapshot, and restores it to compare the two."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg import IsolationLevel, conninfo, sql

from hub.errors import BadSetting
from hub.runtime import postgres_programs
from hub.runtime.durability import fsync
from hub.store.schema_version import state
from hub.store.table_digests import TableDigest, differences, digest_tables


async def dump(url: str, folder: Path, now: datetime) -> dict[str, Any]:
    """Write a dump and its manifest to ``folder`` and return the manifest; an incomplete dump is never visible."""
    try:
        _make_folder(folder)
        name = f"hub-{now:%Y%m%dT%H%M%SZ}.dump"
        unfinished = folder / f".{name}.{uuid.uuid4().hex[:8]}"
        try:
            manifest = {"file": name, "made_at": now.isoformat(timespec="seconds"), **await _dump(url, unfinished)}
            _write_private(folder / f"{name}.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
            fsync(unfinished)
            unfinished.rename(folder / name)
            fsync(folder)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise BadSetting(f"{folder} cannot be written to ({error.strerror}): name another folder.") from None
    return manifest


async def _dump(url: str, file: Path) -> dict[str, Any]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        server = connection.info.server_version // 10_000
        programs = postgres_programs.find_programs(server)
        (snapshot,) = await (await connection.execute("select pg_export_snapshot()")).fetchone() or ("",)
        options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={file}")
        await programs.run("pg_dump", url, *options)
        tables = {name: asdict(content) for name, content in (await digest_tables(connection)).items()}
    migration = (await state(url)).current
    return {
        "migration": migration,
        "server": server,
        "pg_dump": programs.version,
        **_file_facts(file),
        "tables": tables,
    }


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _file_facts(file: Path) -> dict[str, Any]:
    return {"bytes": file.stat().st_size, "sha256": _sha256(file)}


def _write_private(file: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, and flush it to disk."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def read_manifest(file: Path) -> dict[str, Any]:
    """Return the manifest of a dump; ``BadSetting`` if a file is missing or the dump was changed."""
    try:
        content: dict[str, Any] = orjson.loads(file.with_name(f"{file.name}.json").read_bytes())
        intact = _sha256(file) == content["sha256"]
    except OSError as error:
        raise BadSetting(
            f"{error.filename} cannot be read ({error.strerror}): name a dump of `hub backup make` with its manifest"
            " (.dump.json) beside it."
        ) from None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise BadSetting(f"{file.name}.json is not a manifest of `hub backup make`.") from None
    if not intact:
        raise BadSetting(f"{file.name} is not as it was written: it was truncated or changed.")
    return content


async def drill(url: str, file: Path, expected: dict[str, Any]) -> list[str]:
    """Restore ``file`` on the server of ``url``, and return the differences from ``expected``, its manifest."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        server = connection.info.server_version // 10_000
        programs = postgres_programs.find_programs(max(server, expected["pg_dump"]))
        async with _scratch_database(connection, url) as restored:
            options = ("--no-owner", "--no-privileges", "--exit-on-error", str(file))
            await programs.run("pg_restore", restored, *options)
            async with await psycopg.AsyncConnection.connect(restored) as there:
                found = await digest_tables(there)
    return differences({name: TableDigest(**table) for name, table in expected["tables"].items()}, found)


@asynccontextmanager
async def _scratch_database(connection: psycopg.AsyncConnection[Any], url: str) -> AsyncIterator[str]:
    """Yield the URL of an empty database on the server of ``connection``, which is dropped afterwards."""
    name = f"hub_drill_{uuid.uuid4().hex[:12]}"
    try:
        await connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege:
        raise BadSetting(
            "The drill creates a database, and the role of HUB_DATABASE_URL may not: for this command, set"
            " HUB_DATABASE_URL to the URL of the role that owns the tables, or to another server."
        ) from None
    try:
        yield conninfo.make_conninfo(url, dbname=name)
    finally:
        await connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
