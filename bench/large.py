"""A large data set: the measurements' year, copied until it has the rows of a province after some years.

``python -m bench.large FOLDER`` fills a private PostgreSQL in a folder, unless it is filled already, and serves it
until it is interrupted. Each copy of a complaint or record has an id, a ticket and external ids of its own, and times
some weeks earlier, within three years. A key that one record alone has, such as a payment's reference, is another one
in each copy; one that many share, such as an agency, is the same.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench import filled
from hub.runtime.embedded_postgres import THROWAWAY, EmbeddedPostgres

GOALS = {"gopay": 10_000_000, "lapor": 1_000_000, "blangkon": 1_000_000, "perizinan": 100_000}
"""Records of each system."""
COMPLAINTS = 1_000_000
STEP = 10_000_000
"""Added to a row's id for each copy."""
SETTINGS = {"maintenance_work_mem": "1GB", "max_wal_size": "16GB", "shared_buffers": "1GB", "max_connections": "200"}
SHARED_KEYS = ("agency", "area", "supplier", "nib", "npwp")

_EARLIER = "((n * 17) %% 730) * interval '1 day'"
_COPIES = "generate_series(1, %(copies)s) n"
_OWN = "case when name = any(%(shared)s) then value else value || '~' || n end"

_COMPLAINT = {
    "id": f"id + n * {STEP}::bigint",
    "ticket": "ticket || '-' || n",
    "code_seed": "gen_random_uuid()",
    **{
        name: f"{name} - {_EARLIER}"
        for name in ("received_at", "verified_at", "answered_at", "closed_at", "due_at", "updated_at")
    },
}
_COMPLAINT_PARTS = (
    f"""insert into complaint_keys select complaint_id + n * {STEP}::bigint, name, value || '~' || n
    from complaint_keys, {_COPIES} where complaint_id < {STEP}""",
    f"""insert into complaint_steps (complaint_id, action, status, role, actor, at, note)
    select complaint_id + n * {STEP}::bigint, action, status, role, actor, at - {_EARLIER}, note
    from complaint_steps, {_COPIES} where complaint_id < {STEP}""",
    f"""insert into counterparts select system, external_id || '~' || n, complaint_id + n * {STEP}::bigint, origin,
    linked_at - {_EARLIER} from counterparts, {_COPIES} where complaint_id < {STEP}""",
)
_RECORD = {
    "id": f"id + n * {STEP}::bigint",
    "external_id": "external_id || '~' || n",
    **{name: f"{name} - {_EARLIER}" for name in ("occurred_at", "updated_at")},
}
_RECORD_KEYS = f"""
insert into record_keys select system, record_id + n * {STEP}::bigint, kind, name, {_OWN}, occurred_at - {_EARLIER}
from record_keys, {_COPIES} where system = %(system)s and record_id < {STEP}
"""
_COUNTS = """
delete from record_counts;
insert into record_counts select system, kind, count(*) from records where gone_at is null group by system, kind;
delete from record_totals;
insert into record_totals select * from counted_totals('-infinity', 'infinity');
delete from record_fact_counts;
insert into record_fact_counts select d.* from systems s cross join lateral differing_fact_counts(s.name) d;
insert into complaint_totals select * from differing_complaint_totals()
"""
TABLES = ("complaints", "complaint_keys", "complaint_steps", "counterparts", "record_keys")


def enlarge(url: str, complaints: int = COMPLAINTS, records: Mapping[str, int] = GOALS) -> None:
    """Copy the rows of a filled database until it has so many complaints and records of each system.

    Only for its superuser.
    """
    with psycopg.connect(url, autocommit=True) as db:
        # No history and no foreign keys: what is copied is right already.
        db.execute("set session_replication_role = replica")
        db.execute("set statement_timeout = 0")
        with _without_indexes(db):
            few = _rows(db, "select count(*) from complaints")
            copies: dict[str, Any] = {"copies": complaints // few, "shared": list(SHARED_KEYS)}
            _run(db, "complaints", _copies_of(db, "complaints", _COMPLAINT, f"id < {STEP}"), copies)
            for statement in _COMPLAINT_PARTS:
                _run(db, statement.split()[2], statement, copies)
            for system, goal in records.items():
                few = _rows(db, "select count(*) from records where system = %s", system)
                of = {**copies, "system": system, "copies": goal // few}
                own = f"system = %(system)s and id < {STEP}"
                _run(db, system, _copies_of(db, "records", _RECORD, own), of)
                _run(db, f"keys of {system}", _RECORD_KEYS, of)
        db.execute(_COUNTS)
        _run(db, "vacuum", "vacuum analyze", {})


def _copies_of(db: psycopg.Connection, table: str, changed: Mapping[str, str], which: str) -> str:
    """Return the statement that copies rows of ``table``, with other values in the ``changed`` columns."""
    found = db.execute("select column_name from information_schema.columns where table_name = %s", [table]).fetchall()
    names = [name for (name,) in found]
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    return (
        f"insert into {table} ({columns}) overriding system value select {values} from {table}, {_COPIES} where {which}"
    )


def _rows(db: psycopg.Connection, statement: str, *values: str) -> int:
    found = db.execute(statement, values).fetchone()
    assert found is not None
    return int(found[0])


def _run(db: psycopg.Connection, what: str, statement: str, values: dict[str, Any]) -> None:
    began = time.perf_counter()
    done = db.execute(statement, values)
    sys.stderr.write(f"{what}: {done.rowcount} rows, {time.perf_counter() - began:.0f} s\n")


@contextmanager
def _without_indexes(db: psycopg.Connection) -> Iterator[None]:
    """Drop the indexes of the tables that grow, and make them again at the end, which is faster; keep constraints."""
    found = db.execute(
        "select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i"
        " join pg_class t on t.oid = i.indrelid left join pg_constraint c on c.conindid = i.indexrelid"
        " where (t.relname = any(%s) or t.relname like 'records\\_%%') and t.relkind = 'r' and c.oid is null"
        " and not i.indisunique",
        [list(TABLES)],
    ).fetchall()
    for name, _ in found:
        db.execute(sql.SQL("drop index {}").format(sql.SQL(name)))
    yield
    for name, definition in found:
        _run(db, f"index {name}", definition, {})


async def fill(folder: Path, share: float) -> tuple[EmbeddedPostgres, str]:
    """Return the running server of ``folder`` and its URL; the folder is filled first if it is new."""
    done = folder / "filled"
    if folder.exists() and not done.exists():
        shutil.rmtree(folder)
    server = EmbeddedPostgres(folder / "pg", THROWAWAY | SETTINGS)
    url = server.start()
    if not done.exists():
        await filled.fill(url, folder)
        enlarge(url, int(COMPLAINTS * share), {system: int(goal * share) for system, goal in GOALS.items()})
        with psycopg.connect(url) as db:
            size = _rows(db, "select pg_database_size(current_database())")
        done.write_text(f"{size / 2**30:.1f} GiB\n")
    sys.stderr.write(f"{done.read_text().strip()} at {url}\n")
    return server, url


def main() -> None:
    """Fill and serve the large data set."""
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=1.0, help="of the full number of rows")
    options = parser.parse_args()
    server, _ = asyncio.run(fill(options.folder, options.share))
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    signal.sigwait(ends)
    server.stop()


if __name__ == "__main__":
    main()
