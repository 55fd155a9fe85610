"""The viewers of the measurements: registered as an operator would, each with headers for the hub."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.setting import CIPHER, SECRET
from hub.auth import access_tokens
from hub.auth.scopes import DESK_SCOPES
from hub.auth.signing_keys import Signer, SigningKeys
from hub.complaints.tickets import tracking_code
from hub.store.complaints import tracking_codes
from hub.store.database import Cause, Database
from hub.store.oauth import clients, grants, users
from hub.store.oauth.clients import Client

ISSUER = "https://hub.example"
AGENCY, MERCHANTS = "DISHUB", ("TRANSJATENG", "TRANSSEMARANG")
DAY = timedelta(days=1)
# The budgets are counted, and never used up.
_UNLIMITED: dict[str, Any] = {"requests_per_minute": 10**9, "cost_per_minute": 10**9}
DESK = Client("bench", "Bench", "Bench", "none", ("authorization_code",), tuple(DESK_SCOPES), **_UNLIMITED)
PARTNER = Client(
    *("bench-partner", "Bench", "Bench", "client_secret_basic", ("client_credentials",)),
    ("complaints:read", "reports:read", "payments:read"),
    merchants=MERCHANTS,
    **_UNLIMITED,
)
_SUBMITTED = "update complaints set submitted_by = :name where channel = 'WHATSAPP' and id % 2 = 0"
_OWN = """select ticket from complaints where status = 'IN_PROGRESS' and not secret and verified_at is not null
    and channel = 'WHATSAPP' order by received_at desc limit 1"""


@dataclass(frozen=True, eq=False)
class Viewer:
    """A viewer: the headers of its requests, its name, and what it sees beside what its kind sees."""

    kind: str
    name: str
    headers: dict[str, str] = field(repr=False)
    own: str | None = None
    merchants: tuple[str, ...] = ()


async def register(url: str) -> dict[str, Viewer]:
    """Register a viewer of each kind in the filled database at ``url``; every second WhatsApp is the partner's."""
    database = Database(url, pool_size=2)
    keys = SigningKeys(database, CIPHER)
    async with database.write(Cause("bench", "bench", uuid.uuid4().hex)) as db:
        for client in (DESK, PARTNER):
            await clients.create(db, client)
        for name, agency in (("u_bench_officer", None), ("u_bench_agency", AGENCY)):
            await users.create(db, name, "OFFICER", agency_code=agency, scopes=DESK.scopes)
        await db.execute(text(_SUBMITTED), {"name": f"client:{PARTNER.id}"})
        ticket = (await db.execute(text(_OWN))).scalar_one()
        code = tracking_code(await tracking_codes.seed(db, ticket) or "", SECRET)
    signer = await keys.signer()
    async with database.write(Cause("bench", "bench", uuid.uuid4().hex)) as db:
        officer, agency_officer = [await _user_token(db, signer, f"u_bench_{kind}") for kind in ("officer", "agency")]
    await database.close()
    found = (
        Viewer("officer", "u_bench_officer", _bearer(officer)),
        Viewer("agency", "u_bench_agency", _bearer(agency_officer), AGENCY),
        Viewer("partner", f"client:{PARTNER.id}", _bearer(token(signer, PARTNER)), f"client:{PARTNER.id}", MERCHANTS),
        Viewer("holder", f"holder:{ticket}", {"Hub-Tracking-Code": f"{ticket} {code}"}, ticket),
    )
    return {viewer.kind: viewer for viewer in found}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Hub-Purpose": "handling"}


async def _user_token(db: AsyncConnection, signer: Signer, user: str) -> str:
    grant = await grants.open_grant(db, DESK.id, user, DAY)
    return token(signer, DESK, subject=user, grant_id=grant)


def token(signer: Signer, client: Client, **given: Any) -> str:
    seconds = int(DAY.total_seconds())
    values = {"subject": client.id, **given}
    return access_tokens.issue(signer, ISSUER, client_id=client.id, scopes=client.scopes, seconds=seconds, **values)
