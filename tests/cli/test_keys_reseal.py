"""``hub keys reseal``, also when it is killed."""

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

from hub.store import key_rotation
from hub.store.encryption import FieldCipher
from tests import hub_processes
from tests.waits import steps

pytestmark = pytest.mark.whole

OLD, NEW, SECRET = b"k" * 32, b"n" * 32, "s" * 40
REPORTERS = 3 * key_rotation.BATCH
CAUSED = "select set_config('hub.' || name, 'test', true) from unnest('{cause,actor,correlation}'::text[]) name"


@pytest.fixture
def reporters_db(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with reporters encrypted by the old key."""
    cipher = FieldCipher([OLD], SECRET.encode())
    with psycopg.connect(database_url) as connection:
        connection.execute(CAUSED)
        connection.cursor().executemany(
            "insert into reporters (id, sealed) values (%s, %s)",
            [(id_, cipher.encrypt({"name": "Uji Coba"}, f"reporters:{id_}")) for id_ in range(1, REPORTERS + 1)],
        )
        connection.commit()
        yield connection


def variables(folder: Path, database_url: str, *keys: bytes) -> dict[str, str]:
    """Return the settings of a hub with ``keys``."""
    encoded = ",".join(base64.b64encode(key).decode() for key in keys)
    return hub_processes.variables(
        folder, HUB_DATABASE_URL=database_url, HUB_PII_KEYS=encoded, HUB_SECRET_KEY=SECRET, HUB_CONNECTORS=","
    )


def opened(reporters_db: psycopg.Connection[Any], *keys: bytes) -> int:
    """Return how many reporters ``keys`` decrypt; raise if one cannot be decrypted."""
    cipher = FieldCipher(keys, SECRET.encode())
    rows = reporters_db.execute("select id, sealed from reporters").fetchall()
    reporters_db.commit()
    return sum(cipher.decrypt(sealed, f"reporters:{id_}") == {"name": "Uji Coba"} for id_, sealed in rows)


def test_a_run_that_is_killed_loses_nothing_and_is_begun_again(
    tmp_path: Path, database_url: str, reporters_db: psycopg.Connection[Any]
) -> None:
    env = variables(tmp_path, database_url, NEW, OLD)
    # The run waits at the last batch for as long as somebody else holds one of its rows.
    reporters_db.execute("select from reporters where id = %s for update", (REPORTERS,))
    with (
        psycopg.connect(database_url, autocommit=True) as other,
        hub_processes.started("keys", "reseal", env=env, log=tmp_path / "log") as process,
    ):
        anew = "select count(*) from reporters where substring(sealed for 4) = %s"
        for _ in steps("the run got nowhere", tmp_path / "log"):
            row = other.execute(anew, (FieldCipher([NEW], b"").key_id,)).fetchone()
            if row == (2 * key_rotation.BATCH,):
                break
        os.kill(process.pid, signal.SIGKILL)
    reporters_db.rollback()
    assert opened(reporters_db, NEW, OLD) == REPORTERS
    assert "500 rows need an older key" in hub_processes.doctor_findings(env)["keys"]["message"]
    (line,) = hub_processes.command("keys", "reseal", "--json", env=env).splitlines()
    assert orjson.loads(line) == {"resealed": key_rotation.BATCH, "older": 0, "lacking": 0}
    assert opened(reporters_db, NEW) == REPORTERS
    output = hub_processes.command("keys", "reseal", env=variables(tmp_path, database_url, NEW))
    assert output == "0 rows re-encrypted. No row needs an older key: HUB_PII_KEYS may contain the first one only.\n"


def test_a_missing_key_is_reported_and_nothing_is_lost(
    tmp_path: Path, database_url: str, reporters_db: psycopg.Connection[Any]
) -> None:
    env = variables(tmp_path, database_url, NEW)
    output = hub_processes.command("keys", "reseal", env=env, code=1)
    assert f"{REPORTERS} rows need a key that is not in HUB_PII_KEYS" in output
    assert not hub_processes.doctor_findings(env)["keys"]["ok"]
    assert opened(reporters_db, OLD) == REPORTERS
