"""Refresh tokens: replaced at each use, unless client and token are bound to keys."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from hub.store.oauth import clients, consents, grants, sessions, users
from tests.auth.server.harness import CAUSE, Pkce, Stage, a_client, a_key, assertion, claims_of, jwks, proof, refused


@pytest.fixture
async def ready(stage: Stage) -> Stage:
    """A public client and a confidential one, and a user in the browser."""
    await stage.client(a_client("spa"))
    await stage.client(a_client("web", "client_secret_basic"))
    await stage.user("u_budi", "OFFICER", "complaints:read", "complaints:submit")
    await stage.sign_in()
    return stage


async def test_a_refresh_token_is_replaced(ready: Stage) -> None:
    first = await ready.granted("spa", scope="complaints:read complaints:submit")
    second = (await ready.refresh("spa", first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    old, new = claims_of(first["access_token"]), claims_of(second["access_token"])
    assert {name: old[name] == new[name] for name in ("gid", "sub", "scope", "jti")} == {
        "gid": True,
        "sub": True,
        "scope": True,
        "jti": False,
    }
    assert (await ready.refresh("spa", second["refresh_token"])).status_code == 200


async def test_one_that_comes_back_ends_the_grant(ready: Stage) -> None:
    first = await ready.granted("web")
    second = (await ready.refresh("web", first["refresh_token"])).json()
    refused(await ready.refresh("web", first["refresh_token"]), "invalid_grant")
    refused(await ready.refresh("web", second["refresh_token"]), "invalid_grant")
    assert not (await ready.introspect("web", second["access_token"]))["active"]


async def test_pitfall_08_one_of_five_parallel_refreshes_succeeds(ready: Stage) -> None:
    token = (await ready.granted("spa"))["refresh_token"]
    answers = await asyncio.gather(*(ready.refresh("spa", token) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]


async def test_scopes_may_be_narrowed_for_a_token_and_are_not_lost(ready: Stage) -> None:
    first = await ready.granted("spa", scope="complaints:read complaints:submit")
    second = (await ready.refresh("spa", first["refresh_token"], scope="complaints:read")).json()
    assert second["scope"] == "complaints:read"
    refused(await ready.refresh("spa", second["refresh_token"], scope="complaints:read openid"), "invalid_scope")
    third = (await ready.refresh("spa", second["refresh_token"])).json()
    assert third["scope"] == "complaints:read complaints:submit"


async def test_it_is_for_its_own_client(ready: Stage) -> None:
    first = await ready.granted("spa")
    refused(await ready.refresh("web", first["refresh_token"]), "invalid_grant")
    refused(await ready.refresh("spa", "nonsense"), "invalid_grant")
    refused(await ready.token("spa", grant_type="refresh_token"), "invalid_request")
    assert (await ready.refresh("spa", first["refresh_token"])).status_code == 200


async def test_what_client_and_user_lost_since_is_not_granted_again(ready: Stage) -> None:
    first = await ready.granted("spa", scope="complaints:read complaints:submit")
    async with ready.database.write(CAUSE) as db:
        await users.set_scopes(db, "u_budi", ("complaints:submit",))
    second = (await ready.refresh("spa", first["refresh_token"])).json()
    assert second["scope"] == "complaints:submit"
    async with ready.database.write(CAUSE) as db:
        await users.suspend(db, "u_budi")
    refused(await ready.refresh("spa", second["refresh_token"]), "invalid_grant")


async def test_it_ends_when_unused_and_with_its_grant(ready: Stage) -> None:
    body = await ready.granted("spa")
    ((days,),) = await ready.rows("select round(extract(epoch from expires_at - now()) / 86400) from refresh_tokens")
    assert days == 14
    await ready.run("update refresh_tokens set expires_at = now()")
    refused(await ready.refresh("spa", body["refresh_token"]), "invalid_grant")
    body = await ready.granted("spa")
    await ready.run("update grants set expires_at = now()")
    refused(await ready.refresh("spa", body["refresh_token"]), "invalid_grant")


async def test_a_user_ends_what_a_client_was_granted(ready: Stage) -> None:
    mine, other = await ready.granted("spa"), await ready.granted("web")
    async with ready.database.write(CAUSE) as db:
        await grants.revoke_all(db, "u_budi", "spa")
        assert await grants.is_revoked(db, "unknown", UUID(claims_of(mine["access_token"])["gid"]))
    refused(await ready.refresh("spa", mine["refresh_token"]), "invalid_grant")
    assert (await ready.refresh("web", other["refresh_token"])).status_code == 200


async def test_withdrawn_consent_ends_a_grant_that_is_being_issued(ready: Stage) -> None:
    async def take_back() -> bool:
        async with ready.database.write(CAUSE) as db:
            return await consents.revoke(db, "u_budi", "spa")

    async with ready.database.write(CAUSE) as db:
        await sessions.add_consent(db, "u_budi", "spa", frozenset({"openid"}))
    async with ready.database.write(CAUSE) as db:
        assert await sessions.consented_scopes(db, "u_budi", "spa")
        taken = asyncio.create_task(take_back())
        await asyncio.sleep(0.3)
        made = await grants.open_grant(db, "spa", "u_budi", timedelta(days=1))
    assert await taken
    async with ready.database.read() as db:
        assert await grants.is_revoked(db, "unknown", made)


async def test_a_bound_confidential_clients_stays_the_same(ready: Stage) -> None:
    key, own = a_key(), a_key()
    await ready.client(a_client("bank", "private_key_jwt", jwks=jwks(own)))

    def signed() -> dict[str, str]:
        return assertion(own, "bank")

    pkce = Pkce()
    code = await ready.code("bank", pkce)
    body = (await ready.exchange("bank", code, pkce, {"dpop": proof(key)}, **signed())).json()
    assert body["token_type"] == "DPoP"
    await ready.run("update refresh_tokens set expires_at = now() + interval '1 day'")
    for _ in range(2):
        again = await ready.refresh("bank", body["refresh_token"], {"dpop": proof(a_key())}, **signed())
        assert again.status_code == 200
        assert "refresh_token" not in again.json()
    ((days,),) = await ready.rows("select round(extract(epoch from expires_at - now()) / 86400) from refresh_tokens")
    assert days == 14
    refused(await ready.refresh("bank", body["refresh_token"], **signed()), "invalid_dpop_proof")


async def test_a_bound_public_clients_is_replaced_and_keeps_its_key(ready: Stage) -> None:
    key = a_key()
    body = await ready.granted("spa", {"dpop": proof(key)})
    for headers in (None, {"dpop": proof(a_key())}):
        refused(await ready.refresh("spa", body["refresh_token"], headers), "invalid_dpop_proof")
    again = (await ready.refresh("spa", body["refresh_token"], {"dpop": proof(key)})).json()
    assert again["refresh_token"] != body["refresh_token"]
    assert again["token_type"] == "DPoP"


async def test_a_suspended_clients_is_refused_until_it_is_resumed(ready: Stage) -> None:
    body = await ready.granted("web")
    async with ready.database.write(CAUSE) as db:
        await clients.suspend(db, "web")
    refused(await ready.refresh("web", body["refresh_token"]), "invalid_client", 401)
    async with ready.database.write(CAUSE) as db:
        await clients.resume(db, "web")
    assert (await ready.refresh("web", body["refresh_token"])).status_code == 200


@pytest.mark.parametrize("act", ["password", "suspend"])
async def test_a_new_password_or_suspension_ends_all_grants(ready: Stage, act: str) -> None:
    pkce = Pkce()
    tokens, code = await ready.granted("web"), await ready.code("spa", pkce)
    await ready.user("u_siti", "OFFICER", "complaints:read")
    async with ready.database.write(CAUSE) as db:
        others = await grants.open_grant(db, "spa", "u_siti", timedelta(days=1))
        if act == "password":
            await users.set_password(db, "u_budi", "new hash")
        else:
            await users.suspend(db, "u_budi")
            await users.resume(db, "u_budi")
    refused(await ready.refresh("web", tokens["refresh_token"]), "invalid_grant")
    refused(await ready.exchange("spa", code, pkce), "invalid_grant")
    assert not (await ready.introspect("web", tokens["access_token"]))["active"]
    assert (await ready.authorize("web", Pkce())).headers["location"].startswith("/oauth/login")
    async with ready.database.read() as db:
        assert not await grants.is_revoked(db, "unknown", others)


async def test_stronger_parameters_of_the_same_password_end_nothing(ready: Stage) -> None:
    tokens = await ready.granted("web")
    await ready.run("update users set password_hash = 'old' where id = 'u_budi'")
    async with ready.database.write(CAUSE) as db:
        await users.rehash_password(db, "u_budi", "old", "stronger")
        await users.rehash_password(db, "u_budi", "old", "of a password that was replaced")
    assert await ready.rows("select password_hash from users where id = 'u_budi'") == [("stronger",)]
    assert (await ready.refresh("web", tokens["refresh_token"])).status_code == 200
