"""URIs: which are equal for a proof, and which a client may register."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.auth.server.client_metadata import RegisteredClient, check
from hub.auth.server.uris import normalize
from hub.errors import BadSetting
from tests.auth.server.harness import SCOPES, a_client

URL = "https://hub.example/oauth/token"


@pytest.mark.parametrize(
    "same",
    [
        "https://hub.example:443/oauth/token",
        "HTTPS://Hub.EXAMPLE/oauth/token",
        f"{URL}?x=1",
        f"{URL}#x",
        f"{URL}?",
        "https://hub.example/oauth/%74oken",
        "https://hub.example/a/../oauth/./token",
    ],
)
def test_the_same(same: str) -> None:
    assert normalize(same) == URL


@pytest.mark.parametrize(
    "other",
    [
        "http://hub.example/oauth/token",
        "https://hub.example:8443/oauth/token",
        "https://hub.example:80/oauth/token",
        "https://hub.example/oauth/Token",
        "https://hub.example/oauth/token/",
        "https://hub.example/oauth%2Ftoken",
        "https://hub.example.evil.example/oauth/token",
        "https://user@hub.example/oauth/token",
        "https://hub.example:99999/oauth/token",
        "//hub.example/oauth/token",
        "https://[::1/oauth/token",
        "https://hub.example/oauth/token\n",
        "",
    ],
)
def test_another_or_none(other: str) -> None:
    assert normalize(other) != URL


def test_a_host_without_a_path_has_the_root() -> None:
    assert normalize("http://[::1]:80") == normalize("http://[::1]/") == "http://[::1]/"


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example:99999/cb",
        "https://app.example:0/cb",
        "https://app.example:/cb",
        "https://app.example:x/cb",
        "http://127.0.0.1:65536/cb",
        "https://app..example/cb",
        "https://-app.example/cb",
        "https://app_1.example/cb",
        "https://app.example./cb",
        "https://999.1.1.1/cb",
        "https://1.2.3/cb",
        "https://0x7f/cb",
        "https://[::1/cb",
        "https://[v1.x]/cb",
        "https://app%2eexample/cb",
        "https://app.example/%zz",
        "https://app.example/a/../cb",
        "https://app.example/a/%2e%2e/cb",
        "https://app.example/{cb}",
        "https://app.example/c b",
        "https://app.example/\u00e9",
        "https:///cb",
        "https:app.example",
        f"https://app.example/{'x' * 2_000}",
        "id.example.app:",
        "id.example.app://host:99999/cb",
    ],
)
def test_an_odd_redirect_uri_is_refused_with_what_is_allowed(uri: str) -> None:
    with pytest.raises(BadSetting, match="is not a valid redirect URI: use https"):
        check(a_client("spa", redirect_uris=(uri,)), SCOPES)


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/cb?tenant=1",
        "https://app.example:65535/a%20b",
        "https://xn--bcher-kva.example",
        "https://192.0.2.1/cb",
        "https://[2001:db8::1]:8443/cb",
        "http://localhost:1/cb",
        "id.example.app:/cb",
        "id.example.app://cb/x",
    ],
)
def test_a_usual_one_is_taken(uri: str) -> None:
    assert check(a_client("spa", redirect_uris=(uri,)), SCOPES)


@pytest.mark.parametrize("origin", ["https://app.example:99999", "https://a..example", "https://1.2.3", "null", "*"])
def test_an_odd_origin_is_refused(origin: str) -> None:
    with pytest.raises(BadSetting, match="is not a valid origin"):
        check(a_client("spa", origins=(origin,)), SCOPES)


@pytest.mark.parametrize("uri", ["https://keys.example:99999/jwks", "https://keys..example/jwks"])
def test_keys_are_published_at_a_place_that_can_exist(uri: str) -> None:
    with pytest.raises(BadSetting, match="--jwks-uri"):
        check(replace(a_client("app", "private_key_jwt"), jwks_uri=uri), SCOPES)


def test_the_free_port_of_this_machine_is_one_that_can_exist() -> None:
    cli = RegisteredClient(a_client("cli", redirect_uris=("http://127.0.0.1/cb",)))
    assert cli.check_redirect_uri("http://127.0.0.1:65535/cb")
    for port in ("0", "65536", "99999", "00000"):
        assert not cli.check_redirect_uri(f"http://127.0.0.1:{port}/cb")
