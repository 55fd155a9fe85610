"""The partners and the officer of a demonstration, their tokens, and an example command for each grant.

Secrets are generated once and stored in the data folder, so that they stay valid.
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

from hub.auth import access_tokens
from hub.auth.passwords import hash_password
from hub.auth.scopes import DEMO_SCOPES, sync_scope
from hub.auth.signing_keys import Signer, SigningKeys
from hub.runtime.local_keys import load_or_create, write_private
from hub.settings import Settings
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.oauth import clients, grants, users
from hub.store.oauth.clients import Client
from hub.store.oauth.grants import GrantDetails
from hub.store.secret_hashes import generate_secret

TOKEN_LIFETIME = timedelta(days=1)
OFFICER = "petugas"
OFFICER_ID = "u_petugas"
PARTNER, FRONT_END, CENTRAL = "gojek", "demo-frontend", "demo-central"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class DemoAccess:
    """The access data of a demonstration: tokens by name, and lines that show how to get more."""

    tokens: dict[str, str]
    lines: tuple[str, ...]


async def create_access(settings: Settings, store: Database, url: str, systems: Sequence[str]) -> DemoAccess:
    """Create partners and officer if they are missing, and issue tokens for a day.

    The officer may sync all of ``systems``, the central system the first.
    """
    folder = settings.data_dir / "demo"
    secret, password = _load_secret(folder / PARTNER), _load_secret(folder / OFFICER)
    key_file = folder / f"{CENTRAL}.jwk"
    sync_scopes = [sync_scope(system).name for system in systems]
    officer_scopes = tuple(sorted((*DEMO_SCOPES, *sync_scopes)))
    demo_clients = _clients(officer_scopes, sync_scopes[:1], _load_key(key_file))
    keys = SigningKeys(store, FieldCipher(settings.sealing_keys, settings.secret))
    async with store.write(Cause("demo", "hub", uuid.uuid4().hex)) as db:
        for client in demo_clients:
            await (clients.replace if await clients.get(db, client.id) else clients.create)(db, client)
        await clients.set_secret(db, PARTNER, secret)
        await _save_officer(db, password, officer_scopes)
    signer = await keys.signer()
    async with store.write(Cause("demo", "hub", uuid.uuid4().hex)) as db:
        officer, _ = await _officer_tokens(db, signer, url, demo_clients[1])
        # A separate grant: pasting the refresh line twice ends this grant, but not the officer's token above.
        _, refresh = await _officer_tokens(db, signer, url, demo_clients[1])
    tokens = {
        "officer": officer,
        "partner": _client_token(signer, url, demo_clients[0]),
        "central": _client_token(signer, url, demo_clients[2]),
    }
    return DemoAccess(tokens, _lines(url, secret, password, key_file, refresh))


def _clients(officer_scopes: Sequence[str], sync_scopes: Sequence[str], key: ECKey) -> tuple[Client, Client, Client]:
    seconds = int(TOKEN_LIFETIME.total_seconds())
    return (
        Client(
            *(PARTNER, "Gojek", "PT Gojek Indonesia (contoh)", "client_secret_basic", ("client_credentials",)),
            ("complaints:submit", "complaints:read", "complaints:reply", "payments:read"),
            token_seconds=seconds,
            channels=("GOJEK",),
            merchants=("TRANSJATENG",),
        ),
        Client(
            *(FRONT_END, "Aplikasi contoh", "Pemerintah Provinsi Jawa Tengah", "none"),
            ("authorization_code", "refresh_token"),
            ("openid", *officer_scopes),
            redirect_uris=("http://127.0.0.1/", "http://127.0.0.1/callback", "http://localhost/callback"),
            token_seconds=seconds,
        ),
        Client(
            *(CENTRAL, "Sistem pusat contoh", "Pemerintah pusat (contoh)", "private_key_jwt", ("client_credentials",)),
            (*sync_scopes, "reports:read"),
            jwks={"keys": [key.as_dict(private=False)]},
            token_seconds=seconds,
        ),
    )


async def _save_officer(db: AsyncConnection, password: str, scopes: tuple[str, ...]) -> None:
    if await users.get(db, OFFICER_ID):
        await users.set_scopes(db, OFFICER_ID, scopes)
        return
    hashed = await hash_password(password)
    await users.create(db, OFFICER_ID, "OFFICER", username=OFFICER, scopes=scopes, password_hash=hashed)


async def _officer_tokens(db: AsyncConnection, signer: Signer, issuer: str, client: Client) -> tuple[str, str]:
    """Return an access and a refresh token, as the demo front-end gets them when the officer has signed in."""
    user = await users.get(db, OFFICER_ID)
    assert user
    grant_id, refresh = await grants.open_grant(db, client.id, user.id, TOKEN_LIFETIME), generate_secret()
    granted = GrantDetails(grant_id, client.id, user.id, user.scopes, (), None, user.created_at)
    await grants.save_refresh_token(db, refresh, granted, TOKEN_LIFETIME)
    token = access_tokens.issue(
        signer,
        issuer,
        client_id=client.id,
        subject=user.id,
        scopes=user.scopes,
        seconds=int(TOKEN_LIFETIME.total_seconds()),
        grant_id=grant_id,
    )
    return token, refresh


def _client_token(signer: Signer, issuer: str, client: Client) -> str:
    seconds = int(TOKEN_LIFETIME.total_seconds())
    return access_tokens.issue(
        signer, issuer, client_id=client.id, subject=client.id, scopes=client.scopes, seconds=seconds
    )


def _lines(url: str, secret: str, password: str, key_file: Path, refresh: str) -> tuple[str, ...]:
    token = f"curl -s {url}/oauth/token"
    hub = sys.argv[0] if Path(sys.argv[0]).name == "hub" else f"{shlex.quote(sys.executable)} -m hub"
    assertion = f"$({hub} clients assertion {CENTRAL} --key {shlex.quote(str(key_file))} --issuer {url})"
    verifier = generate_secret()
    params = {
        "response_type": "code",
        "client_id": FRONT_END,
        "redirect_uri": f"{url}/",
        "scope": "openid complaints:read",
        "code_challenge": urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return (
        "Token of a partner, by client_credentials and a secret:",
        f"{token} -u {PARTNER}:{secret} -d grant_type=client_credentials",
        "Token of a central system, by client_credentials and a signed assertion:",
        f"{token} -d grant_type=client_credentials -d client_assertion_type={ASSERTION}"
        f' -d client_assertion="{assertion}"',
        f"Token of an officer, by authorization_code: sign in as {OFFICER} with the password {password} at",
        f"{url}/oauth/authorize?{urlencode(params)}",
        "and append the code of the redirect to",
        f"{token} -d grant_type=authorization_code -d client_id={FRONT_END} -d redirect_uri={url}/ "
        f"-d code_verifier={verifier} -d code=",
        "Another token of the officer, by refresh_token (valid once: a second use revokes the token it issued):",
        f"{token} -d grant_type=refresh_token -d client_id={FRONT_END} -d refresh_token={refresh}",
    )


def _load_secret(path: Path) -> str:
    """Return the secret at ``path``, without characters that a form or a shell would change."""
    return load_or_create(path).translate(str.maketrans("+/", "-_")).rstrip("=")


def _load_key(path: Path) -> ECKey:
    if not path.exists():
        key = ECKey.generate_key("P-256", auto_kid=True)
        write_private(path, json.dumps(key.as_dict(private=True)))
    return ECKey.import_key(json.loads(path.read_text()))
