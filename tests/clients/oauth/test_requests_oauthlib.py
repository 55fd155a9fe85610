"""PyPI requests-oauthlib gets, uses, refreshes and revokes tokens of ``hub serve``, in every flow that both support."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from oauthlib.oauth2 import (
    BackendApplicationClient,
    Client,
    LegacyApplicationClient,
    MobileApplicationClient,
    WebApplicationClient,
)
from oauthlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidGrantError,
    MismatchingStateError,
    OAuth2Error,
    UnsupportedGrantTypeError,
)
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from tests.clients import needs_node, patient
from tests.clients.hub_server import Hub
from tests.clients.oauth.registration import BACK, Partners, registered, signed_in_url

SCOPE = ["openid", "complaints:read"]

pytestmark = [pytest.mark.outside, needs_node, patient]


@pytest.fixture(scope="module")
async def partners(plain_hub: Hub, plain_url: str, tmp_path_factory: pytest.TempPathFactory) -> Partners:
    return await registered(plain_hub, plain_url, tmp_path_factory.mktemp("requests"), "basic", "post", "app")


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Permit http, which oauthlib refuses by default."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@contextmanager
def session(
    partners: Partners, kind: str, of: type[Client] = WebApplicationClient, scope: list[str] | None = None, **how: Any
) -> Iterator[OAuth2Session]:
    """Return a session of the library for one of the clients."""
    own = {"pkce": "S256", "redirect_uri": BACK} if of is WebApplicationClient else {}
    with OAuth2Session(client=of(partners.clients[kind]["id"], scope=scope), **{**own, **how}) as made:
        made.trust_env = False
        yield made


def shown(partners: Partners, kind: str) -> dict[str, Any]:
    """Return the arguments by which a client authenticates."""
    client = partners.clients[kind]
    if kind == "basic":
        return {"auth": HTTPBasicAuth(client["id"], client["secret"])}
    return {"include_client_id": True} | ({"client_secret": client["secret"]} if client["secret"] else {})


def works(partners: Partners, made: OAuth2Session) -> bool:
    """Return whether the graph accepts the session's token."""
    answer = made.post(f"{partners.url}/graphql", json={"query": "{ __typename }"})
    return bool(answer.status_code == 200 and answer.json()["data"] == {"__typename": "Query"})


async def granted(partners: Partners, made: OAuth2Session, kind: str) -> dict[str, Any]:
    """Return the tokens of the code flow."""
    url, _ = made.authorization_url(f"{partners.url}/oauth/authorize")
    back = await signed_in_url(partners, url)
    token: dict[str, Any] = made.fetch_token(
        f"{partners.url}/oauth/token", authorization_response=back, **shown(partners, kind)
    )
    return token


@pytest.mark.parametrize("kind", ["basic", "post"])
def test_backend_application(partners: Partners, kind: str) -> None:
    with session(partners, kind, BackendApplicationClient) as made:
        token = made.fetch_token(f"{partners.url}/oauth/token", **shown(partners, kind))
        assert (token["token_type"], token["scope"]) == ("Bearer", ["complaints:submit", "complaints:read"])
        assert works(partners, made)


def test_backend_application_with_fewer_scopes(partners: Partners) -> None:
    with session(partners, "basic", BackendApplicationClient, scope=["complaints:read"]) as made:
        token = made.fetch_token(f"{partners.url}/oauth/token", **shown(partners, "basic"))
        assert token["scope"] == ["complaints:read"]


def test_backend_application_with_a_wrong_secret(partners: Partners) -> None:
    wrong = HTTPBasicAuth(partners.clients["basic"]["id"], "wrong")
    with (
        session(partners, "basic", BackendApplicationClient) as made,
        pytest.raises(InvalidClientError, match="secret"),
    ):
        made.fetch_token(f"{partners.url}/oauth/token", auth=wrong)


@pytest.mark.parametrize("kind", ["basic", "app"])
async def test_web_application(partners: Partners, kind: str) -> None:
    with session(partners, kind, scope=SCOPE) as made:
        token = await granted(partners, made, kind)
        assert token["scope"] == SCOPE
        assert works(partners, made)
        assert made.get(f"{partners.url}/oauth/userinfo").json()["kind"] == "OFFICER"


async def test_web_application_with_another_state(partners: Partners) -> None:
    with session(partners, "app", scope=SCOPE) as made:
        url, _ = made.authorization_url(f"{partners.url}/oauth/authorize")
        back = await signed_in_url(partners, url)
        with pytest.raises(MismatchingStateError):
            made.fetch_token(f"{partners.url}/oauth/token", authorization_response=back.replace("state=", "state=x"))


async def test_web_application_without_pkce(partners: Partners) -> None:
    with (
        session(partners, "basic", scope=SCOPE, pkce=None) as made,
        pytest.raises(OAuth2Error, match="PKCE is required"),
    ):
        await granted(partners, made, "basic")


async def test_web_application_with_a_code_that_comes_again(partners: Partners) -> None:
    with session(partners, "app", scope=SCOPE) as made:
        url, _ = made.authorization_url(f"{partners.url}/oauth/authorize")
        code = {"authorization_response": await signed_in_url(partners, url), **shown(partners, "app")}
        made.fetch_token(f"{partners.url}/oauth/token", **code)
        with pytest.raises(InvalidGrantError):
            made.fetch_token(f"{partners.url}/oauth/token", **code)


async def test_tokens_are_renewed_by_themselves(partners: Partners) -> None:
    kept: list[dict[str, Any]] = []
    client = partners.clients["app"]["id"]
    how: dict[str, Any] = {
        "auto_refresh_url": f"{partners.url}/oauth/token",
        "auto_refresh_kwargs": {"client_id": client},
    }
    with session(partners, "app", scope=SCOPE, token_updater=kept.append, **how) as made:
        first = await granted(partners, made, "app")
        made.token = {**first, "expires_in": -1, "expires_at": 1}
        assert works(partners, made)
        assert [token["refresh_token"] == first["refresh_token"] for token in kept] == [False]


async def test_a_refresh_token_that_comes_again(partners: Partners) -> None:
    with session(partners, "basic", scope=SCOPE) as made:
        first = await granted(partners, made, "basic")
        how = {"token_url": f"{partners.url}/oauth/token", "auth": shown(partners, "basic")["auth"]}
        second = made.refresh_token(**how)
        assert works(partners, made)
        for used in (first, second):
            with pytest.raises(InvalidGrantError):
                made.refresh_token(refresh_token=used["refresh_token"], **how)


async def test_tokens_are_revoked(partners: Partners) -> None:
    with session(partners, "app", scope=SCOPE) as made:
        first = await granted(partners, made, "app")
        url, headers, body = made._client.prepare_token_revocation_request(
            f"{partners.url}/oauth/revoke", first["refresh_token"], "refresh_token", client_id=made.client_id
        )
        assert made.post(url, data=body, headers=headers, withhold_token=True).status_code == 200
        with pytest.raises(InvalidGrantError):
            made.refresh_token(f"{partners.url}/oauth/token", client_id=made.client_id)


def test_a_password_is_taken_by_the_sign_in_page_only(partners: Partners) -> None:
    person = {"username": partners.officer["name"], "password": partners.officer["password"]}
    with session(partners, "basic", LegacyApplicationClient) as made, pytest.raises(UnsupportedGrantTypeError):
        made.fetch_token(f"{partners.url}/oauth/token", **person, **shown(partners, "basic"))


async def test_a_token_does_not_come_by_browser(partners: Partners) -> None:
    with session(partners, "app", MobileApplicationClient, redirect_uri=BACK, scope=SCOPE) as made:
        url, _ = made.authorization_url(f"{partners.url}/oauth/authorize")
        back = await signed_in_url(partners, url)
        assert "error=unsupported_response_type" in back
        assert "access_token" not in back
