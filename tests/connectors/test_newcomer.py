"""One new system is one new folder: written somewhere else, it is found, works in every respect, and is gone again."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg
import pytest

import hub.connectors
from hub.connectors import registry
from tests.connectors.contract import ConnectorContract
from tests.connectors.contract_db import DatabaseContract, kept, told
from tests.process import running as processes

pytestmark = pytest.mark.whole

__all__ = ["kept", "told"]

WRITTEN = Path(__file__).with_name("newcomer")
TOKEN = "the-demo-officers-token-of-these-tests"
CORE = {"lapor", "gopay", "blangkon"}

SYSTEMS = "{ systems { name state records asOf } }"
SUBMIT = """mutation { submitComplaint(input: {
  idempotencyKey: "lamp-0001", channel: WEB, class: COMPLAINT, areaCode: "33.74", title: "Lampu jalan padam",
  text: "Sudah tiga malam gelap.", reporter: {name: "Uji Coba", phone: "+62 811 0000 0000"}}) {
  ... on ComplaintReceived { complaint { ticket } } } }"""
LAMPS = """query ($ticket: String!) {
  complaints(filter: {ticket: [$ticket]}) { edges { node { ticket streetLamps { number status system { name } } } } }
  streetLamps(first: 2, filter: {status: [BROKEN]}) { totalCount edges { node {
    id number street changedAt asOf statusTold statusLabel(language: ID) complaints { ticket } } } }
  areas(first: 100) { edges { node { code streetLamps(first: 1) { totalCount } } } }
}"""
NODE = "query ($id: ID!) { node(id: $id) { id ... on StreetLamp { number } } }"


@pytest.fixture(scope="class")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A path outside of the hub with the new folder in it."""
    path = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(WRITTEN, path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return path


@pytest.fixture(scope="class")
def imported(request: pytest.FixtureRequest, folder: Path) -> Iterator[None]:
    """The class's ``connector`` is the new one, until the class is done."""
    before = list(hub.connectors.__path__)
    assert "lamps" in registry.found(folder)
    request.cls.connector = registry.load("lamps")
    yield
    hub.connectors.__path__[:] = before
    for name in [name for name in sys.modules if name.startswith("hub.connectors.lamps")]:
        del sys.modules[name]
    vars(hub.connectors).pop("lamps", None)
    assert "lamps" not in registry.found()


@pytest.mark.usefixtures("imported")
class TestLamps(ConnectorContract, DatabaseContract):
    """The suites that every connector's folder inherits."""


class Commands:
    """The real commands with a database, where ``HUB_CONNECTORS_PATH`` is set or not."""

    def __init__(self, folder: Path, tmp_path: Path, database_url: str) -> None:
        self._folder, self._tmp, self.database_url = folder, tmp_path, database_url

    def env(self, **given: str) -> dict[str, str]:
        """The environment without the new folder."""
        common = {"HUB_DATABASE_URL": self.database_url, "HUB_DEMO_OFFICER_TOKEN": TOKEN, "HUB_PULL_TICK": "0.2"}
        return processes.variables(self._tmp, **common, **given)

    def with_folder(self, **given: str) -> dict[str, str]:
        """The environment with it."""
        return self.env(HUB_CONNECTORS_PATH=str(self._folder), **given)

    def rows(self, statement: str) -> list[Any]:
        """What a statement finds."""
        with psycopg.connect(self.database_url) as connection:
            return [row[0] for row in connection.execute(statement)]

    @contextlib.contextmanager
    def sandbox(self) -> Iterator[dict[str, str]]:
        """The variables that the sandbox prints, while it runs."""
        log = self._tmp / "sandbox.log"
        with processes.started("sandbox", "lamps", env=self.with_folder(), log=log):
            for _ in processes.until(20, "no sandbox", log):
                if "HUB_LAMPS_TOKEN=" in log.read_text():
                    break
            yield dict(line.split("=", 1) for line in log.read_text().splitlines() if line.startswith("HUB_"))

    @contextlib.contextmanager
    def serving(self, env: dict[str, str]) -> Iterator[httpx.Client]:
        """A client of ``hub serve`` with the officer's token."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log, url = self._tmp / "serve.log", f"http://127.0.0.1:{port}"
        with processes.started("serve", "--port", str(port), env=env, log=log):
            for _ in processes.until(30, "not ready", log):
                if processes.status(f"{url}/readyz") == 200:
                    break
            login = {"Authorization": f"Bearer {TOKEN}"}
            with httpx.Client(base_url=url, headers=login, trust_env=False, timeout=20) as client:
                yield client


def ask(client: httpx.Client, query: str, **variables: Any) -> Any:
    """The data of an answer without errors."""
    answer = client.post("/graphql", json={"query": query, "variables": variables}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def systems(client: httpx.Client) -> dict[str, Any]:
    """What the graph says of each system."""
    return {system["name"]: system for system in ask(client, SYSTEMS)["systems"]}


@pytest.fixture
def commands(folder: Path, tmp_path: Path, database_url: str) -> Commands:
    return Commands(folder, tmp_path, database_url)


def test_a_folder_is_all_a_new_system_needs_and_without_it_only_its_copy_stays(commands: Commands) -> None:
    processes.command("migrate", env=commands.with_folder())
    assert set(commands.rows("select name from systems where enabled")) == {*CORE, "lamps"}
    indexes = commands.rows("select indexname from pg_indexes where tablename = 'records_lamps'")
    assert {"records_lamps_lamp_occurred", "records_lamps_lamp_status", "records_lamps_lamp_street"} <= set(indexes)

    with commands.sandbox() as spoken:
        _its_job_pulls(commands, spoken)
        _the_graph_has_it(commands)
        told = orjson.loads(processes.command("sync", "lamps", "--full", "--json", env=commands.with_folder(**spoken)))
        assert (told["outcome"], told["tally"]["created"], told["gone"]) == ("DONE", 0, 0)

    processes.command("migrate", env=commands.env())
    _without_the_folder_only_the_copy_stays(commands)


def _its_job_pulls(commands: Commands, spoken: dict[str, str]) -> None:
    log = commands._tmp / "worker.log"
    with processes.started("worker", env=commands.with_folder(HUB_LAMPS_PAGE_SIZE="7", **spoken), log=log):
        for _ in processes.until(30, "no pull", log):
            if commands.rows("select name from systems where synced_at is not null") == ["lamps"]:
                break
    assert commands.rows("select count(*) from records_lamps") == [130]
    assert spoken["HUB_LAMPS_TOKEN"] not in log.read_text()


def _the_graph_has_it(commands: Commands) -> None:
    with commands.serving(commands.with_folder()) as client:
        lamps = systems(client)["lamps"]
        assert (lamps["state"], lamps["records"], bool(lamps["asOf"])) == ("UP", 130, True)
        ticket = ask(client, SUBMIT)["submitComplaint"]["complaint"]["ticket"]
        data = ask(client, LAMPS, ticket=ticket)
        (complaint,) = (edge["node"] for edge in data["complaints"]["edges"])
        assert len(complaint["streetLamps"]) == 13
        assert {lamp["system"]["name"] for lamp in complaint["streetLamps"]} == {"lamps"}
        first = data["streetLamps"]["edges"][0]["node"]
        assert first["complaints"] == [{"ticket": ticket}]
        assert (first["statusTold"], first["statusLabel"]) == ("padam", "Padam")
        by_area = {area["node"]["code"]: area["node"]["streetLamps"]["totalCount"] for area in data["areas"]["edges"]}
        assert (by_area["33.74"], by_area["33.01"], by_area["33.02"]) == (65, 65, 0)
        assert ask(client, NODE, id=first["id"])["node"] == {"id": first["id"], "number": first["number"]}


def _without_the_folder_only_the_copy_stays(commands: Commands) -> None:
    with commands.serving(commands.env()) as client:
        lamps = systems(client)["lamps"]
        assert (lamps["state"], lamps["records"]) == ("DISABLED", 130)
        answer = client.post("/graphql", json={"query": "{ streetLamps { totalCount } }"}).json()
        assert "streetLamps" in answer["errors"][0]["message"]
    assert commands.rows("select count(*) from records_lamps") == [130]
    assert "There is no enabled system lamps" in processes.command("sync", "lamps", env=commands.env(), code=2)


def test_its_types_are_a_part_of_the_graph_and_a_subgraph(commands: Commands) -> None:
    merged = processes.command("schema", env=commands.with_folder())
    assert "type StreetLamp implements " in merged
    alone = processes.command("schema", "--subgraph", "lamps", env=commands.with_folder())
    assert "type StreetLamp implements " in alone
    assert "streetLamps: [StreetLamp!]" in alone.partition("type Complaint ")[2].partition("}")[0]
    assert "StreetLamp" not in processes.command("schema", env=commands.env())


def test_its_own_setting_is_checked_like_the_hubs(commands: Commands) -> None:
    told = processes.command("migrate", env=commands.with_folder(HUB_LAMPS_PAGE_SIZE="many"), code=2)
    assert told.startswith("HUB_LAMPS_PAGE_SIZE is wrong (")
    assert "Warning: HUB_LAMPS_PAGE_SIZE" in processes.command(
        "doctor", env=commands.env(HUB_LAMPS_PAGE_SIZE="7", HUB_CONNECTORS=","), code=0
    )
