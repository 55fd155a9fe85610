"""The services of several compose files merged as compose does, and run as processes of this machine.

What a service mounts from the repository is copied below a folder; in these files, in commands and in variables the
addresses of services, the ports and the paths of the container become those of this machine. Nothing else changes.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests import hub_processes
from tests.clients import CLIENTS
from tests.waits import HANGS_AFTER, steps

ROOT = Path(__file__).parents[2]
POSTGRES = Path("/usr/lib/postgresql/15/bin")
PROGRAMS = {"valkey-server": "redis-server", "hive-gateway": str(CLIENTS / "node_modules/.bin/hive-gateway")}
"""Programs of images, as they are here."""
IMAGES = {"hub": hub_processes.HUB, "ghcr.io/graphql-hive/gateway": [PROGRAMS["hive-gateway"]]}
"""What images run whose service has only arguments."""
_OVERRIDDEN = frozenset({"command", "entrypoint", "test"})


def merged(files: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Return the services of all files: mappings are merged, lists appended, except for commands."""
    services: dict[str, dict[str, Any]] = {}
    for file in files:
        _merge(services, yaml.safe_load(file.read_text())["services"])
    return services


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        known = into.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        elif isinstance(known, list) and isinstance(value, list) and name not in _OVERRIDDEN:
            into[name] = [*known, *value]
        else:
            # Services share what an anchor names.
            into[name] = deepcopy(value)


def interpolated(value: object, given: Mapping[str, str]) -> str:
    """Return a value of a file with the variables of ``given``, which has all that have no default."""
    return re.sub(r"\$\{(\w+):[-?]([^}]*)\}", lambda found: given.get(found[1], found[2]), str(value))


def in_order(services: Mapping[str, Mapping[str, Any]], wanted: Sequence[str]) -> list[list[str]]:
    """Return ``wanted`` in groups that may start together, each after those that it depends on."""
    done, groups = set[str](), list[list[str]]()
    while len(done) < len(wanted):
        needs = {name: set(services[name].get("depends_on", ())) & set(wanted) for name in wanted if name not in done}
        groups.append([name for name, needed in needs.items() if needed <= done])
        assert groups[-1], "the services wait for each other"
        done |= set(groups[-1])
    return groups


@dataclass
class Composed:
    """Services as processes. ``ports`` has the local one of each address such as ``postgres:5432``."""

    services: Mapping[str, Mapping[str, Any]]
    folder: Path
    dotenv: Mapping[str, str]
    ports: Mapping[str, str]
    local: Mapping[str, tuple[Sequence[str], Mapping[str, str]]] = field(default_factory=dict)
    """More arguments and variables of a service, which keep it apart from others on this machine."""
    open: ExitStack = field(default_factory=ExitStack)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def up(self, names: Sequence[str]) -> None:
        """Start services and wait until each is healthy or, if it ends by itself, has ended."""
        for name in names:
            for number in range(self.services[name].get("deploy", {}).get("replicas", 1)):
                self.start(name, f"{name}-{number}")
        for name in names:
            self._wait_for(name)

    def _wait_for(self, name: str) -> None:
        service = self.services[name]
        if service["restart"] == "no":
            process = self.running[f"{name}-0"]
            assert process.wait(HANGS_AFTER) == 0, self.log(f"{name}-0").read_text()
            return
        if "healthcheck" in service:
            for _ in steps(f"{name} is not healthy", self.log(f"{name}-0")):
                assert self.running[f"{name}-0"].poll() is None, self.log(f"{name}-0").read_text()
                if self.healthy(name):
                    return

    def start(self, name: str, process: str) -> None:
        """Start a service's command; as root, as another user where the service has one."""
        user, command, env = self.user(name), self.command(name), self.environment(name)
        with self.log(process).open("wb") as log:
            self.running[process] = started = subprocess.Popen(
                command, cwd=self.working(name), env=env, stdout=log, stderr=log, user=user, group=user
            )
        self.open.callback(_end, started)

    def healthy(self, name: str) -> bool:
        """Return whether the service's own health check succeeds."""
        test = [self.localised(name, each) for each in self.services[name]["healthcheck"]["test"][1:]]
        test[0] = hub_processes.HUB[0] if test[0] == "python" else test[0]
        # Without a port an address is meant to be the server's own.
        env = self.environment(name) | {"PGPORT": self.ports.get(f"{name}:5432", "")}
        return subprocess.run(test, env=env, capture_output=True).returncode == 0

    def command(self, name: str) -> list[str]:
        """Return the program of a service and its arguments."""
        service = self.services[name]
        given = [*service.get("entrypoint", ()), *service.get("command", ())]
        if "entrypoint" not in service:
            given = [*IMAGES.get(service["image"].partition(":")[0], ()), *given]
        more, _ = self.local.get(name, ((), {}))
        return [*(self.localised(name, PROGRAMS.get(each, each)) for each in given), *more]

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables of a service: those of .env where it has that file, and its own."""
        service = self.services[name]
        own = {key: self.localised(name, value) for key, value in service.get("environment", {}).items()}
        local = {"HUB_HOST": "127.0.0.1", "HUB_PORT": self.ports.get(f"{name}:8000", "0")} if "HUB_HOST" in own else {}
        _, more = self.local.get(name, ((), {}))
        base = {key: value for key, value in os.environ.items() if not key.startswith(("HUB_", "PG", "POSTGRES_"))}
        read = self.dotenv if "env_file" in service else {}
        return {**base, **read, **own, **local, **more, "PATH": f"{POSTGRES}:{os.environ['PATH']}"}

    def localised(self, name: str, value: object) -> str:
        """Return a text of a service with this machine's addresses, ports and paths."""
        text = interpolated(value, self.dotenv)
        for address, port in self.ports.items():
            host, its = address.split(":")
            text = re.sub(rf"\b{host}:{its}\b", f"127.0.0.1:{port}", text)
            text = text.replace(f"host={host} port={its}", f"host=127.0.0.1 port={port}")
            if host == name:
                text = re.sub(rf"(?<=127.0.0.1[:/]){its}\b|(?<=_port = ){its}\b|^{its}$", port, text)
        for inside, here in sorted(self.mounts(name).items(), reverse=True):
            text = re.sub(rf"(?<![\w/]){inside}(?=/|$|\s|\")", str(here), text, flags=re.MULTILINE)
        return text.replace("0.0.0.0", "127.0.0.1").replace("listen_addr = *", "listen_addr = 127.0.0.1")

    def mounts(self, name: str) -> dict[str, Path]:
        """Return the paths of a container that are elsewhere here."""
        service, found = self.services[name], dict[str, Path]()
        for volume in service.get("volumes", ()):
            source, target = volume.split(":")[:2]
            found[target] = self.folder / (f"{name}{target}" if source.startswith("./") else f"volumes/{source}")
        for place in service.get("tmpfs", ()):
            found[place.split(":")[0]] = self.folder / f"{name}{place.split(':')[0]}"
        found.pop("/tmp", None)
        return found

    def prepare(self, name: str) -> None:
        """Make the folders of a service, and copy the files that it mounts."""
        files = {volume.split(":")[1]: ROOT / volume.split(":")[0] for volume in self.services[name].get("volumes", ())}
        for inside, here in self.mounts(name).items():
            if files[inside].is_file() if inside in files else False:
                here.parent.mkdir(parents=True, exist_ok=True)
                here.write_text(self.localised(name, files[inside].read_text()))
                shutil.copymode(files[inside], here)
            else:
                here.mkdir(parents=True, exist_ok=True)
            if (user := self.user(name)) is not None:
                os.chown(here, user, user)

    def working(self, name: str) -> Path:
        """Return the folder in which a service runs."""
        inside = self.folder / name / "app"
        if inside.is_dir() and not (inside / "node_modules").exists():
            (inside / "node_modules").symlink_to(CLIENTS / "node_modules")
        return inside if inside.is_dir() else self.folder

    def user(self, name: str) -> int | None:
        """Return another user for a service that has one in its container, if this is root."""
        other = "user" in self.services[name] or name == "postgres"
        return pwd.getpwnam("postgres").pw_uid if other and os.geteuid() == 0 else None

    def log(self, process: str) -> Path:
        return self.folder / f"{process}.log"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    process.wait(HANGS_AFTER)
