"""Registers what a tool needs by the hub's own commands: clients of each kind, and an officer who signs in."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from tests.clients import run
from tests.clients.running import Hub

BACK = "https://app.example/callback"
"""Where clients want their answers; nobody has to be there, because the browser stops before it."""
LOOPBACK = "http://127.0.0.1/callback"
"""The same for programs on the user's machine, which take any port (RFC 8252, 7.3)."""

SCOPES = ("complaints:submit", "complaints:read")
"""What each client may be granted."""
OFFICERS = "complaints:read"
"""What the officer may, which is less."""
USERS = "--grant authorization_code --grant refresh_token --scope openid"
OWN = "--grant client_credentials"
KINDS = {
    "basic": f"--method client_secret_basic {OWN} {USERS}",
    "post": f"--method client_secret_post {OWN}",
    "bound": f"--method private_key_jwt --must-push --must-bind {OWN} {USERS}",
    "app": f"--method none {USERS}",
}


@dataclass(frozen=True, slots=True)
class Partners:
    """A hub's address, clients by kind (``id``, ``secret`` or ``jwk``), and the officer (``name``, ``password``)."""

    url: str
    clients: dict[str, dict[str, Any]]
    officer: dict[str, str]

    def told(self) -> str:
        """All of it for a script, as JSON."""
        return json.dumps({"url": self.url, "back": BACK, "clients": self.clients, "officer": self.officer})


async def visited(partners: Partners, url: str) -> str:
    """Where a browser ends in which the officer opened ``url``, signed in and consented."""
    officer = partners.officer
    return (await run("node", "--no-warnings", "oauth/visit.mjs", officer["name"], officer["password"], url)).strip()


async def registered(hub: Hub, url: str, folder: Path, *kinds: str) -> Partners:
    """Clients and an officer nobody else uses, so that budgets of sign-ins and tokens are not shared."""
    made = await asyncio.gather(_officer(hub, folder.name), *(_client(hub, kind, folder) for kind in kinds))
    return Partners(url, dict(zip(kinds, made[1:], strict=True)), made[0])


async def _officer(hub: Hub, name: str) -> dict[str, str]:
    told = json.loads(await hub.command("users", "create", name, "--scope", OFFICERS, "--json"))
    return {"name": name, "password": told["password"]}


async def _client(hub: Hub, kind: str, folder: Path) -> dict[str, Any]:
    wanted = f"--name {kind} --organisation Uji {KINDS[kind]}".split()
    wanted += [word for scope in SCOPES for word in ("--scope", scope)]
    if "authorization_code" in wanted:
        wanted += ["--redirect-uri", BACK, "--redirect-uri", LOOPBACK]
    key = ECKey.generate_key("P-256", auto_kid=True)
    if "private_key_jwt" in wanted:
        path = folder / f"{kind}.json"
        path.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
        wanted += ["--jwks", str(path)]
    told = json.loads(await hub.command("clients", "create", *wanted, "--json"))
    return {"id": told["id"], "secret": told.get("secret"), "jwk": key.as_dict(private=True)}
