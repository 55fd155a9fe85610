"""The hub works with a role that owns nothing, from the first migration to a pull and a complaint."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from psycopg import sql

from tests import hub_processes
from tests.conftest import on, temporary_database
from tests.waits import HANGS_AFTER, steps

pytestmark = [pytest.mark.whole, pytest.mark.timeout(2 * HANGS_AFTER)]

SUBMIT = """mutation {submitComplaint(input: {
  idempotencyKey: "roles-0001", channel: GOJEK, class: COMPLAINT, areaCode: "33.74"
  title: "Bus tidak berhenti di halte", text: "Bus koridor 7 lewat tanpa berhenti di halte.", anonymous: true
  reporter: {name: "Uji Coba", phone: "+62 811 0000 0000"}}) {... on SubmitComplaintPayload {ticket}}}"""
SYSTEMS = "{systems {name state recordCount} complaints(first: 1) {totalCount}}"


@dataclass(frozen=True)
class Roles:
    """Two roles, and a database that the first one owns; sessions use the second one by default."""

    owner: str
    application: str
    url: str

    def variables(self, folder: Path, **given: str) -> dict[str, str]:
        """Return the environment of a hub that works with the second role."""
        return hub_processes.variables(folder, HUB_DATABASE_URL=self.url, **given)

    @property
    def migration_url(self) -> str:
        return f"{self.url}{'&' if '?' in self.url else '?'}options=-crole%3D{self.owner}"


@pytest.fixture
async def two(postgres_url: str) -> AsyncIterator[Roles]:
    suffix = uuid.uuid4().hex[:8]
    roles = (f"hub_owner_{suffix}", f"hub_app_{suffix}")
    owner, application = map(sql.Identifier, roles)
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as server:
        for role in (owner, application):
            await server.execute(sql.SQL("create role {}").format(role))
        try:
            async with temporary_database(postgres_url) as name:
                database = sql.Identifier(name)
                await server.execute(sql.SQL("alter database {} owner to {}").format(database, owner))
                await server.execute(sql.SQL("alter database {} set role = {}").format(database, application))
                yield Roles(*roles, on(postgres_url, name))
        finally:
            for role in (owner, application):
                await server.execute(sql.SQL("drop role {}").format(role))


async def test_a_hub_works_as_a_role_that_owns_nothing(two: Roles, tmp_path: Path) -> None:
    env = two.variables(tmp_path, HUB_MIGRATION_DATABASE_URL=two.migration_url, HUB_CONNECTORS="lapor")
    with hub_processes.started("run", "--demo", env=env, log=tmp_path / "log") as process:
        run = tmp_path / ".hub" / "run.json"
        for _ in steps("not ready", tmp_path / "log"):
            assert process.poll() is None, (tmp_path / "log").read_text()
            if run.exists() and hub_processes.status(f"{orjson.loads(run.read_bytes())['url']}/readyz") == 200:
                break
        info = orjson.loads(run.read_bytes())
        answer = _ask(info, "partner", SUBMIT)
        assert answer["submitComplaint"]["ticket"], answer
        for _ in steps("no first pull", tmp_path / "log"):
            if "\nlapor      up " in (tmp_path / "log").read_text():
                break
        (system,) = _ask(info, "officer", SYSTEMS)["systems"]
        assert system["recordCount"] > 4_000
        assert "done" in hub_processes.command("sync", "lapor", env=env)
    logs = "".join(log.read_text() for log in (tmp_path / ".hub" / "logs").iterdir())
    assert "permission denied" not in logs
    assert "InsufficientPrivilege" not in logs
    assert await _owners(two.url) == {two.owner}
    _missing_grants_are_listed(two, tmp_path)


def _missing_grants_are_listed(two: Roles, folder: Path) -> None:
    output = hub_processes.command("migrate", env=two.variables(folder, HUB_CONNECTORS="lapor,gopay"), code=2)
    assert "HUB_MIGRATION_DATABASE_URL" in output


def _ask(info: dict[str, Any], who: str, query: str) -> dict[str, Any]:
    headers = {
        "Authorization": f"Bearer {info['tokens'][who]}",
        "Content-Type": "application/json",
        "Hub-Purpose": "handling",
    }
    request = urllib.request.Request(f"{info['url']}/graphql", json.dumps({"query": query}).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        data: dict[str, Any] = orjson.loads(answer.read())["data"]
    return data


async def _owners(url: str) -> set[str]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = await connection.execute(
            "select distinct pg_get_userbyid(relowner) from pg_class where relnamespace = 'public'::regnamespace"
        )
        return {name for (name,) in await found.fetchall()}
