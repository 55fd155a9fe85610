"""Introspection and revocation of tokens, and the server's metadata."""

from __future__ import annotations

import warnings
from typing import Any

import httpx
import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from hub.store.oauth import clients
from tests.auth.server.harness import CAUSE, GRANT, ISSUER, SCOPES, Stage, a_client, a_key, claims_of, proof, refused


@pytest.fixture
async def ready(stage: Stage) -> Stage:
    """Three kinds of clients, and a user in the browser."""
    await stage.client(a_client("web", "client_secret_basic"))
    await stage.client(a_client("ops", "client_secret_basic", scopes=("hub:operate",)))
    await stage.client(a_client("spa"))
    await stage.user()
    await stage.sign_in()
    return stage


async def revoke(stage: Stage, client: str, token: str, **over: str) -> Any:
    auth = httpx.BasicAuth(client, stage.secret[client]) if client in stage.secret else None
    form = {"token": token, **over} | ({} if auth else {"client_id": client})
    return await stage.http.post("/oauth/revoke", data=form, auth=auth or httpx.USE_CLIENT_DEFAULT)


async def test_a_client_learns_of_its_own_tokens_an_operator_of_all(ready: Stage) -> None:
    body = await ready.granted("web")
    introspected = await ready.introspect("web", body["access_token"])
    assert introspected == {"active": True, "token_type": "Bearer", **claims_of(body["access_token"])}
    assert (await ready.introspect("ops", body["access_token"]))["active"]
    assert (await ready.introspect("web", body["refresh_token"]))["active"]
    other = (await ready.token("ops", **GRANT)).json()["access_token"]
    assert await ready.introspect("web", other) == {"active": False}
    assert await ready.introspect("web", "nonsense") == {"active": False}
    answer = await ready.http.post("/oauth/introspect", data={"token": "x", "client_id": "spa"})
    refused(answer, "unauthorized_client")
    refused(await ready.http.post("/oauth/introspect", data={"token": "x"}), "invalid_client", 401)


async def test_introspection_shows_the_binding_of_a_token(ready: Stage) -> None:
    body = (await ready.token("web", {"dpop": proof(a_key())}, **GRANT)).json()
    assert (await ready.introspect("web", body["access_token"]))["token_type"] == "DPoP"


async def test_an_access_token_is_taken_back_alone(ready: Stage) -> None:
    body = await ready.granted("web")
    assert (await revoke(ready, "web", body["access_token"], token_type_hint="refresh_token")).status_code == 200
    assert not (await ready.introspect("web", body["access_token"]))["active"]
    assert (await ready.refresh("web", body["refresh_token"])).status_code == 200


async def test_a_refresh_token_is_taken_back_with_all_of_its_grant(ready: Stage) -> None:
    body = await ready.granted("spa")
    assert (await revoke(ready, "spa", body["refresh_token"])).status_code == 200
    assert not (await ready.introspect("ops", body["access_token"]))["active"]
    refused(await ready.refresh("spa", body["refresh_token"]), "invalid_grant")


async def test_revocation_increments_the_epoch_that_processes_watch(ready: Stage) -> None:
    body = await ready.granted("spa")
    ((before,),) = await ready.rows("select number from auth_epoch")
    await revoke(ready, "spa", body["access_token"])
    ((after,),) = await ready.rows("select number from auth_epoch")
    await revoke(ready, "spa", body["refresh_token"])
    ((last,),) = await ready.rows("select number from auth_epoch")
    assert before < after < last


async def test_only_its_own_and_unknown_ones_are_no_error(ready: Stage) -> None:
    body = await ready.granted("spa")
    assert (await revoke(ready, "web", "nonsense", token_type_hint="odd")).status_code == 200
    refused(await revoke(ready, "web", body["access_token"]), "invalid_grant")
    refused(await ready.http.post("/oauth/revoke", data={"client_id": "spa"}), "invalid_request")
    assert (await ready.introspect("ops", body["access_token"]))["active"]


async def test_nothing_of_a_suspended_client_is_active(ready: Stage) -> None:
    body = await ready.granted("spa")
    async with ready.database.write(CAUSE) as db:
        await clients.suspend(db, "spa")
    assert await ready.introspect("ops", body["access_token"]) == {"active": False}
    assert await ready.introspect("ops", body["refresh_token"]) == {"active": False}


async def test_metadata_is_the_same_at_both_paths_and_true(ready: Stage) -> None:
    metadata = (await ready.http.get("/.well-known/oauth-authorization-server")).json()
    assert metadata == (await ready.http.get("/.well-known/openid-configuration")).json()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        document = AuthorizationServerMetadata(metadata)
        document["issuer"] = "https://hub.example"
        for name in [name for name in document if isinstance(document[name], str)]:
            document[name] = document[name].replace(ISSUER, "https://hub.example")
        document.validate()
    assert metadata["issuer"] == ISSUER
    assert metadata["scopes_supported"] == sorted(SCOPES)
    for name in [name for name in metadata if name.endswith("_endpoint") or name == "jwks_uri"]:
        path = metadata[name].removeprefix(ISSUER)
        assert (await ready.http.options(path)).status_code == 405, path
    resource = (await ready.http.get("/.well-known/oauth-protected-resource")).json()
    assert (resource["resource"], resource["authorization_servers"]) == (ISSUER, [ISSUER])
