"""Access tokens of outside issuers: which are accepted, why others are refused, and how often keys are fetched."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from hub.auth import jwks
from hub.auth.trusted_issuers import InvalidToken, TrustedIssuers
from hub.errors import TryLater
from hub.viewer import ViewerKind
from tests.auth.fake_issuer import AUDIENCE, MAKERS, SHARED, Clock, FakeIssuer, fake_issuer


@pytest.fixture
async def fake() -> AsyncIterator[FakeIssuer]:
    async with fake_issuer() as issuer:
        yield issuer


def trusting(*rows: Any) -> TrustedIssuers:
    return TrustedIssuers(rows)


async def refusal(issuers: TrustedIssuers, token: str) -> str:
    with pytest.raises(InvalidToken) as refused:
        await issuers.verify(token)
    return str(refused.value)


async def test_an_rfc_9068_token_has_the_scopes_of_its_row(fake: FakeIssuer) -> None:
    verified = await trusting(fake.row()).verify(fake.token())
    assert (verified.issuer, verified.subject, verified.client) == (fake.url, "s-1", "app")
    assert (verified.partner, verified.kind) == ("fake:app", ViewerKind.PARTNER)
    assert verified.scopes == {"complaints:read"}


async def test_keycloaks_default_token_works_with_its_setting(fake: FakeIssuer) -> None:
    verified = await trusting(fake.keycloak_row(kind="OFFICER")).verify(fake.keycloak())
    assert (verified.client, verified.kind) == ("app", ViewerKind.OFFICER)
    assert verified.scopes == {"complaints:read", "reports:read"}


async def test_es512_as_inapas_signs() -> None:
    async with fake_issuer("ES512") as fake:
        assert (await trusting(fake.row()).verify(fake.token())).subject == "s-1"


async def test_audience_may_be_one_of_several_and_scopes_a_list(fake: FakeIssuer) -> None:
    token = fake.token(aud=["https://other.example", AUDIENCE], scope=["read", 7])
    assert (await trusting(fake.row()).verify(token)).scopes == {"complaints:read"}


async def test_a_claim_whose_name_has_dots_comes_before_a_path(fake: FakeIssuer) -> None:
    row = fake.row(scope_claims=["a.b", "c.d.e"])
    claims: dict[str, Any] = {"a.b": "read", "a": {"b": "other"}, "c": {"d": "no object"}}
    token = fake.token(**claims)
    assert (await trusting(row).verify(token)).scopes == {"complaints:read"}


BAD: dict[str, tuple[Callable[[FakeIssuer], str], str]] = {
    "another issuer": (lambda f: f.token(iss="https://elsewhere.example"), "issuer"),
    "issuer with a slash more": (lambda f: f.token(iss=f.url + "/"), "issuer"),
    "no issuer": (lambda f: f.token(iss=None), "issuer"),
    "issuer of an odd type": (lambda f: f.token(iss=[f.url]), "issuer"),
    "another audience": (lambda f: f.token(aud="https://else.example"), "claims"),
    "no audience": (lambda f: f.token(aud=None), "claims"),
    "audience as an object": (lambda f: f.token(aud={AUDIENCE: True}), "claims"),
    "no subject": (lambda f: f.token(sub=None), "claims"),
    "subject of an odd type": (lambda f: f.token(sub=7), "claims"),
    "subject with a zero in it": (lambda f: f.token(sub="a\0b"), "subject"),
    "subject without end": (lambda f: f.token(sub="a" * 256), "subject"),
    "client with a zero in it": (lambda f: f.token(client_id="a\0b"), "client"),
    "no client": (lambda f: f.token(client_id=None), "client"),
    "no expiry": (lambda f: f.token(exp=None), "claims"),
    "expiry as text": (lambda f: f.token(exp="9999999999"), "claims"),
    "expired": (lambda f: f.token(exp=int(time.time()) - 1), "expired"),
    "issued in the future": (lambda f: f.token(iat=int(time.time()) + 3_000), "claims"),
    "valid in the future": (lambda f: f.token(nbf=int(time.time()) + 3_000), "claims"),
    "no type": (lambda f: f.token({"typ": None}), "type"),
    "type JWT": (lambda f: f.token({"typ": "JWT"}), "type"),
    "another algorithm than the row's": (lambda f: f.token({"alg": "PS256"}), "algorithm"),
    "a shared secret": (lambda f: f.token({"alg": "HS256"}, SHARED), "algorithm"),
    "a key that is not theirs": (lambda f: f.token(key=MAKERS["RS256"]()), "key"),
    "a signature that is not theirs": (
        lambda f: f.token({"kid": f.key.kid}, MAKERS["RS256"]()),
        "signature",
    ),
    "bound to a certificate": (lambda f: f.token(cnf={"x5t#S256": "abc"}), "bound"),
    "nothing": (lambda f: "", "no signed JWT"),
    "no JWT": (lambda f: "a.b.c", "no signed JWT"),
    "not ASCII": (lambda f: "é.é.é", "no signed JWT"),
    "far too long": (lambda f: "a" * 20_000, "too long"),
    "claims that are a list": (
        lambda f: jws.serialize_compact({"alg": "RS256"}, b"[]", f.key, ["RS256"]),
        "no claims",
    ),
    "claims nested without end": (
        lambda f: jws.serialize_compact({"alg": "RS256"}, b"[" * 8_000, f.key, ["RS256"]),
        "no signed JWT",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_refused(fake: FakeIssuer, case: str) -> None:
    make, why = BAD[case]
    assert why in await refusal(trusting(fake.row()), make(fake))


async def test_an_unsigned_token_is_refused(fake: FakeIssuer) -> None:
    header = base64.urlsafe_b64encode(b'{"alg": "none", "typ": "at+jwt"}').decode().rstrip("=")
    unsigned = f"{header}.{fake.token().split('.')[1]}."
    assert "algorithm" in await refusal(trusting(fake.row()), unsigned)


async def test_an_id_token_of_keycloak_is_no_access_token(fake: FakeIssuer) -> None:
    assert "not an access token" in await refusal(trusting(fake.keycloak_row()), fake.keycloak(typ="ID"))


async def test_a_clock_that_is_a_little_ahead_is_accepted(fake: FakeIssuer) -> None:
    assert await trusting(fake.row()).verify(fake.token(iat=int(time.time()) + 8))


async def test_addresses_in_a_token_are_not_fetched(fake: FakeIssuer) -> None:
    async with fake_issuer() as thief:
        head = {"jku": f"{thief.url}/keys", "kid": thief.key.kid}
        token = fake.token(head, thief.key)
        assert "key" in await refusal(trusting(fake.row()), token)
        assert (fake.key_requests, thief.key_requests) == (1, 0)


async def test_fifty_at_once_fetch_the_keys_once(fake: FakeIssuer) -> None:
    issuers = trusting(fake.row())
    token, stranger = fake.token(), fake.token(key=MAKERS["RS256"]())
    done = await asyncio.gather(*[issuers.verify(t) for t in [token, stranger] * 25], return_exceptions=True)
    assert [type(one).__name__ for one in done] == ["VerifiedToken", "InvalidToken"] * 25
    assert fake.key_requests == 1


async def test_a_new_key_is_known_after_the_cooldown_and_not_before(fake: FakeIssuer) -> None:
    clock = Clock()
    issuers = TrustedIssuers([fake.row(cooldown=60)], clock)
    assert await issuers.verify(fake.token())
    fake.rotate()
    clock.now += 59.9
    assert "key" in await refusal(issuers, fake.token())
    assert fake.key_requests == 1
    clock.now += 0.1
    assert await issuers.verify(fake.token())
    assert fake.key_requests == 2


async def test_known_keys_serve_while_the_issuer_is_down(fake: FakeIssuer) -> None:
    clock = Clock()
    issuers = TrustedIssuers([fake.row(cooldown=60)], clock)
    assert await issuers.verify(fake.token())
    fake.down = True
    clock.now += jwks.MAX_AGE + 1
    async with asyncio.timeout(60):
        while fake.key_requests == 1:
            assert await issuers.verify(fake.token())
            await asyncio.sleep(0)
    assert await issuers.verify(fake.token())


async def test_a_withdrawn_key_is_forgotten(fake: FakeIssuer) -> None:
    clock = Clock()
    issuers, old = TrustedIssuers([fake.row(cooldown=60)], clock), fake.token()
    assert await issuers.verify(old)
    fake.rotate()
    clock.now += jwks.MAX_AGE
    assert await issuers.verify(old)
    assert fake.key_requests == 1
    clock.now += 1
    async with asyncio.timeout(60):
        while await _holds(issuers, old):
            await asyncio.sleep(0)
    assert fake.key_requests == 2


async def _holds(issuers: TrustedIssuers, token: str) -> bool:
    try:
        return bool(await issuers.verify(token))
    except InvalidToken:
        return False


async def test_without_any_key_the_caller_may_retry_later(fake: FakeIssuer) -> None:
    fake.down = True
    with pytest.raises(TryLater) as error:
        await trusting(fake.row()).verify(fake.token())
    assert error.value.after == 60


async def test_keys_that_are_not_understood_are_passed_over(fake: FakeIssuer) -> None:
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": fake.key.kid}
    fake.others = [{"kty": "AKP", "kid": "new"}, secret, {"kty": "EC", "kid": 3}, {"kty": "RSA", "use": "enc"}]
    assert await trusting(fake.row()).verify(fake.token())


async def test_a_token_without_key_id_needs_an_issuer_with_one_key(fake: FakeIssuer) -> None:
    assert await trusting(fake.row()).verify(fake.token({"kid": None}))
    fake.others = [ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False)]
    assert "key" in await refusal(trusting(fake.row()), fake.token({"kid": None}))
