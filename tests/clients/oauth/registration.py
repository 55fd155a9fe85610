"""Registers clients of each kind and an officer who signs in, with the hub's commands."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from tests.clients import run
from tests.clients.hub_server import Hub

BACK = "https://app.example/callback"
"""The redirect URI of clients; nothing listens there, because the browser stops before it."""
LOOPBACK = "http://127.0.0.1/callback"
"""The redirect URI of programs on the user's machine, with any port (RFC 8252, 7.3)."""

SCOPES = ("complaints:submit", "complaints:read")
"""The scopes that each client may be granted."""
OFFICERS = "complaints:read"
"""The scopes of the officer, which are fewer."""
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

    def as_json(self) -> str:
        """Return all of it as JSON, for a script."""
        return json.dumps({"url": self.url, "back": BACK, "clients": self.clients, "officer": self.officer})


async def signed_in_url(partners: Partners, url: str) -> str:
    """Return the redirect URL after the officer opened ``url``, signed in and consented."""
    officer = partners.officer
    return (await run("node", "--no-warnings", "oauth/visit.mjs", officer["name"], officer["password"], url)).strip()


async def registered(hub: Hub, url: str, folder: Path, *kinds: str) -> Partners:
    """Register clients and an officer for one test, so that rate limits are not shared."""
    made = await asyncio.gather(_officer(hub, folder.name), *(_client(hub, kind, folder) for kind in kinds))
    return Partners(url, dict(zip(kinds, made[1:], strict=True)), made[0])


async def _officer(hub: Hub, name: str) -> dict[str, str]:
    user = json.loads(await hub.command("users", "create", name, "--scope", OFFICERS, "--json"))
    return {"name": name, "password": user["password"]}


async def _client(hub: Hub, kind: str, folder: Path) -> dict[str, Any]:
    arguments = f"--name {kind} --organisation Uji {KINDS[kind]}".split()
    arguments += [argument for scope in SCOPES for argument in ("--scope", scope)]
    if "authorization_code" in arguments:
        arguments += ["--redirect-uri", BACK, "--redirect-uri", LOOPBACK]
    if "client_credentials" in arguments:
        arguments += ["--channel", "WEB"]
    key = ECKey.generate_key("P-256", auto_kid=True)
    if "private_key_jwt" in arguments:
        path = folder / f"{kind}.json"
        path.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
        arguments += ["--jwks", str(path)]
    client = json.loads(await hub.command("clients", "create", *arguments, "--json"))
    return {"id": client["id"], "secret": client.get("secret"), "jwk": key.as_dict(private=True)}
