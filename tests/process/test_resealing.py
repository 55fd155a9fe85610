"""``hub keys reseal`` as an operator uses it, killed in the middle too."""

from __future__ import annotations

import base64
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from hub.store import resealing
from hub.store.sealing import Seal
from tests.process import running

pytestmark = pytest.mark.whole

OLD, NEW, SECRET = b"k" * 32, b"n" * 32, "s" * 40
REPORTERS = 3 * resealing.BATCH
CAUSED = "select set_config('hub.' || name, 'test', true) from unnest('{cause,actor,correlation}'::text[]) name"


@pytest.fixture
def held(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with reporters whom the old key sealed."""
    seal = Seal([OLD], SECRET.encode())
    with psycopg.connect(database_url) as connection:
        connection.execute(CAUSED)
        connection.cursor().executemany(
            "insert into reporters (id, sealed) values (%s, %s)",
            [(id_, seal.seal({"name": "Uji Coba"}, f"reporters:{id_}")) for id_ in range(1, REPORTERS + 1)],
        )
        connection.commit()
        yield connection


def variables(folder: Path, database_url: str, *keys: bytes) -> dict[str, str]:
    """The settings of a hub with ``keys``."""
    words = ",".join(base64.b64encode(key).decode() for key in keys)
    return running.variables(
        folder, HUB_DATABASE_URL=database_url, HUB_PII_KEYS=words, HUB_SECRET_KEY=SECRET, HUB_CONNECTORS=","
    )


def opened(held: psycopg.Connection[Any], *keys: bytes) -> int:
    """How many reporters ``keys`` open; every one has to, or it raises."""
    seal = Seal(keys, SECRET.encode())
    rows = held.execute("select id, sealed from reporters").fetchall()
    held.commit()
    return sum(seal.open(sealed, f"reporters:{id_}") == {"name": "Uji Coba"} for id_, sealed in rows)


def test_a_run_that_is_killed_loses_nothing_and_is_begun_again(
    tmp_path: Path, database_url: str, held: psycopg.Connection[Any]
) -> None:
    env = variables(tmp_path, database_url, NEW, OLD)
    # The run waits at the last batch for as long as somebody else holds one of its rows.
    held.execute("select from reporters where id = %s for update", (REPORTERS,))
    with (
        psycopg.connect(database_url, autocommit=True) as other,
        running.started("keys", "reseal", env=env, log=tmp_path / "log") as process,
    ):
        anew = "select count(*) from reporters where substring(sealed for 4) = %s"
        for _ in running.until(30, "the run got nowhere", tmp_path / "log"):
            row = other.execute(anew, (Seal([NEW], b"").first,)).fetchone()
            if row == (2 * resealing.BATCH,):
                break
        os.kill(process.pid, signal.SIGKILL)
    held.rollback()
    assert opened(held, NEW, OLD) == REPORTERS
    assert "500 rows need an older key" in running.command("doctor", env=env)
    (line,) = running.command("keys", "reseal", "--json", env=env).splitlines()
    assert orjson.loads(line) == {"resealed": resealing.BATCH, "older": 0, "lacking": 0}
    assert opened(held, NEW) == REPORTERS
    told = running.command("keys", "reseal", env=variables(tmp_path, database_url, NEW))
    assert told == "0 rows sealed anew. No row needs an older key: HUB_PII_KEYS may hold its first one only.\n"


def test_a_key_that_is_lacking_is_told_and_nothing_is_lost(
    tmp_path: Path, database_url: str, held: psycopg.Connection[Any]
) -> None:
    env = variables(tmp_path, database_url, NEW)
    told = running.command("keys", "reseal", env=env, code=1)
    assert f"{REPORTERS} rows need a key that HUB_PII_KEYS does not hold" in told
    assert "FAIL keys" in running.command("doctor", env=env, code=1)
    assert opened(held, OLD) == REPORTERS
