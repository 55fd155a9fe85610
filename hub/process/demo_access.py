"""The partners and the officer of a demonstration, their tokens, and a line to try for each grant.

Secrets are made up once and kept in the data folder, so that what somebody noted goes on working.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.auth import access
from hub.auth.keys import Keys, Signer
from hub.auth.passwords import hash_password
from hub.auth.scopes import DEMO, sync_scope
from hub.process.keys import kept, write_private
from hub.settings import Settings
from hub.store.access import clients, grants, users
from hub.store.access.clients import Client
from hub.store.access.grants import Granted
from hub.store.database import Cause, Database
from hub.store.digests import fresh
from hub.store.sealing import Seal

DAY = timedelta(days=1)
OFFICER = "petugas"
OFFICER_ID = "u_petugas"
PARTNER, FRONT_END, CENTRAL = "gojek", "demo-frontend", "demo-central"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Access:
    """What a demonstration hands out: tokens by name, and lines that say how to get more."""

    tokens: dict[str, str]
    lines: tuple[str, ...]


async def given(settings: Settings, store: Database, url: str, systems: Sequence[str]) -> Access:
    """Make partners and officer if they are missing, and issue tokens for a day.

    The officer may sync all of ``systems``, the central system the first.
    """
    folder = settings.data_dir / "demo"
    secret, password = _secret(folder / PARTNER), _secret(folder / OFFICER)
    key_file = folder / f"{CENTRAL}.jwk"
    syncs = [sync_scope(system).name for system in systems]
    officers = tuple(sorted((*DEMO, *syncs)))
    made = _clients(officers, syncs[:1], _key(key_file))
    keys = Keys(store, Seal(settings.sealing_keys, settings.secret))
    async with store.write(Cause("demo", "hub", uuid.uuid4().hex)) as db:
        for client in made:
            await (clients.replace if await clients.get(db, client.id) else clients.create)(db, client)
        await clients.set_secret(db, PARTNER, secret)
        await _officer(db, password, officers)
    signer = await keys.signer()
    async with store.write(Cause("demo", "hub", uuid.uuid4().hex)) as db:
        officer, refresh = await _officers_tokens(db, signer, url, made[1])
    tokens = {
        "officer": officer,
        "partner": _own_token(signer, url, made[0]),
        "central": _own_token(signer, url, made[2]),
    }
    return Access(tokens, _lines(url, secret, password, key_file, refresh))


def _clients(officers: Sequence[str], syncs: Sequence[str], key: ECKey) -> tuple[Client, Client, Client]:
    seconds = int(DAY.total_seconds())
    return (
        Client(
            *(PARTNER, "Gojek", "PT Gojek Indonesia (contoh)", "client_secret_basic", ("client_credentials",)),
            ("complaints:submit", "complaints:read", "complaints:reply"),
            token_seconds=seconds,
        ),
        Client(
            *(FRONT_END, "Aplikasi contoh", "Pemerintah Provinsi Jawa Tengah", "none"),
            ("authorization_code", "refresh_token"),
            ("openid", *officers),
            redirect_uris=("http://127.0.0.1/", "http://127.0.0.1/callback", "http://localhost/callback"),
            token_seconds=seconds,
        ),
        Client(
            *(CENTRAL, "Sistem pusat contoh", "Pemerintah pusat (contoh)", "private_key_jwt", ("client_credentials",)),
            (*syncs, "reports:read"),
            jwks={"keys": [key.as_dict(private=False)]},
            token_seconds=seconds,
        ),
    )


async def _officer(db: AsyncConnection, password: str, scopes: tuple[str, ...]) -> None:
    if await users.get(db, OFFICER_ID):
        await users.set_scopes(db, OFFICER_ID, scopes)
        return
    hashed = await hash_password(password)
    await users.create(db, OFFICER_ID, "OFFICER", username=OFFICER, scopes=scopes, password_hash=hashed)


async def _officers_tokens(db: AsyncConnection, signer: Signer, issuer: str, client: Client) -> tuple[str, str]:
    """An access and a refresh token, as the demo front-end has them when the officer has signed in."""
    user = await users.get(db, OFFICER_ID)
    assert user
    grant_id, refresh = await grants.open_grant(db, client.id, user.id, DAY), fresh()
    granted = Granted(grant_id, client.id, user.id, user.scopes, (), None, user.created_at)
    await grants.put_refresh(db, refresh, granted, DAY)
    token = access.issue(
        signer,
        issuer,
        client_id=client.id,
        subject=user.id,
        scopes=user.scopes,
        seconds=int(DAY.total_seconds()),
        grant_id=grant_id,
    )
    return token, refresh


def _own_token(signer: Signer, issuer: str, client: Client) -> str:
    seconds = int(DAY.total_seconds())
    return access.issue(signer, issuer, client_id=client.id, subject=client.id, scopes=client.scopes, seconds=seconds)


def _lines(url: str, secret: str, password: str, key_file: Path, refresh: str) -> tuple[str, ...]:
    token = f"curl -s {url}/oauth/token"
    hub = sys.argv[0] if Path(sys.argv[0]).name == "hub" else f"{shlex.quote(sys.executable)} -m hub"
    signed = f"$({hub} clients assertion {CENTRAL} --key {shlex.quote(str(key_file))} --issuer {url})"
    verifier = fresh()
    asked = {
        "response_type": "code",
        "client_id": FRONT_END,
        "redirect_uri": f"{url}/",
        "scope": "openid complaints:read",
        "code_challenge": urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return (
        "A partner's token, by client_credentials and a secret:",
        f"{token} -u {PARTNER}:{secret} -d grant_type=client_credentials",
        "A central system's, by client_credentials and a signed assertion:",
        f'{token} -d grant_type=client_credentials -d client_assertion_type={ASSERTION} -d client_assertion="{signed}"',
        f"An officer's, by authorization_code: sign in as {OFFICER} with the password {password} at",
        f"{url}/oauth/authorize?{urlencode(asked)}",
        "and put the code you come back with at the end of",
        f"{token} -d grant_type=authorization_code -d client_id={FRONT_END} -d redirect_uri={url}/ "
        f"-d code_verifier={verifier} -d code=",
        "The officer's next one, by refresh_token:",
        f"{token} -d grant_type=refresh_token -d client_id={FRONT_END} -d refresh_token={refresh}",
    )


def _secret(path: Path) -> str:
    """A secret kept at ``path``, without characters that a form or a shell would change."""
    return kept(path).translate(str.maketrans("+/", "-_")).rstrip("=")


def _key(path: Path) -> ECKey:
    if not path.exists():
        key = ECKey.generate_key("P-256", auto_kid=True)
        write_private(path, json.dumps(key.as_dict(private=True)))
    return ECKey.import_key(json.loads(path.read_text()))
