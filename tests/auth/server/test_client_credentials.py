"""A client in its own name: each method of authentication, and every way in which it fails."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from hub.store.oauth import clients
from tests.auth.server.harness import (
    ASSERTION,
    CAUSE,
    GRANT,
    ISSUER,
    NESTED,
    Stage,
    a_client,
    a_key,
    assertion,
    claims_of,
    jwks,
    refused,
    unsigned,
)


async def test_a_secret_by_basic(stage: Stage) -> None:
    await stage.client(a_client("gojek", "client_secret_basic"))
    response = await stage.token("gojek", **GRANT)
    body = response.json()
    assert response.status_code == 200
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    assert body["scope"] == "complaints:submit complaints:read"
    assert "refresh_token" not in body
    claims = claims_of(body["access_token"])
    assert claims["iss"] == claims["aud"] == ISSUER
    assert claims["sub"] == claims["client_id"] == "gojek"
    assert claims["exp"] - claims["iat"] == 600


async def test_a_secret_in_the_form(stage: Stage) -> None:
    secret = await stage.client(a_client("post", "client_secret_post"))
    response = await stage.http.post("/oauth/token", data={**GRANT, "client_id": "post", "client_secret": secret})
    assert response.status_code == 200


KEYS: dict[str, Key] = {
    "ES256": ECKey.generate_key("P-256", {"kid": "k"}),
    "ES384": ECKey.generate_key("P-384", {"kid": "k"}),
    "PS256": RSAKey.generate_key(2048, {"kid": "k"}),
    "RS256": RSAKey.generate_key(2048, {"kid": "k"}),
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "k"}),
}


@pytest.mark.parametrize("alg", KEYS)
async def test_pitfall_04_a_signed_assertion_of_each_algorithm(stage: Stage, alg: str) -> None:
    key: Key = KEYS[alg]
    await stage.client(a_client("central", "private_key_jwt", jwks=jwks(key)))
    response = await stage.token("central", **GRANT, **assertion(key, "central", alg))
    assert response.status_code == 200, response.text


async def test_scopes_are_narrowed_by_asking_and_never_widened(stage: Stage) -> None:
    await stage.client(a_client("gojek", "client_secret_basic"))
    assert (await stage.token("gojek", **GRANT, scope="complaints:read")).json()["scope"] == "complaints:read"
    description = refused(await stage.token("gojek", **GRANT, scope="complaints:read payments:read"), "invalid_scope")
    assert "payments:read" in description


async def test_a_token_is_for_the_hub_alone(stage: Stage) -> None:
    await stage.client(a_client("gojek", "client_secret_basic"))
    assert (await stage.token("gojek", **GRANT, resource=ISSUER)).status_code == 200
    assert (await stage.token("gojek", **GRANT, resource=f"{ISSUER}/")).status_code == 200
    refused(await stage.token("gojek", **GRANT, resource="https://other.example"), "invalid_target")


async def test_pitfall_09_token_lifetime_is_that_of_the_client(stage: Stage) -> None:
    await stage.client(a_client("demo", "client_secret_basic", token_seconds=86_400))
    body = (await stage.token("demo", **GRANT)).json()
    claims = claims_of(body["access_token"])
    assert body["expires_in"] == claims["exp"] - claims["iat"] == 86_400


async def test_wrong_and_unknown_clients_get_the_same_answer(stage: Stage) -> None:
    secret = await stage.client(a_client("gojek", "client_secret_basic"))
    for auth in [("gojek", "wrong"), ("nobody", secret), ("gojek", ""), ("\0", "x"), ("u_budi", "x")]:
        response = await stage.http.post("/oauth/token", data=GRANT, auth=auth)
        refused(response, "invalid_client", 401)
        assert response.headers["www-authenticate"].startswith("Basic ")
    response = await stage.http.post("/oauth/token", data=GRANT, headers={"authorization": "Basic !!!"})
    refused(response, "invalid_client", 401)
    response = await stage.http.post("/oauth/token", data=GRANT, headers={"authorization": "Basic //79"})
    refused(response, "invalid_client", 401)
    response = await stage.http.post("/oauth/token", data=GRANT, headers=[(b"authorization", "Basic é".encode())])
    refused(response, "invalid_client", 401)
    refused(await stage.token(**GRANT), "invalid_client", 401)


async def test_pitfall_12_a_failed_client_gets_401_by_every_method(stage: Stage) -> None:
    key = a_key()
    await stage.client(a_client("central", "private_key_jwt", jwks=jwks(key)))
    for form in [
        {"client_id": "central", "client_secret": "x"},
        {"client_id": "central"},
        assertion(a_key(), "central"),
        {**assertion(key, "central"), "client_id": "other"},
    ]:
        refused(await stage.token(**GRANT, **form), "invalid_client", 401)


@pytest.mark.parametrize(
    "over",
    [
        {"aud": f"{ISSUER}/oauth/token"},
        {"aud": [ISSUER]},
        {"aud": None},
        {"iss": "other"},
        {"exp": None},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": 1e300},
        {"exp": float("nan")},
        {"exp": float("-inf")},
        {"exp": 10**400},
        {"exp": True},
        {"jti": None},
        {"jti": 7},
        {"jti": ""},
        {"nbf": 99999999999},
        {"iat": 99999999999},
        {"sub": "\0"},
        {"sub": 5},
    ],
    ids=range(19),
)
async def test_an_invalid_assertion_is_refused(stage: Stage, over: dict[str, Any]) -> None:
    key = a_key()
    await stage.client(a_client("central", "private_key_jwt", jwks=jwks(key)))
    refused(await stage.token(**GRANT, **assertion(key, "central", **over)), "invalid_client", 401)


CLAIMS = json.dumps({"sub": "central"})


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        (NESTED, CLAIMS),
        ('{"alg": "ES256"}', NESTED),
        ('{"alg": "ES256", "crit": 5}', CLAIMS),
        ('{"alg": "ES256", "kid": ["k1"]}', CLAIMS),
        ('{"alg": ["ES256"], "kid": "k1"}', CLAIMS),
        ("{}", "{}"),
        ('{"alg": "ES256"}', '{"sub": "secretive"}'),
    ],
    ids=range(7),
)
@pytest.mark.parametrize("published", [False, True])
async def test_what_is_no_assertion_at_all(stage: Stage, header: str, claims: str, *, published: bool) -> None:
    keys: dict[str, Any] = {"jwks_uri": "http://127.0.0.1:1/jwks"} if published else {"jwks": jwks(a_key())}
    await stage.client(a_client("central", "private_key_jwt", **keys))
    await stage.client(a_client("secretive", "client_secret_basic"))
    form: dict[str, Any] = {"client_assertion_type": ASSERTION, "client_assertion": unsigned(header, claims)}
    refused(await stage.token("central", **GRANT, **form), "invalid_client", 401)


async def test_an_assertion_is_of_the_one_type_there_is(stage: Stage) -> None:
    key = a_key()
    await stage.client(a_client("central", "private_key_jwt", jwks=jwks(key)))
    form = assertion(key, "central") | {"client_assertion_type": "saml"}
    assert ASSERTION in refused(await stage.token(**GRANT, **form), "invalid_client", 401)


async def test_pitfall_17_an_assertion_lives_five_minutes_at_most(stage: Stage) -> None:
    import time

    key = a_key()
    await stage.client(a_client("central", "private_key_jwt", jwks=jwks(key)))
    now = int(time.time())
    assert (await stage.token(**GRANT, **assertion(key, "central", exp=now + 300))).status_code == 200
    description = refused(
        await stage.token(**GRANT, **assertion(key, "central", exp=now + 3600)), "invalid_client", 401
    )
    assert "300" in description


async def test_an_assertion_is_used_once_even_when_its_request_fails(stage: Stage) -> None:
    key = a_key()
    await stage.client(a_client("central", "private_key_jwt", jwks=jwks(key)))
    signed = assertion(key, "central")
    refused(await stage.token(**GRANT, **signed, scope="nothing:like-that"), "invalid_scope")
    assert "sign a new one" in refused(await stage.token(**GRANT, **signed), "invalid_client", 401)


async def test_assertion_ids_are_unique_per_client_only(stage: Stage) -> None:
    for client in ("central", "other"):
        key = a_key()
        await stage.client(a_client(client, "private_key_jwt", jwks=jwks(key)))
        assert (await stage.token(**GRANT, **assertion(key, client, jti="1"))).status_code == 200


async def test_pitfall_13_two_ways_at_once_are_refused(stage: Stage) -> None:
    key = a_key()
    secret = await stage.client(a_client("gojek", "client_secret_basic"))
    both = await stage.http.post(
        "/oauth/token", data={**GRANT, "client_id": "gojek", "client_secret": secret}, auth=("gojek", secret)
    )
    refused(both, "invalid_request")
    with_assertion = await stage.http.post(
        "/oauth/token", data={**GRANT, **assertion(key, "gojek")}, auth=("gojek", secret)
    )
    refused(with_assertion, "invalid_request")


async def test_pitfall_03_query_and_repeated_parameters_are_ignored(stage: Stage) -> None:
    secret = await stage.client(a_client("gojek", "client_secret_basic"))
    auth = ("gojek", secret)
    refused(await stage.http.post("/oauth/token?grant_type=client_credentials", auth=auth), "invalid_request")
    refused(await stage.http.post("/oauth/token?scope=openid", data=GRANT, auth=auth), "invalid_request")
    form = {"content-type": "application/x-www-form-urlencoded"}
    twice = "grant_type=client_credentials&grant_type=client_credentials"
    refused(await stage.http.post("/oauth/token", content=twice, headers=form, auth=auth), "invalid_request")
    refused(await stage.http.post("/oauth/token", json=GRANT, auth=auth), "invalid_request")


async def test_a_public_client_has_no_name_of_its_own(stage: Stage) -> None:
    await stage.client(a_client("spa", grants=("client_credentials",)))
    refused(await stage.token("spa", **GRANT), "unauthorized_client")


async def test_grants_that_are_not_there_or_not_the_clients(stage: Stage) -> None:
    await stage.client(a_client("gojek", "client_secret_basic", grants=("client_credentials",)))
    refused(await stage.token("gojek", grant_type="password", username="a", password="b"), "unsupported_grant_type")
    refused(await stage.token("gojek", scope="complaints:read"), "invalid_request")
    refused(await stage.token("gojek", grant_type="authorization_code", code="x"), "unauthorized_client")
    refused(await stage.token("gojek", grant_type="refresh_token", refresh_token="x"), "unauthorized_client")


async def test_a_suspended_client_gets_nothing_until_it_is_resumed(stage: Stage) -> None:
    await stage.client(a_client("gojek", "client_secret_basic"))
    async with stage.database.write(CAUSE) as db:
        assert await clients.suspend(db, "gojek")
    refused(await stage.token("gojek", **GRANT), "invalid_client", 401)
    async with stage.database.write(CAUSE) as db:
        assert await clients.resume(db, "gojek")
    assert (await stage.token("gojek", **GRANT)).status_code == 200


async def test_only_an_authenticated_client_learns_it_is_suspended(stage: Stage) -> None:
    right = {"gojek": await stage.client(a_client("gojek", "client_secret_basic"))}
    key = a_key()
    await stage.client(a_client("signs", "private_key_jwt", jwks=jwks(key)))
    await stage.client(a_client("page", "none", grants=("authorization_code",)))
    async with stage.database.write(CAUSE) as db:
        for name in ("gojek", "signs", "page"):
            await clients.suspend(db, name)

    async def error_of(**sent: Any) -> str:
        auth = sent.pop("auth", None)
        answer = await stage.http.post("/oauth/token", data=GRANT | sent, auth=auth)
        refused(answer, "invalid_client", 401)
        return str(answer.json()["error_description"])

    suspended = "This client is suspended: ask the operator of the hub."
    assert await error_of(auth=("gojek", right["gojek"])) == suspended
    assert await error_of(**assertion(key, "signs")) == suspended
    assert await error_of(**assertion(a_key(), "signs")) != suspended
    assert await error_of(auth=("gojek", "wrong")) == await error_of(auth=("nobody", "wrong"))
    in_form = {"client_id": "gojek", "client_secret": right["gojek"]}
    assert await error_of(**in_form) == await error_of(**in_form | {"client_id": "nobody"})
    assert await error_of(client_id="page") == await error_of(client_id="nobody")


async def test_a_secret_is_rotated_without_an_outage(stage: Stage) -> None:
    from datetime import timedelta

    old = await stage.client(a_client("gojek", "client_secret_basic"))
    async with stage.database.write(CAUSE) as db:
        new = await clients.new_secret(db, "gojek", timedelta(hours=1))
    for secret in (old, new):
        assert (await stage.http.post("/oauth/token", data=GRANT, auth=("gojek", secret))).status_code == 200
    async with stage.database.write(CAUSE) as db:
        newest = await clients.new_secret(db, "gojek")
    for secret, status in ((old, 401), (new, 401), (newest, 200)):
        assert (await stage.http.post("/oauth/token", data=GRANT, auth=("gojek", secret))).status_code == status
