"""Signing keys: created once, stored encrypted, replaced under load without refusing a token."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from hub.auth import access_tokens, signing_keys
from hub.auth.access_tokens import AccessTokens
from hub.auth.signing_keys import SigningKeys, rotate
from hub.store.database import Database
from hub.store.encryption import FieldCipher
from tests.auth.server.harness import GRANT, ISSUER, NESTED, Stage, a_client, build_server, claims_of, unsigned

SEAL = FieldCipher([b"k" * 32], b"s" * 32)


@pytest.fixture
async def bare(stage: Stage) -> Stage:
    """A database without a signing key."""
    await stage.run("delete from signing_keys")
    return stage


async def test_processes_that_start_at_once_make_one_key(bare: Stage) -> None:
    others = [SigningKeys(bare.database, SEAL) for _ in range(5)]
    kids = {(await signer).kid for signer in [asyncio.create_task(one.signer()) for one in others]}
    assert len(kids) == 1
    ((sealed, public),) = await bare.rows("select sealed, public::text from signing_keys")
    assert '"d"' not in public
    assert b'"d"' not in bytes(sealed)


async def test_a_new_key_is_published_before_it_signs(bare: Stage) -> None:
    first = await SigningKeys(bare.database, SEAL).signer()
    kid = await rotate(bare.database, SEAL)
    fresh = SigningKeys(bare.database, SEAL)
    assert {key["kid"] for key in (await fresh.jwks())["keys"]} == {first.kid, kid}
    assert (await fresh.signer()).kid == first.kid
    await bare.run("update signing_keys set signs_from = now() where kid = :kid", kid=kid)
    assert (await SigningKeys(bare.database, SEAL).signer()).kid == kid


async def test_an_old_key_verifies_for_as_long_as_a_token_can_live(bare: Stage) -> None:
    first = await SigningKeys(bare.database, SEAL).signer()
    await rotate(bare.database, SEAL, now=True)
    rows = await bare.rows(
        "select extract(epoch from gone_at - signs_until) from signing_keys where kid = :k", k=first.kid
    )
    assert rows[0][0] >= signing_keys.MAX_TOKEN_LIFETIME.total_seconds()
    assert await SigningKeys(bare.database, SEAL).verifier(first.kid)
    await bare.run("update signing_keys set gone_at = now() where kid = :kid", kid=first.kid)
    assert await SigningKeys(bare.database, SEAL).verifier(first.kid) is None


async def test_a_leaked_key_verifies_nothing_from_then_on(bare: Stage) -> None:
    first = await SigningKeys(bare.database, SEAL).signer()
    kid = await rotate(bare.database, SEAL, leaked=True)
    fresh = SigningKeys(bare.database, SEAL)
    assert await fresh.verifier(first.kid) is None
    assert (await fresh.signer()).kid == kid


async def test_a_key_that_is_replaced_before_it_signs_never_does(bare: Stage) -> None:
    await SigningKeys(bare.database, SEAL).signer()
    waiting = await rotate(bare.database, SEAL)
    kid = await rotate(bare.database, SEAL, now=True)
    # An hour later.
    for column in ("signs_from", "signs_until", "gone_at"):
        await bare.run(f"update signing_keys set {column} = {column} - interval '1 hour'")
    signer = await SigningKeys(bare.database, SEAL).signer()
    assert signer.kid == kid != waiting


async def test_the_schedule_replaces_a_key_once(bare: Stage) -> None:
    first = await SigningKeys(bare.database, SEAL).signer()
    await bare.run("update signing_keys set created_at = now() - interval '91 days'")
    due = [SigningKeys(bare.database, SEAL, timedelta(days=90)) for _ in range(3)]
    assert {signer.kid for signer in await asyncio.gather(*(one.signer() for one in due))} == {first.kid}
    assert await bare.rows("select count(*) from signing_keys") == [(2,)]


async def test_unknown_key_ids_query_the_database_twice_a_second(bare: Stage) -> None:
    from hub.store.database import record_statements

    signing_keys = SigningKeys(bare.database, SEAL)
    await signing_keys.signer()
    with record_statements() as noted:
        for number in range(200):
            assert await signing_keys.verifier(f"unknown-{number}") is None
    assert len(noted) <= 1


async def test_a_rotation_under_load_refuses_no_token(  # noqa: PLR0915
    bare: Stage, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_keys, "SHORT_LEAD_TIME", timedelta(seconds=1.5))
    monkeypatch.setattr(signing_keys, "READ_SECONDS", 0.5)
    await bare.client(a_client("gojek", "client_secret_basic"))
    apps = [build_server(server_url) for _ in range(2)]
    readers = [AccessTokens(made[1], ISSUER) for made in apps]
    refused: list[str] = []
    kids: set[str] = set()
    after = [0, 0]

    async def load(number: int, http: httpx.AsyncClient) -> None:
        # Until each process has gone on for a while with the new key, however long that takes here.
        while after[number] < 20:
            after[number] += len(kids) > 1
            answer = await http.post("/oauth/token", data=GRANT, auth=("gojek", bare.secret["gojek"]))
            token = answer.json()["access_token"]
            kids.add(token.split(".")[0])
            for reader in readers:
                if await reader.read(token) is None:
                    refused.append(token)
            await asyncio.sleep(0.02)

    async def turn() -> None:
        while not kids:
            await asyncio.sleep(0.02)
        await rotate(bare.database, SEAL, now=True)

    clients = [httpx.AsyncClient(transport=httpx.ASGITransport(made[3]), base_url=ISSUER) for made in apps]
    try:
        async with asyncio.timeout(120):
            await asyncio.gather(turn(), *(load(number, http) for number, http in enumerate(clients)))
    finally:
        for client, made in zip(clients, apps, strict=True):
            await client.aclose()
            await made[0].close()
    assert refused == []
    assert len(kids) == 2


async def test_pitfall_05_of_several_keys_one_signs(bare: Stage) -> None:
    await bare.client(a_client("gojek", "client_secret_basic"))
    first = await bare.keys.signer()
    await rotate(bare.database, SEAL)
    for _ in range(20):
        token = (await bare.token("gojek", **GRANT)).json()["access_token"]
        assert jwt.decode(token, first.key, algorithms=["ES256"]).header["kid"] == first.kid


async def test_pitfall_06_what_is_no_access_token_of_ours_is_none(bare: Stage) -> None:
    signer, reader = await bare.keys.signer(), AccessTokens(bare.keys, ISSUER)
    good = access_tokens.issue(signer, ISSUER, client_id="a", subject="a", scopes=["x"], seconds=60)
    claims, now = claims_of(good), int(time.time())
    assert await reader.read(good) == claims
    header = access_tokens.header(signer)

    def signed(head: dict[str, str], key: ECKey = signer.key, **over: object) -> str:
        return jwt.encode(header | head, claims | over, key, ["ES256"], default_type=None)

    for token in (
        signed({}),
        signed({"typ": "JWT"}),
        signed({"typ": "at+jwt"}, ECKey.generate_key("P-256")),
        signed({"typ": "at+jwt", "kid": "other"}),
        signed({"typ": "at+jwt"}, iss="https://other.example"),
        signed({"typ": "at+jwt"}, aud="https://other.example"),
        signed({"typ": "at+jwt"}, aud=[ISSUER]),
        signed({"typ": "at+jwt"}, exp=now - 1),
        signed({"typ": "at+jwt"}, exp=str(now + 60)),
        signed({"typ": "at+jwt"}, iat=now + 3600),
        "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJub25lIn0." + good.split(".")[1] + ".",
        "",
        unsigned(f'{{"kid": "{signer.kid}", "alg": "ES256", "crit": 5}}'),
        unsigned(NESTED),
        "é.é.é",
        "a.b.c",
    ):
        assert await reader.read(token) is None, token


async def test_the_published_keys_are_public_and_named(bare: Stage) -> None:
    await bare.keys.signer()
    answer = await bare.http.get("/oauth/jwks")
    (published,) = answer.json()["keys"]
    assert set(published) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert KeySet.import_key_set(answer.json()).keys


async def test_another_seal_cannot_open_them(bare: Stage, server_url: str) -> None:
    from hub.errors import ConfigurationError

    await bare.keys.signer()
    other = Database(server_url)
    with pytest.raises(ConfigurationError):
        await SigningKeys(other, FieldCipher([b"x" * 32], b"s" * 32)).signer()
    await other.close()
