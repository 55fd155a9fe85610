"""A new system is one new folder: outside of the package it is found, works in every respect, and can be removed."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg
import pytest

import hub.connectors
from hub.cli.scaffold import create_connector
from hub.complaints.calendar import JAKARTA
from hub.connectors import registry
from hub.testing.contract import ConnectorContract
from hub.testing.database_contract import DatabaseContract
from tests import hub_processes
from tests.waits import HANGS_AFTER, steps

pytestmark = pytest.mark.whole

TOKEN = "the-demo-officers-token-of-these-tests"
CORE = {"lapor", "gopay", "blangkon", "oss", "perizinan"}

SYSTEMS = "{ systems { name state recordCount asOf } }"
SUBMIT = """mutation { submitComplaint(input: {
  idempotencyKey: "lamp-0001", channel: WEB, class: COMPLAINT, areaCode: "33.74", title: "Lampu jalan padam",
  text: "Sudah tiga malam gelap.", reporter: {name: "Uji Coba", phone: "+62 811 0000 0000"}}) {
  ... on SubmitComplaintPayload { complaint { ticket } } } }"""
LAMPS = """query ($ticket: String!) {
  complaints(filter: {ticket: [$ticket]}) { edges { node { ticket lampsRecords { number status system { name } } } } }
  lampsRecords(first: 30, filter: {status: [OPEN]}) { totalCount edges { node {
    id number title changedAt asOf sourceStatus statusLabel(language: ID) complaints { ticket } } } }
  areas(first: 100) { edges { node { code lampsRecords(first: 1) { totalCount } } } }
}"""
PUBLIC = "{ lampsRecords { totalCount } }"
NODE = "query ($id: ID!) { node(id: $id) { id ... on LampsRecord { number } } }"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A path outside of the hub with the new folder, as the command creates it."""
    return create_connector("lamps", tmp_path_factory.mktemp("elsewhere")).parent


@pytest.fixture(scope="class")
def imported(request: pytest.FixtureRequest, folder: Path) -> Iterator[None]:
    """Sets the class's ``connector`` to the new one."""
    before = list(hub.connectors.__path__)
    assert "lamps" in registry.discover(folder)
    request.cls.connector = registry.load("lamps")
    yield
    hub.connectors.__path__[:] = before
    for name in [name for name in sys.modules if name.startswith("hub.connectors.lamps")]:
        del sys.modules[name]
    vars(hub.connectors).pop("lamps", None)
    assert "lamps" not in registry.discover()


@pytest.mark.usefixtures("imported")
class TestLamps(ConnectorContract, DatabaseContract):
    """The suites that every connector's folder inherits."""


class Commands:
    """The real commands with a database, with or without ``HUB_CONNECTORS_PATH``."""

    def __init__(self, folder: Path, tmp_path: Path, database_url: str) -> None:
        self._folder, self._tmp, self.database_url = folder, tmp_path, database_url

    def env(self, **given: str) -> dict[str, str]:
        """Return the environment without the new folder."""
        common = {"HUB_DATABASE_URL": self.database_url, "HUB_DEMO_OFFICER_TOKEN": TOKEN, "HUB_PULL_TICK": "0.2"}
        return hub_processes.variables(self._tmp, **common, **given)

    def with_folder(self, **given: str) -> dict[str, str]:
        """Return the environment with it."""
        return self.env(HUB_CONNECTORS_PATH=str(self._folder), **given)

    def rows(self, statement: str) -> list[Any]:
        """Return the rows of a query."""
        with psycopg.connect(self.database_url) as connection:
            return [row[0] for row in connection.execute(statement)]

    @contextlib.contextmanager
    def sandbox(self) -> Iterator[dict[str, str]]:
        """Run the sandbox; yield the variables that it prints."""
        log = self._tmp / "sandbox.log"
        with hub_processes.started("sandbox", "lamps", env=self.with_folder(), log=log):
            for _ in steps("no sandbox", log):
                if "HUB_LAMPS_TOKEN=" in log.read_text():
                    break
            yield dict(line.split("=", 1) for line in log.read_text().splitlines() if line.startswith("HUB_"))

    @contextlib.contextmanager
    def serving(self, env: dict[str, str]) -> Iterator[httpx.Client]:
        """Run ``hub serve``; yield a client with the officer's token."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log, url = self._tmp / "serve.log", f"http://127.0.0.1:{port}"
        with hub_processes.started("serve", "--port", str(port), env=env, log=log):
            for _ in steps("not ready", log):
                if hub_processes.status(f"{url}/readyz") == 200:
                    break
            login = {"Authorization": f"Bearer {TOKEN}"}
            with httpx.Client(base_url=url, headers=login, trust_env=False, timeout=HANGS_AFTER) as client:
                yield client


def ask(client: httpx.Client, query: str, **variables: Any) -> Any:
    """Return the data of a response without errors."""
    answer = client.post("/graphql", json={"query": query, "variables": variables}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def systems(client: httpx.Client) -> dict[str, Any]:
    """Return the systems of the graph."""
    return {system["name"]: system for system in ask(client, SYSTEMS)["systems"]}


@pytest.fixture
def commands(folder: Path, tmp_path: Path, database_url: str) -> Commands:
    return Commands(folder, tmp_path, database_url)


def test_a_folder_adds_a_system_and_without_it_its_copy_remains(commands: Commands) -> None:
    hub_processes.command("migrate", env=commands.with_folder())
    assert set(commands.rows("select name from systems where enabled")) == {*CORE, "lamps"}
    indexes = commands.rows("select indexname from pg_indexes where tablename = 'records_lamps'")
    assert {f"records_lamps_lamps_{what}" for what in ("occurred", "status", "area")} <= set(indexes)

    with commands.sandbox() as spoken:
        _its_job_pulls(commands, spoken)
        _the_graph_has_it(commands)
        result = orjson.loads(
            hub_processes.command("sync", "lamps", "--full", "--json", env=commands.with_folder(**spoken))
        )
        assert (result["outcome"], result["tally"]["created"], result["gone"]) == ("DONE", 0, 0)

    hub_processes.command("migrate", env=commands.env())
    _without_the_folder_only_the_copy_stays(commands)


def _its_job_pulls(commands: Commands, spoken: dict[str, str]) -> None:
    log = commands._tmp / "worker.log"
    with hub_processes.started("worker", env=commands.with_folder(HUB_LAMPS_PAGE_SIZE="7", **spoken), log=log):
        for _ in steps("no pull", log):
            if commands.rows("select name from systems where synced_at is not null") == ["lamps"]:
                break
    assert commands.rows("select count(*) from records_lamps") == [130]
    assert spoken["HUB_LAMPS_TOKEN"] not in log.read_text()


def _the_graph_has_it(commands: Commands) -> None:
    with psycopg.connect(commands.database_url) as connection:
        # The next ticket is the one that the sandbox's lamps name.
        connection.execute("insert into ticket_numbers values (%s, 900000)", [datetime.now(JAKARTA).year])
    with commands.serving(commands.with_folder()) as client:
        lamps = systems(client)["lamps"]
        assert (lamps["state"], lamps["recordCount"], bool(lamps["asOf"])) == ("UP", 130, True)
        ticket = ask(client, SUBMIT)["submitComplaint"]["complaint"]["ticket"]
        data = ask(client, LAMPS, ticket=ticket)
        (complaint,) = (edge["node"] for edge in data["complaints"]["edges"])
        assert len(complaint["lampsRecords"]) == 13
        assert {lamp["system"]["name"] for lamp in complaint["lampsRecords"]} == {"lamps"}
        # The sandbox closes one now and then, so which one is first depends on when it was pulled.
        still_open = [edge["node"] for edge in data["lampsRecords"]["edges"]]
        for lamp in still_open:
            assert lamp["complaints"] == ([{"ticket": ticket}] if lamp["number"].endswith("0") else [])
        first = still_open[0]
        assert (first["sourceStatus"], first["statusLabel"]) == ("open", "Terbuka")
        by_area = {area["node"]["code"]: area["node"]["lampsRecords"]["totalCount"] for area in data["areas"]["edges"]}
        assert (by_area["33.74"], by_area["33.01"], by_area["33.02"]) == (65, 65, 0)
        assert ask(client, NODE, id=first["id"])["node"] == {"id": first["id"], "number": first["number"]}
        del client.headers["Authorization"]
        assert ask(client, PUBLIC)["lampsRecords"]["totalCount"] == 0, "its folder does not open them"
        assert ask(client, NODE, id=first["id"])["node"] is None


def _without_the_folder_only_the_copy_stays(commands: Commands) -> None:
    with commands.serving(commands.env()) as client:
        lamps = systems(client)["lamps"]
        assert (lamps["state"], lamps["recordCount"]) == ("DISABLED", 130)
        answer = client.post("/graphql", json={"query": PUBLIC}).json()
        assert "lampsRecords" in answer["errors"][0]["message"]
    assert commands.rows("select count(*) from records_lamps") == [130]
    assert "There is no enabled system lamps" in hub_processes.command("sync", "lamps", env=commands.env(), code=2)


def test_its_types_are_a_part_of_the_graph_and_a_subgraph(commands: Commands) -> None:
    merged = hub_processes.command("schema", env=commands.with_folder())
    assert "type LampsRecord implements " in merged
    alone = hub_processes.command("schema", "--subgraph", "lamps", env=commands.with_folder())
    assert "type LampsRecord implements " in alone
    assert "lampsRecords: [LampsRecord!]" in alone.partition("type Complaint ")[2].partition("}")[0]
    assert "LampsRecord" not in hub_processes.command("schema", env=commands.env())


def test_its_own_setting_is_checked_like_the_hubs(commands: Commands) -> None:
    output = hub_processes.command("migrate", env=commands.with_folder(HUB_LAMPS_PAGE_SIZE="many"), code=2)
    assert output.startswith("HUB_LAMPS_PAGE_SIZE is wrong (")
    nowhere = commands.env(HUB_LAMPS_PAGE_SIZE="7", HUB_CONNECTORS=",") | {
        "HUB_DATABASE_URL": "postgresql://127.0.0.1:9/hub"
    }
    assert "Warning: HUB_LAMPS_PAGE_SIZE" in hub_processes.command("doctor", env=nowhere, code=1)
