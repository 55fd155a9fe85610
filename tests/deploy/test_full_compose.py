"""deploy/compose.full.yml: what it adds is hardened as the rest, and all services that can run here work together."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from hub.schema.graph import PARTS
from hub.settings import Settings, variable_name
from tests.clients import CLIENTS, IN_CI, install, needs_node
from tests.deploy.composed import POSTGRES, ROOT, Composed, in_order, merged
from tests.deploy.test_containers import COMPOSE, TLS
from tests.waits import HANGS_AFTER, steps

pytestmark = pytest.mark.whole

FULL = ROOT / "deploy" / "compose.full.yml"
OWN: dict[str, dict[str, Any]] = yaml.safe_load(FULL.read_text())["services"]
SERVICES = merged((COMPOSE, TLS, FULL))
ADDED = sorted(OWN.keys() - yaml.safe_load(COMPOSE.read_text())["services"].keys() - {"proxy"})
NAMES = [part.name for part in PARTS]
RUN = ["postgres", "replica", "pgbouncer", "redis", "migrate", "web", "worker", *NAMES, "compose", "gateway"]
"""nginx and Prometheus are tried with their files alone; Grafana is not here."""
ADDRESSES = [
    *("postgres:5432", "replica:5432", "pgbouncer:6432", "redis:6379", "web:8000", "gateway:4000"),
    *(f"{name}:8000" for name in NAMES),
]
OFFICER = "token-of-the-officer-of-all-parts"
SUBMIT = """mutation { submitComplaint(input: {idempotencyKey: "all-parts-0001", channel: WEB, class: COMPLAINT,
  title: "Bus tidak berhenti", text: "Bus melewati halte tanpa berhenti.", areaCode: "33.74", anonymous: true})
  { ... on SubmitComplaintPayload { complaint { ticket } } } }"""
READ = """query($ticket: String!) { complaint(ticket: $ticket) {
  ticket title centralReport { status } payments { status } } }"""

needs_programs = pytest.mark.skipif(
    not IN_CI and not all((POSTGRES.exists(), shutil.which("pgbouncer"), shutil.which("redis-server"))),
    reason="PostgreSQL 15, PgBouncer or Redis is not installed.",
)


def test_the_file_fits_its_schema() -> None:
    schema = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec", FULL)
    subprocess.run([Path(sys.executable).parent / schema[0], *schema[1:]], check=True)


@pytest.mark.parametrize("name", ADDED)
def test_a_service_of_the_full_file_may_do_little(name: str) -> None:
    service = OWN[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in service
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_what_services_mount_is_there() -> None:
    sources = [
        volume.split(":")[0] for service in OWN.values() for volume in service.get("volumes", ()) if volume[0] == "."
    ]
    assert [source for source in sources if not (ROOT / source).is_file()] == []
    scripts = [ROOT / source for source in sources if source.endswith(".sh")]
    assert [script for script in scripts if not script.stat().st_mode & 0o111] == []


def test_each_part_has_a_service_like_that_of_the_worker() -> None:
    assert [OWN[name]["command"] for name in NAMES] == [["serve", "--subgraph", name] for name in NAMES]
    worker = {**SERVICES["worker"], "environment": None, "depends_on": None}
    for name in NAMES:
        part = {**OWN[name], "environment": None, "depends_on": None, "command": ["worker"]}
        differing = {key for key in worker.keys() | part.keys() if worker.get(key) != part.get(key)}
        assert differing == {"healthcheck", "mem_limit", "cpus", "deploy"}
        lacking = SERVICES["worker"]["environment"].items() - OWN[name]["environment"].items()
        assert lacking == set()
    composed = re.findall(r"(\w+)=http://\1:8000/graphql", OWN["compose"]["command"][-1])
    assert sorted(composed) == sorted(NAMES) == sorted(OWN["compose"]["depends_on"])
    targets = yaml.safe_load((ROOT / "deploy/prometheus.yml").read_text())["scrape_configs"][0]["static_configs"]
    assert targets == [{"targets": [f"{name}:8000" for name in ("web", *NAMES)]}]


def test_variables_are_settings_and_passwords_come_from_outside() -> None:
    known = {variable_name(Settings, name) for name in Settings.model_fields}
    named = {name for service in OWN.values() for name in service.get("environment", ())}
    assert {name for name in named if name.startswith("HUB_")} <= known
    passwords = re.findall(r"\$\{(\w+_PASSWORD)(\S*)", FULL.read_text())
    assert passwords
    assert all(default.startswith(":?") for _, default in passwords)
    asked = {name for name, _ in passwords} | {"POSTGRES_OWNER_PASSWORD"}
    with_dotenv = [service for service in SERVICES.values() if "env_file" in service]
    for service in with_dotenv:
        assert {name for name in asked - {"POSTGRES_PASSWORD"} if service["environment"].get(name) != ""} == set()


def test_the_gateway_and_the_composer_are_those_that_are_tried() -> None:
    tried = json.loads((CLIENTS / "package.json").read_text())["dependencies"]
    composing = json.loads((ROOT / "deploy/composition/package.json").read_text())["dependencies"]
    assert {name: tried[name] for name in composing} == composing
    assert OWN["gateway"]["image"].endswith(f":{tried['@graphql-hive/gateway']}")


@pytest.mark.skipif(shutil.which("promtool") is None and not IN_CI, reason="promtool is not installed.")
@pytest.mark.outside
def test_prometheus_takes_its_file_and_the_alerts(tmp_path: Path) -> None:
    shutil.copy(ROOT / "deploy/prometheus.yml", tmp_path)
    shutil.copy(ROOT / "docs/alerts.yml", tmp_path)
    done = subprocess.run(["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"alerts.yml\n  SUCCESS: \d+ rules found", done.stdout), done.stdout


@pytest.fixture(scope="module")
def parts() -> Iterator[Composed]:
    """All services that can run here, in the order of the file."""
    with tempfile.TemporaryDirectory(prefix="hub-composed-") as name:
        folder = Path(name)
        # The servers that run as another user pass through.
        folder.chmod(0o711)
        passwords = {
            f"{role}_PASSWORD": f'{role.lower()}\'s "secret"'
            for role in ("POSTGRES", "POSTGRES_OWNER", "POSTGRES_REPLICA", "GRAFANA")
        }
        passwords["POSTGRES_PASSWORD"], passwords["POSTGRES_OWNER_PASSWORD"] = "a1b2c3d4e5f6a7b8", "b1b2c3d4e5f6a7b8"
        dotenv = {**passwords, "HUB_DEMO_OFFICER_TOKEN": OFFICER, "HUB_CONNECTORS": ","}
        ports = {address: str(_free_port()) for address in ADDRESSES}
        composed = Composed(SERVICES, folder, dotenv, ports, _local(folder, ports))
        with composed.open:
            for each in RUN:
                composed.prepare(each)
            _initialize(composed)
            for group in in_order(SERVICES, RUN):
                composed.up(group)
            yield composed


def _local(folder: Path, ports: dict[str, str]) -> dict[str, tuple[list[str], dict[str, str]]]:
    def server(name: str) -> list[str]:
        given = {"port": ports[f"{name}:5432"], "listen_addresses": "127.0.0.1", "fsync": "off"}
        given["unix_socket_directories"] = str(folder / "volumes" / name)
        return [part for key, value in given.items() for part in ("-c", f"{key}={value}")]

    data = "18/docker"
    return {
        "postgres": (server("postgres"), {"PGDATA": str(folder / "volumes/postgres" / data)}),
        "replica": (
            server("replica"),
            {
                "PGDATA": str(folder / "volumes/replica" / data),
                "PGHOST": "127.0.0.1",
                "PGPORT": ports["postgres:5432"],
            },
        ),
        "redis": (["--port", ports["redis:6379"], "--bind", "127.0.0.1"], {}),
    }


def _initialize(composed: Composed) -> None:
    """Do what the image of PostgreSQL does on an empty volume: make the cluster, and run the scripts on it."""
    name, folder, user = "postgres", composed.folder / "postgres", composed.user("postgres")
    env = composed.environment(name) | {"POSTGRES_USER": "postgres", "PGHOST": str(folder)}

    def run(*command: str | Path) -> None:
        subprocess.run(command, env=env, check=True, capture_output=True, user=user, group=user, cwd=folder)

    folder.mkdir(exist_ok=True)
    if user is not None:
        os.chown(folder, user, user)
    run("initdb", "--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256")
    options = f"-c listen_addresses= -c fsync=off -c unix_socket_directories={folder}"
    run("pg_ctl", "start", "--wait", f"--options={options}", f"--log={folder}/initial.log")
    try:
        for script in sorted((folder / "docker-entrypoint-initdb.d").iterdir()):
            run(script)
    finally:
        run("pg_ctl", "stop", "--wait")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@needs_node
@needs_programs
@pytest.mark.outside
@pytest.mark.timeout(3 * HANGS_AFTER)
async def test_all_parts_of_the_full_file_work_together(request: pytest.FixtureRequest) -> None:
    await install()
    composed: Composed = request.getfixturevalue("parts")
    gateway, web = (f"http://127.0.0.1:{composed.ports[address]}" for address in ("gateway:4000", "web:8000"))
    headers = {"Authorization": f"Bearer {OFFICER}", "Hub-Purpose": "handling"}
    async with httpx.AsyncClient(headers=headers, timeout=HANGS_AFTER, trust_env=False) as http:
        submitted = (await http.post(f"{gateway}/graphql", json={"query": SUBMIT})).json()
        ticket = submitted["data"]["submitComplaint"]["complaint"]["ticket"]
        body = {"query": READ, "variables": {"ticket": ticket}}
        through, direct = [(await http.post(f"{at}/graphql", json=body)).json() for at in (gateway, web)]
        assert through["data"] == direct["data"]
        assert through["data"]["complaint"]["ticket"] == ticket
        # The replica has what was just written, or is asked once it has.
        for _ in steps("the replica answers nothing"):
            await http.post(f"{web}/graphql", json=body)
            if re.search(r'hub_snapshots_total\{where="replica"\} [1-9]', (await http.get(f"{web}/metrics")).text):
                break
    assert {name: process.poll() for name, process in composed.running.items()} == {
        name: 0 if name in ("migrate-0", "compose-0") else None for name in composed.running
    }
    assert {"worker-0", "worker-1", *(f"{name}-0" for name in NAMES)} <= composed.running.keys()
