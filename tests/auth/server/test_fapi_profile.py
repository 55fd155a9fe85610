"""A client that must follow the FAPI 2.0 Security Profile: its only flow, and the refusal of all others."""

from __future__ import annotations

import time
import warnings
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, Key, RSAKey

from hub.auth.jwks import usable_keys
from tests.auth.server.harness import (
    CALLBACK,
    GRANT,
    ISSUER,
    Pkce,
    Stage,
    a_client,
    a_key,
    assertion,
    ath,
    claims_of,
    jwks,
    proof,
    redirect_parameters,
    refused,
)

OWN = a_key("own")
OTHERS: dict[str, Key] = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa"}),
    "ES384": ECKey.generate_key("P-384", {"kid": "p384"}),
}


@pytest.fixture
async def ready(stage: Stage) -> Stage:
    """A client that must follow the profile, and a user in the browser."""
    keys = jwks(OWN, *OTHERS.values())
    await stage.client(a_client("bank", "private_key_jwt", jwks=keys, must_push=True, must_bind=True))
    await stage.user()
    await stage.sign_in()
    return stage


def authorization_request(pkce: Pkce, **over: str | None) -> dict[str, str]:
    form: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "bank",
        "redirect_uri": CALLBACK,
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
        "scope": "openid complaints:read",
        "nonce": "n" * 64,
    }
    return {name: value for name, value in (form | over).items() if value is not None}


async def push(stage: Stage, pkce: Pkce, **over: str | None) -> httpx.Response:
    return await stage.http.post("/oauth/par", data=authorization_request(pkce, **over) | assertion(OWN, "bank"))


async def code(stage: Stage, pkce: Pkce) -> str:
    named = {"client_id": "bank", "request_uri": (await push(stage, pkce)).json()["request_uri"]}
    response = await stage.browser.get("/oauth/authorize", params=named)
    if "/oauth/consent" in response.headers["location"]:
        response = await stage.decide(response)
    return redirect_parameters(response)["code"]


async def test_it_goes_the_whole_way(ready: Stage) -> None:
    pkce, key = Pkce(), a_key()
    shown = {"dpop": proof(key)}
    body = (await ready.exchange("bank", await code(ready, pkce), pkce, shown, **assertion(OWN, "bank"))).json()
    assert (body["token_type"], claims_of(body["access_token"])["cnf"]) == ("DPoP", {"jkt": key.thumbprint()})
    assert claims_of(body["id_token"])["nonce"] == "n" * 64
    who = {
        "authorization": f"DPoP {body['access_token']}",
        "dpop": proof(key, "/oauth/userinfo", "GET", ath=ath(body["access_token"])),
    }
    assert (await ready.http.get("/oauth/userinfo", headers=who)).json()["sub"] == "u_budi"
    again = await ready.refresh("bank", body["refresh_token"], {"dpop": proof(key)}, **assertion(OWN, "bank"))
    assert (again.json()["token_type"], "refresh_token" in again.json()) == ("DPoP", False)


async def test_it_has_no_shorter_way(ready: Stage) -> None:
    assert redirect_parameters(await ready.authorize("bank", Pkce()))["error"] == "invalid_request"
    refused(await push(ready, Pkce(), redirect_uri=None), "invalid_request")
    refused(await push(ready, Pkce(), code_challenge=None), "invalid_request")
    refused(await ready.http.post("/oauth/par", data=authorization_request(Pkce())), "invalid_client", 401)
    pkce = Pkce()
    bearer = await ready.exchange("bank", await code(ready, pkce), pkce, **assertion(OWN, "bank"))
    refused(bearer, "invalid_dpop_proof")
    refused(await ready.token(**GRANT, **assertion(OWN, "bank")), "invalid_dpop_proof")
    for form in ({"client_id": "bank"}, {"client_id": "bank", "client_secret": "x"}):
        refused(await ready.token("", {"dpop": proof(a_key())}, **GRANT, **form), "invalid_client", 401)


@pytest.mark.parametrize("alg", OTHERS)
async def test_its_algorithms_are_those_of_the_profile(ready: Stage, alg: str) -> None:
    key: Key = OTHERS[alg]
    await ready.client(a_client("free", "private_key_jwt", jwks=jwks(key)))
    assert (await ready.token(**GRANT, **assertion(key, "free", alg))).status_code == 200
    bound = await ready.token("", {"dpop": proof(a_key())}, **GRANT, **assertion(key, "bank", alg))
    assert alg in refused(bound, "invalid_client", 401)
    shown = {"dpop": proof(key, alg=alg)}
    refused(await ready.token("", shown, **GRANT, **assertion(OWN, "bank")), "invalid_dpop_proof")


@pytest.mark.parametrize(("ahead", "status"), [(0, 200), (8, 200), (61, 0)])
async def test_clocks_may_be_ten_seconds_apart_and_not_a_minute(ready: Stage, ahead: int, status: int) -> None:
    now = int(time.time())
    overs: tuple[dict[str, Any], ...] = ({"iat": now + ahead}, {"nbf": now + ahead})
    for over in overs:
        answer = await ready.token("", {"dpop": proof(a_key())}, **GRANT, **assertion(OWN, "bank", **over))
        assert answer.status_code == (status or 401), answer.text
    shown = {"dpop": proof(a_key(), iat=now + ahead)}
    answer = await ready.token("", shown, **GRANT, **assertion(OWN, "bank"))
    assert answer.status_code == (status or 400), answer.text


def weak() -> Key:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return RSAKey.import_key(rsa.generate_private_key(65537, 1024), {"kid": "weak"})


async def test_a_short_key_of_rsa_is_none(ready: Stage) -> None:
    key: Any = weak()
    assert usable_keys(jwks(OWN, key)).keys() == {"own"}
    with warnings.catch_warnings():
        # A hub that runs is only warned, so that the warning must not be what refuses the key.
        warnings.simplefilter("ignore")
        shown = {"dpop": proof(key, alg="PS256")}
        description = refused(await ready.token("", shown, **GRANT, **assertion(OWN, "bank")), "invalid_dpop_proof")
    assert "2048" in description


async def test_what_is_issued_cannot_be_guessed(ready: Stage) -> None:
    await ready.client(a_client("spa"))
    secret = await ready.client(a_client("web", "client_secret_basic"))
    pkce = Pkce()
    found = await ready.code("spa", pkce)
    refresh = (await ready.exchange("spa", found, pkce)).json()["refresh_token"]
    request_uri = (await push(ready, Pkce())).json()["request_uri"].rpartition(":")[2]
    for value in (secret, found, refresh, request_uri):
        # 43 characters of base64url are 256 bits.
        assert len(value) >= 43
    assert len({secret, found, refresh, request_uri}) == 4


async def test_a_token_counts_in_the_header_only(ready: Stage) -> None:
    await ready.client(a_client("spa"))
    token = (await ready.granted("spa", scope="openid"))["access_token"]
    parameters = {"access_token": token}
    for answer in (
        await ready.http.get("/oauth/userinfo", params=parameters),
        await ready.http.post("/oauth/userinfo", data=parameters),
    ):
        assert answer.status_code == 401
        challenge = answer.headers["www-authenticate"]
        assert challenge.startswith('Bearer scope="openid", resource_metadata="' + ISSUER)
        assert "error" not in challenge
