"""Pitfalls of the library below, by number: each has a test or a reason."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import httpx
import pytest

from tests.auth.server.harness import GRANT, ISSUER, Stage, a_client, a_key, assertion, jwks, refused

ELSEWHERE = {
    10: "Authlib's resource protector, where a list of scopes is an OR, guards nothing here: the viewer does.",
    14: "No two of our hooks depend on their order: each only refuses.",
    15: "There is no registration endpoint: operators register clients.",
    19: "It is of the cost estimate, whose tests are with the web's limits.",
}


def test_each_pitfall_is_tried_or_has_a_reason() -> None:
    here = "".join(path.read_text() for path in sorted(Path(__file__).parent.glob("test_*.py")))
    tried = {int(number) for number in re.findall(r"def test_pitfall_(\d\d)_", here)}
    assert tried | set(ELSEWHERE) == set(range(1, 20))
    assert not tried & set(ELSEWHERE)


async def test_pitfall_02_no_deprecated_way_of_the_library_is_used(stage: Stage) -> None:
    await stage.client(a_client("gojek", "client_secret_basic"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (await stage.token("gojek", **GRANT)).status_code == 200


async def test_pitfall_07_secrets_are_hashed_and_tokens_unbounded(stage: Stage) -> None:
    scopes = tuple(f"scope{number}:with-a-long-name" for number in range(40))
    secret = await stage.client(a_client("gojek", "client_secret_basic", scopes=scopes))
    token = (await stage.token("gojek", **GRANT)).json()["access_token"]
    assert len(token) > 1000
    ((kept,),) = await stage.rows("select hash from client_secrets")
    assert len(bytes(kept)) == 32
    assert secret.encode() not in bytes(kept)
    for path in ("/oauth/introspect", "/oauth/revoke", "/oauth/par"):
        form = {"client_id": "gojek", "client_secret": secret, "token": token}
        refused(await stage.http.post(path, data=form), "invalid_client", 401)


@pytest.mark.parametrize("host", ["hub.jatengprov.example", "evil.example", "10.0.0.7:8000"])
async def test_pitfall_16_the_issuer_is_the_setting_behind_a_proxy(stage: Stage, host: str) -> None:
    key = a_key()
    await stage.client(a_client("central", "private_key_jwt", jwks=jwks(key)))
    form = GRANT | assertion(key, "central")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(stage.app), base_url=f"http://{host}") as outside:
        assert (await outside.post("/oauth/token", data=form)).status_code == 200
        metadata = (await outside.get("/.well-known/oauth-authorization-server")).json()
    assert {metadata["issuer"], metadata["token_endpoint"]} == {ISSUER, f"{ISSUER}/oauth/token"}


async def test_pitfall_18_eddsa_is_refused_and_ed25519_accepted(stage: Stage) -> None:
    from joserfc import jwt
    from joserfc.jwk import OKPKey

    key = OKPKey.generate_key("Ed25519", {"kid": "k"})
    await stage.client(a_client("central", "private_key_jwt", jwks=jwks(key)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signed = jwt.encode({"alg": "EdDSA", "kid": "k"}, {"sub": "central"}, key, ["EdDSA"])
    form = assertion(key, "central", "Ed25519")
    description = refused(await stage.token(**GRANT, **form | {"client_assertion": signed}), "invalid_client", 401)
    assert "EdDSA" in description
    assert (await stage.token(**GRANT, **form)).status_code == 200
