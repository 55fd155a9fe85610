"""No request causes an internal error, and no secret is stored or logged in plain text."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import logs
from tests.auth.server.harness import CALLBACK, GRANT, Pkce, Stage, a_client, a_key, assertion, jwks, proof

pytestmark = pytest.mark.whole

NAMES = (
    *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "resource"),
    *("code_challenge_method", "prompt", "max_age", "dpop_jkt", "response_mode", "request", "request_uri"),
    *("grant_type", "code", "code_verifier", "refresh_token", "client_secret", "client_assertion", "token"),
    *("client_assertion_type", "token_type_hint", "signed_in_after"),
)
LIKELY = (
    *("code", "spa", "gojek", CALLBACK, "authorization_code", "refresh_token", "client_credentials", "S256", "openid"),
    *("x" * 43, "none", "login", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "e30.e30.e30"),
    *("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJcdWQ4MDAifQ.AA", "urn:ietf:params:oauth:request_uri:x", "0", "99999999999"),
)
VALUES = st.one_of(st.sampled_from(LIKELY), st.text(max_size=60), st.text(alphabet='\0\n"\\é\u2028𝕏%+&=#', max_size=9))
FORMS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)
HEADERS = st.dictionaries(
    st.sampled_from(("authorization", "dpop", "cookie")),
    st.one_of(VALUES.map(lambda text: f"Basic {text}"), VALUES.map(lambda text: f"hub={text}"), VALUES),
    max_size=2,
).map(lambda headers: {name: value.replace("\n", " ").encode() for name, value in headers.items()})
PATHS = ("/oauth/token", "/oauth/par", "/oauth/revoke", "/oauth/introspect", "/oauth/authorize", "/oauth/userinfo")


def is_a_proper_error(answer: httpx.Response) -> None:
    """Check that a response is no internal error, and that its description follows RFC 6749, 5.2."""
    assert answer.status_code < 500, answer.text
    if answer.headers.get("content-type") == "application/json" and answer.status_code >= 400:
        description = answer.json().get("error_description", "")
        assert all(" " <= each <= "~" and each not in '"\\' for each in description)


@pytest.fixture
async def ready(stage: Stage) -> Stage:
    """Two kinds of clients, and a user in the browser."""
    await stage.client(a_client("gojek", "client_secret_basic"))
    await stage.client(a_client("spa"))
    await stage.user()
    await stage.sign_in()
    return stage


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), method=st.sampled_from(("GET", "POST")), form=FORMS, headers=HEADERS)
async def test_pitfall_01_no_parameter_and_no_header_is_a_fault(
    ready: Stage, path: str, method: str, form: dict[str, str], headers: dict[str, bytes]
) -> None:
    sent = {"params": form} if method == "GET" else {"data": form}
    is_a_proper_error(await ready.browser.request(method, path, headers=headers, **sent))  # type: ignore[arg-type]


OVER = st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=3)
"""Changes of an otherwise valid request."""
RIGHT = {"response_type": "code", "client_id": "spa", "redirect_uri": CALLBACK, "scope": "openid", "state": "st-1"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("grant", ["client_credentials", "authorization_code", "refresh_token"])
@given(over=OVER)
async def test_no_parameter_beside_a_right_grant_is_a_fault(ready: Stage, grant: str, over: dict[str, str]) -> None:
    if grant == "client_credentials":
        is_a_proper_error(await ready.token("gojek", **(GRANT | over)))
        return
    pkce = Pkce()
    code = await ready.code("spa", pkce)
    if grant == "authorization_code":
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": pkce.verifier}
    else:
        form = {"refresh_token": (await ready.exchange("spa", code, pkce)).json()["refresh_token"]}
    form |= {"grant_type": grant, "client_id": "spa"} | over
    is_a_proper_error(await ready.http.post("/oauth/token", data=form))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("path", ["/oauth/par", "/oauth/revoke", "/oauth/introspect"])
@given(over=OVER)
async def test_no_parameter_of_a_client_that_is_known_is_a_fault(ready: Stage, path: str, over: dict[str, str]) -> None:
    usual = RIGHT | {"client_id": "gojek"} if path == "/oauth/par" else {"token": "x"}
    pkce = {"code_challenge": Pkce().challenge, "code_challenge_method": "S256"}
    form = usual | (pkce if path == "/oauth/par" else {}) | over
    is_a_proper_error(await ready.http.post(path, data=form, auth=("gojek", ready.secret["gojek"])))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("method", ["GET", "POST"])
@given(over=OVER)
async def test_no_parameter_of_an_authorization_request_is_a_fault(
    ready: Stage, method: str, over: dict[str, str]
) -> None:
    form = RIGHT | {"code_challenge": Pkce().challenge, "code_challenge_method": "S256"} | over
    sent = {"params": form} if method == "GET" else {"data": form}
    is_a_proper_error(await ready.browser.request(method, "/oauth/authorize", **sent))  # type: ignore[arg-type]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=80))
async def test_no_body_and_no_query_is_a_fault(ready: Stage, raw: bytes) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert (await ready.http.post("/oauth/token", content=raw, headers=form)).status_code < 500
    query = raw.replace(b"#", b"").hex()
    assert (await ready.http.get(f"/oauth/authorize?{query}")).status_code < 500


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    claims=st.dictionaries(
        st.sampled_from(("iss", "sub", "aud", "exp", "iat", "nbf", "jti")),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(allow_nan=False),
            st.text(max_size=9),
            st.lists(st.text(max_size=3)),
        ),
    )
)
async def test_no_signed_claim_is_a_fault(ready: Stage, claims: dict[str, Any]) -> None:
    key = a_key()
    await ready.run("delete from clients where id = 'central'")
    await ready.client(a_client("central", "private_key_jwt", jwks=jwks(key)))
    answer = await ready.token(**GRANT, **assertion(key, "central", **claims))
    assert answer.status_code in (200, 400, 401), answer.text
    shown = {"dpop": proof(key, **{name: value for name, value in claims.items() if name in ("iat", "jti")})}
    assert (await ready.token("gojek", shown, **GRANT)).status_code in (200, 400)


async def test_nothing_secret_is_in_the_database_or_in_the_logs(ready: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    logs.configure("debug", "json")
    pkce = Pkce()
    await ready.client(a_client("post", "client_secret_post"))
    code = await ready.code("spa", pkce, scope="openid complaints:read")
    first = (await ready.exchange("spa", code, pkce)).json()
    second = (await ready.refresh("spa", first["refresh_token"])).json()
    own = (await ready.token("gojek", **GRANT)).json()
    await ready.http.post("/oauth/revoke", data={"token": own["access_token"]}, auth=("gojek", ready.secret["gojek"]))
    cookie = ready.browser.cookies["hub"]
    hidden = [code, pkce.verifier, cookie, *ready.secret.values()]
    for body in (first, second, own):
        hidden += [body[name] for name in ("access_token", "refresh_token", "id_token") if name in body]
    assert len(hidden) == 11
    names = await ready.rows(
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    dump = "".join([str(await ready.rows(f'select t::text from "{name}" t')) for (name,) in names])
    raw = log.getvalue()
    assert "/oauth/token" in raw
    for secret in hidden:
        assert secret not in dump
        assert secret.encode().hex() not in dump
        assert secret not in raw
