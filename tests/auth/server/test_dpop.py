"""Tokens that are bound to a key: the content of a proof, and its single use."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from hub.auth.server import dpop
from tests.auth.server.harness import (
    GRANT,
    ISSUER,
    NESTED,
    Pkce,
    Stage,
    a_client,
    a_key,
    ath,
    claims_of,
    proof,
    redirect_parameters,
    refused,
    unsigned,
)

NOW = int(time.time())


@pytest.fixture
async def ready(stage: Stage) -> Stage:
    """A confidential client and a public one, and a user in the browser."""
    await stage.client(a_client("gojek", "client_secret_basic"))
    await stage.client(a_client("spa"))
    await stage.user()
    await stage.sign_in()
    return stage


@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("ES256", ECKey.generate_key("P-256")),
        ("PS256", RSAKey.generate_key(3072)),
        ("Ed25519", OKPKey.generate_key("Ed25519")),
    ],
)
async def test_a_token_is_bound_to_the_key_that_was_proved(ready: Stage, alg: str, key: ECKey) -> None:
    body = (await ready.token("gojek", {"dpop": proof(key, alg=alg)}, **GRANT)).json()
    assert body["token_type"] == "DPoP"
    assert claims_of(body["access_token"])["cnf"] == {"jkt": key.thumbprint()}


PRIVATE = {"header": {"jwk": a_key().as_dict(private=True)}}


@pytest.mark.parametrize(
    "over",
    [
        {"htm": "GET"},
        {"htu": f"{ISSUER}/oauth/par"},
        {"htu": f"{ISSUER}/oauth/token/"},
        {"htu": f"{ISSUER}/oauth%2Ftoken"},
        {"htu": 7},
        {"htu": None},
        {"iat": NOW - 600},
        {"iat": NOW + 100_000},
        {"iat": str(NOW)},
        {"iat": 10**400},
        {"iat": None},
        {"jti": None},
        {"jti": "j" * 600},
        {"header": {"typ": "JWT"}},
        {"header": {"jwk": a_key().as_dict(private=False)}},
        PRIVATE,
        {"header": {"jwk": {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"}}},
        {"header": {"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}},
        {"header": {"jwk": {}}},
        {"header": {"jwk": {"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}}},
    ],
    ids=range(20),
)
async def test_an_invalid_proof_is_refused(ready: Stage, over: dict[str, Any]) -> None:
    refused(await ready.token("gojek", {"dpop": proof(a_key(), **dict(over))}, **GRANT), "invalid_dpop_proof")


HEAD = json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": a_key().as_dict(private=False)})


@pytest.mark.parametrize(
    "text",
    [
        *("", "a.b.c", "é", "e30.e30.", '{"a": 1}'),
        *(unsigned(NESTED), unsigned(HEAD.replace("{", f'{{"x": {NESTED},', 1)), unsigned(HEAD, NESTED)),
        *(unsigned(HEAD.replace("{", '{"crit": 5,', 1)), unsigned(HEAD.replace("{", '{"crit": [["b64"]],', 1))),
    ],
    ids=range(10),
)
async def test_what_is_no_proof_at_all(ready: Stage, text: str) -> None:
    refused(await ready.token("gojek", {"dpop": text.encode()}, **GRANT), "invalid_dpop_proof")  # type: ignore[dict-item]


async def test_a_proof_of_what_cannot_be_read_proves_nothing(ready: Stage) -> None:
    key = a_key()
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    made = jws.serialize_compact(header, NESTED, key)
    refused(await ready.token("gojek", {"dpop": made}, **GRANT), "invalid_dpop_proof")


async def test_a_secret_key_proves_nothing(ready: Stage) -> None:
    from joserfc import jwt

    key = OctKey.generate_key(256)
    header = {"typ": "dpop+jwt", "alg": "HS256", "jwk": key.as_dict(private=True)}
    made = jwt.encode(header, {"htm": "POST", "htu": f"{ISSUER}/oauth/token", "iat": NOW, "jti": "j"}, key, ["HS256"])
    refused(await ready.token("gojek", {"dpop": made}, **GRANT), "invalid_dpop_proof")


async def test_several_proofs_are_none(ready: Stage) -> None:
    key = a_key()
    auth = ("gojek", ready.secret["gojek"])
    headers = [("dpop", proof(key)), ("dpop", proof(key))]
    refused(await ready.http.post("/oauth/token", data=GRANT, auth=auth, headers=headers), "invalid_dpop_proof")


async def test_a_proof_is_shown_once_even_when_its_request_fails(ready: Stage) -> None:
    shown = {"dpop": proof(a_key())}
    refused(await ready.token("gojek", shown, **GRANT, scope="x"), "invalid_scope")
    refused(await ready.token("gojek", shown, **GRANT), "invalid_dpop_proof")


async def test_a_client_that_must_bind_gets_no_bearer_token(ready: Stage) -> None:
    await ready.client(a_client("fapi", "client_secret_basic", must_bind=True))
    refused(await ready.token("fapi", **GRANT), "invalid_dpop_proof")
    assert (await ready.token("fapi", {"dpop": proof(a_key())}, **GRANT)).status_code == 200


async def test_a_code_is_bound_to_the_requested_thumbprint(ready: Stage) -> None:
    key, pkce = a_key(), Pkce()
    for headers, status in ((None, 400), ({"dpop": proof(a_key())}, 400), ({"dpop": proof(key)}, 200)):
        code = await ready.code("spa", pkce, dpop_jkt=key.thumbprint())
        assert (await ready.exchange("spa", code, pkce, headers)).status_code == status


async def test_pushing_with_a_proof_binds_the_code(ready: Stage) -> None:
    key, pkce = a_key(), Pkce()
    form = {
        "response_type": "code",
        "client_id": "spa",
        "redirect_uri": "https://app.example/callback",
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
    }
    pushed = await ready.http.post("/oauth/par", data=form, headers={"dpop": proof(key, "/oauth/par")})
    assert pushed.status_code == 201, pushed.text
    parameters = {"client_id": "spa", "request_uri": pushed.json()["request_uri"]}
    response = await ready.decide(await ready.browser.get("/oauth/authorize", params=parameters))
    code = redirect_parameters(response)["code"]
    refused(await ready.exchange("spa", code, pkce), "invalid_dpop_proof")
    other = await ready.http.post(
        "/oauth/par", data={**form, "dpop_jkt": a_key().thumbprint()}, headers={"dpop": proof(key, "/oauth/par")}
    )
    refused(other, "invalid_dpop_proof")


async def test_a_bound_token_is_useless_without_its_key(ready: Stage) -> None:
    key = a_key()
    token = (await ready.granted("spa", {"dpop": proof(key)}, scope="openid"))["access_token"]

    async def status(scheme: str, shown: str | None) -> int:
        headers = {"authorization": f"{scheme} {token}"} | ({"dpop": shown} if shown else {})
        return (await ready.http.get("/oauth/userinfo", headers=headers)).status_code

    good = proof(key, "/oauth/userinfo", "GET", ath=ath(token))
    assert await status("Bearer", None) == 401
    assert await status("DPoP", None) == 401
    assert await status("DPoP", proof(key, "/oauth/userinfo", "GET")) == 401
    assert await status("DPoP", proof(key, "/oauth/userinfo", "GET", ath=ath("other"))) == 401
    assert await status("DPoP", proof(a_key(), "/oauth/userinfo", "GET", ath=ath(token))) == 401
    assert await status("DPoP", good) == 200
    assert await status("DPoP", good) == 401


@pytest.mark.parametrize("htu", ["HTTP://127.0.0.1:8123/oauth/token", f"{ISSUER}/oauth/%74oken?a=b#c"])
async def test_the_address_in_a_proof_is_compared_normalised(ready: Stage, htu: str) -> None:
    answer = await ready.token("gojek", {"DPoP": proof(a_key(), htu=htu)}, **GRANT)
    assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP")


def test_the_default_port_may_be_written_in_a_proof() -> None:
    made = proof(a_key(), htu="https://hub.example:443/oauth/token")
    assert dpop.verify(made, "POST", "https://Hub.example/oauth/token").jti
