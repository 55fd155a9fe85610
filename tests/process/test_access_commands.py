"""``hub clients``, ``hub users`` and ``hub keys`` as an operator uses them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from joserfc.jwk import ECKey
from typer.testing import CliRunner

from hub.errors import BadSetting, HubError
from hub.process import clients, signing, users
from hub.process.operator import NotThere
from hub.store.access.documents import document_id
from tests.conftest import on, temporary_database

Run = Callable[..., Any]
GOJEK = ("--name", "Gojek", "--organisation", "PT Gojek", "--method", "client_secret_basic", "--id", "gojek")
WEB = ("--scope", "complaints:read", "--grant", "authorization_code")


@pytest.fixture(scope="module")
async def shared_url(postgres_url: str, template_database: str) -> AsyncIterator[str]:
    """The URL of this module's own database."""
    async with temporary_database(postgres_url, template_database) as name:
        yield on(postgres_url, name)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shared_url: str) -> Run:
    """Runs a command and gives what it prints as JSON, or as text where it is none; errors rise as they are."""
    with psycopg.connect(shared_url) as connection:
        connection.execute("delete from clients; delete from users; delete from signing_keys")
    monkeypatch.setenv("HUB_DATABASE_URL", shared_url)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / ".hub"))
    apps = {"clients": clients.commands, "users": users.commands, "keys": signing.commands}

    def command(name: str, *words: str, typed: str | None = None) -> Any:
        done = CliRunner().invoke(apps[name], words, input=typed)
        if isinstance(done.exception, HubError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return [orjson.loads(line) for line in done.output.splitlines()] if "--json" in words else done.output

    return command


def created(run: Run, *words: str) -> dict[str, Any]:
    (told,) = run("clients", "create", *GOJEK, "--scope", "complaints:submit", *words, "--json")
    assert isinstance(told, dict)
    return told


def test_a_client_from_its_registration_to_its_end(run: Run) -> None:
    told = created(run, "--grant", "client_credentials")
    assert (told["id"], told["scopes"], told["suspended_at"]) == ("gojek", ["complaints:submit"], None)
    secret = told["secret"]
    (listed,) = run("clients", "list", "--json")
    (shown,) = run("clients", "show", "gojek", "--json")
    assert listed == shown
    assert secret not in orjson.dumps(shown).decode()
    (rotated,) = run("clients", "rotate-secret", "gojek", "--json")
    assert rotated["secret"] != secret
    for command, state in (("suspend", True), ("resume", False)):
        run("clients", command, "gojek")
        assert ("suspended" in run("clients", "list")) is state
    run("clients", "delete", "gojek")
    assert run("clients", "list", "--json") == []


def test_an_id_is_made_up_and_taken_once(run: Run) -> None:
    (told,) = run("clients", "create", *GOJEK[:6], *WEB, "--redirect-uri", "https://a.example/cb", "--json")
    assert told["id"].startswith("c_")
    created(run, "--grant", "client_credentials")
    with pytest.raises(BadSetting, match="with that id already"):
        created(run, "--grant", "client_credentials")


def test_a_client_that_signs_needs_its_public_keys_and_no_others(run: Run, tmp_path: Path) -> None:
    key, path = ECKey.generate_key("P-256", {"kid": "1"}), tmp_path / "keys.json"
    words = ("clients", "create", "--name", "x", "--organisation", "x", "--method", "private_key_jwt")
    rest = ("--grant", "client_credentials", "--scope", "complaints:read", "--jwks", str(path), "--json")
    for content, told in (
        (b"no", "is no JSON"),
        (b'{"keys": []}', "have to be a JWK Set"),
        (orjson.dumps({"keys": [key.as_dict(private=True)]}), "private or secret"),
        (orjson.dumps({"keys": [{"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}]}), "cannot be read"),
        (orjson.dumps({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}), "2048"),
        (orjson.dumps({"keys": [key.as_dict(private=False)] * 2}), "a kid of its own"),
    ):
        path.write_bytes(content)
        with pytest.raises(BadSetting, match=told):
            run(*words, *rest)
    path.write_bytes(orjson.dumps({"keys": [key.as_dict(private=False)]}))
    (told,) = run(*words, *rest)
    assert "secret" not in told
    with pytest.raises(BadSetting, match="has no secret"):
        run("clients", "rotate-secret", told["id"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--grant", "client_credentials", "--scope", "nothing:here"), "There is no scope nothing:here"),
        (("--grant", "password"), "Grants are some of"),
        (("--grant", "authorization_code"), "needs a --redirect-uri"),
        ((*WEB, "--redirect-uri", "http://app.example/cb"), "is no redirect URI"),
        ((*WEB, "--redirect-uri", "javascript:alert(1)"), "is no redirect URI"),
        ((*WEB, "--redirect-uri", "https://app.example/cb#x"), "is no redirect URI"),
        ((*WEB, "--redirect-uri", "https://*.app.example/cb"), "is no redirect URI"),
        ((*WEB, "--redirect-uri", "https://user@app.example/cb"), "is no redirect URI"),
        ((*WEB, "--redirect-uri", "myapp:/cb"), "is no redirect URI"),
        ((*WEB, "--redirect-uri", "https://a.example/", "--origin", "https://a.example/x"), "is no origin"),
        ((*WEB, "--redirect-uri", "https://a.example/", "--origin", "https://A.example"), "is no origin"),
        ((*WEB, "--redirect-uri", "https://a.example/", "--origin", "https://a.example:443"), "is no origin"),
        ((*WEB, "--redirect-uri", "https://a.example/", "--origin", "https://a.example?"), "is no origin"),
        (("--grant", "client_credentials", "--name", " "), "what users see"),
        (("--grant", "client_credentials", "--id", "u_1"), "is no id for a client"),
        (("--grant", "client_credentials", "--method", "magic"), "authenticates by one of"),
        (("--grant", "client_credentials", "--method", "none"), "public client cannot"),
        (("--grant", "client_credentials", "--method", "private_key_jwt"), "needs either --jwks or"),
        (
            ("--grant", "client_credentials", "--method", "private_key_jwt", "--jwks-uri", "http://a.example"),
            "has to be https",
        ),
    ],
    ids=str,
)
def test_what_a_client_may_not_be(run: Run, words: tuple[str, ...], told: str) -> None:
    with pytest.raises(BadSetting, match=told):
        created(run, *words)


@pytest.mark.parametrize("uri", ["https://a.example/cb?x=1", "http://127.0.0.1/cb", "http://[::1]:1/", "id.app.x:/cb"])
def test_where_users_may_come_back_to(run: Run, uri: str) -> None:
    assert created(run, *WEB, "--redirect-uri", uri)["redirect_uris"] == [uri]


def test_a_client_is_pinned_to_its_operations(run: Run, tmp_path: Path) -> None:
    created(run, "--grant", "client_credentials")
    text, manifest = "{ systems { name } }", tmp_path / "manifest.json"
    manifest.write_bytes(orjson.dumps({document_id(text).removeprefix("sha256:"): text}))
    (told,) = run("clients", "documents", "gojek", str(manifest), "--only", "--json")
    assert (told["added"], told["total"], told["documents_only"]) == (1, 1, True)
    assert "may send any operation" in run("clients", "documents", "gojek", "--any")


def test_how_much_a_client_may_ask_for(run: Run) -> None:
    told = created(run, "--grant", "client_credentials", "--requests", "30")
    assert (told["requests_per_minute"], told["cost_per_minute"]) == (30, 100_000)
    (told,) = run("clients", "budget", told["id"], "--cost", "5000", "--json")
    assert (told["requests_per_minute"], told["cost_per_minute"]) == (30, 5000)
    with pytest.raises(BadSetting, match="--requests, --cost or both"):
        run("clients", "budget", told["id"])


def test_what_is_not_there(run: Run) -> None:
    for words in (
        ("clients", "show", "x"),
        ("clients", "delete", "x"),
        ("clients", "budget", "x", "--cost", "1"),
        ("users", "suspend", "x"),
    ):
        with pytest.raises(NotThere, match="There is no"):
            run(*words)


def test_an_officer_from_first_password_to_suspension(run: Run) -> None:
    words = ("users", "create", "siti", "--scope", "complaints:read")
    (told,) = run(*words, "--agency", "DISHUB", "--json")
    assert (told["username"], told["kind"], told["agency_code"]) == ("siti", "OFFICER", "DISHUB")
    assert told["id"].startswith("u_")
    assert len(told["password"]) >= 20
    assert "hash" not in orjson.dumps(told).decode()
    with pytest.raises(BadSetting, match="with that name already"):
        run(*words)
    with pytest.raises(BadSetting, match="no agency with that code"):
        run("users", "create", "budi", "--scope", "complaints:read", "--agency", "NOWHERE")
    with pytest.raises(BadSetting, match="There is no scope"):
        run("users", "set-scopes", "siti", "--scope", "nothing:here")
    (scopes,) = run("users", "set-scopes", "siti", "--scope", "reports:read", "--json")
    assert scopes["scopes"] == ["reports:read"]
    typed = "a-long-enough-password\n" * 2
    assert "password is changed" in run("users", "set-password", "siti", "--ask-password", typed=typed)
    with pytest.raises(BadSetting, match="12 characters"):
        run("users", "set-password", "siti", "--ask-password", typed="short\nshort\n")
    assert "password" in run("users", "set-password", told["id"], "--json")[0]
    run("users", "link", "siti", "--issuer", "https://id.example", "--subject", "s-1")
    for command, state in (("suspend", True), ("resume", False)):
        run("users", command, "siti")
        assert ("suspended" in run("users", "list")) is state


def test_keys_are_replaced_by_command(run: Run) -> None:
    (first,) = run("keys", "rotate", "--json")
    (second,) = run("keys", "rotate", "--now", "--json")
    listed = run("keys", "list", "--json")
    assert [row["kid"] for row in listed] in ([second["kid"], first["kid"]], [first["kid"], second["kid"]])
    assert all(row["public"].keys() & {"d"} == set() for row in listed)
    (third,) = run("keys", "rotate", "--leaked", "--json")
    assert [row["kid"] for row in run("keys", "list", "--json")] == [third["kid"]]


def test_an_assertion_to_try(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "key.jwk"
    path.write_bytes(orjson.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
    assert run("clients", "assertion", "x", "--key", str(path)).count(".") == 2
    path.write_bytes(b"{}")
    with pytest.raises(BadSetting, match="no private key"):
        run("clients", "assertion", "x", "--key", str(path))
