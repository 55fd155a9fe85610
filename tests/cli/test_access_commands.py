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

from hub.cli import clients, keys, users
from hub.cli.common import NotFound
from hub.cli.main import build_cli
from hub.errors import BadSetting, HubError
from hub.store.oauth.persisted_operations import document_id
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
    """Runs a command and returns its output as JSON, or as text if it is none; errors are raised unchanged."""
    with psycopg.connect(shared_url) as connection:
        connection.execute(
            "delete from clients; delete from deleted_clients; delete from users; delete from signing_keys"
        )
    monkeypatch.setenv("HUB_DATABASE_URL", shared_url)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / ".hub"))
    # The module's database keeps a fingerprint of the key, and each test has a data folder of its own.
    monkeypatch.setenv("HUB_SECRET_KEY", "the one of all tests of this module")
    build_cli()
    apps = {"clients": clients.commands, "users": users.commands, "keys": keys.commands}

    def command(name: str, *arguments: str, typed: str | None = None) -> Any:
        done = CliRunner().invoke(apps[name], arguments, input=typed)
        if isinstance(done.exception, HubError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return [orjson.loads(line) for line in done.output.splitlines()] if "--json" in arguments else done.output

    return command


def created(run: Run, *arguments: str) -> dict[str, Any]:
    (client,) = run(
        "clients", "create", *GOJEK, "--scope", "complaints:submit", "--channel", "GOJEK", *arguments, "--json"
    )
    assert isinstance(client, dict)
    return client


def test_a_client_from_its_registration_to_its_end(run: Run) -> None:
    client = created(run, "--grant", "client_credentials")
    assert (client["id"], client["scopes"], client["suspended_at"]) == ("gojek", ["complaints:submit"], None)
    secret = client["secret"]
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
    with pytest.raises(BadSetting, match="The id gojek was another client's, which is deleted"):
        created(run, "--grant", "client_credentials")


def test_a_client_is_changed_and_keeps_what_is_not_named(run: Run) -> None:
    before = created(run, "--grant", "client_credentials", "--origin", "https://a.example")
    secret = before.pop("secret")
    (after,) = run("clients", "set", "gojek", "--name", "Gojek Baru", "--add-scope", "complaints:read", "--json")
    assert after == before | {"name": "Gojek Baru", "scopes": ["complaints:submit", "complaints:read"]}
    (after,) = run("clients", "set", "gojek", "--remove-scope", "complaints:submit", "--without", "origin", "--json")
    assert (after["scopes"], after["origins"], after["name"]) == (["complaints:read"], [], "Gojek Baru")
    rest = ("--grant", "authorization_code", "--redirect-uri", "https://a.example/cb", "--must-push")
    (after,) = run("clients", "set", "gojek", *rest, "--json")
    assert (after["grants"], after["must_push"]) == (["authorization_code"], True)
    assert secret


def test_a_submitting_client_needs_channels(run: Run) -> None:
    arguments = ("clients", "create", *GOJEK, "--scope", "complaints:submit", "--grant", "client_credentials")
    for strange, message in (((), "Set --channel to"), (("--channel", "FAX"), "There is no channel FAX")):
        with pytest.raises(BadSetting, match=message):
            run(*arguments, *strange)
    (made,) = run(*arguments, "--channel", "GOJEK", "--channel", "MOBILE_APP", "--json")
    assert made["channels"] == ["GOJEK", "MOBILE_APP"]
    (after,) = run("clients", "set", "gojek", "--channel", "GOJEK", "--json")
    assert after["channels"] == ["GOJEK"]
    run("clients", "create", "--id", "reads", *GOJEK[:6], "--scope", "complaints:read", "--grant", "client_credentials")
    with pytest.raises(BadSetting, match="Set --channel to"):
        run("clients", "set", "reads", "--add-scope", "complaints:submit")


def test_a_client_has_the_merchants_of_the_last_change(run: Run) -> None:
    before = created(run, "--grant", "client_credentials", "--merchant", "TRANSJATENG", "--merchant", "LOKET")
    assert before["merchants"] == ["TRANSJATENG", "LOKET"]
    assert "merchants            TRANSJATENG LOKET" in run("clients", "show", "gojek")
    for options, merchants in ((("--merchant", "BAPENDA"), ["BAPENDA"]), (("--without", "merchant"), [])):
        (after,) = run("clients", "set", "gojek", *options, "--json")
        assert after["merchants"] == merchants
        assert run("clients", "list", "--json") == run("clients", "show", "gojek", "--json") == [after]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Name at least one thing to change"),
        (("--remove-scope", "complaints:read"), "gojek does not have the scope complaints:read"),
        (("--remove-scope", "complaints:submit"), "Set --scope to what the client may be granted"),
        (("--scope", "nothing:here"), "There is no scope nothing:here"),
        (("--grant", "authorization_code"), "needs a --redirect-uri"),
        (("--origin", "https://a.example/x"), "is not a valid origin"),
        (("--merchant", "TRANS JATENG"), "'TRANS JATENG' is no merchant: a --merchant is the id that payments name"),
        (("--without", "name"), "--without name is not known: it is one of scope"),
        (("--jwks-uri", "https://a.example/keys"), "needs either --jwks or --jwks-uri"),
    ],
    ids=str,
)
def test_what_a_client_may_not_become(run: Run, arguments: tuple[str, ...], message: str) -> None:
    before = created(run, "--grant", "client_credentials")
    with pytest.raises(BadSetting, match=message):
        run("clients", "set", "gojek", *arguments)
    (shown,) = run("clients", "show", "gojek", "--json")
    assert shown == {name: value for name, value in before.items() if name != "secret"}


def test_an_id_is_made_up_and_taken_once(run: Run) -> None:
    (client,) = run("clients", "create", *GOJEK[:6], *WEB, "--redirect-uri", "https://a.example/cb", "--json")
    assert client["id"].startswith("c_")
    created(run, "--grant", "client_credentials")
    with pytest.raises(BadSetting, match="There is already a client with that id"):
        created(run, "--grant", "client_credentials")


def test_a_signing_client_needs_valid_public_keys(run: Run, tmp_path: Path) -> None:
    key, path = ECKey.generate_key("P-256", {"kid": "1"}), tmp_path / "keys.json"
    arguments = ("clients", "create", "--name", "x", "--organisation", "x", "--method", "private_key_jwt")
    rest = ("--grant", "client_credentials", "--scope", "complaints:read", "--jwks", str(path), "--json")
    for content, message in (
        (b"no", "is not JSON"),
        (b'{"keys": []}', "must be a JWK Set"),
        (orjson.dumps({"keys": [key.as_dict(private=True)]}), "private or secret"),
        (orjson.dumps({"keys": [{"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}]}), "cannot be read"),
        (orjson.dumps({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}), "2048"),
        (orjson.dumps({"keys": [key.as_dict(private=False)] * 2}), "its own kid"),
    ):
        path.write_bytes(content)
        with pytest.raises(BadSetting, match=message):
            run(*arguments, *rest)
    path.write_bytes(orjson.dumps({"keys": [key.as_dict(private=False)]}))
    (message,) = run(*arguments, *rest)
    assert "secret" not in message
    with pytest.raises(BadSetting, match="has no secret"):
        run("clients", "rotate-secret", message["id"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--grant", "client_credentials", "--scope", "nothing:here"), "There is no scope nothing:here"),
        (("--grant", "password"), "Grants must be some of"),
        (("--grant", "authorization_code"), "needs a --redirect-uri"),
        ((*WEB, "--redirect-uri", "http://app.example/cb"), "is not a valid redirect URI"),
        ((*WEB, "--redirect-uri", "javascript:alert(1)"), "is not a valid redirect URI"),
        ((*WEB, "--redirect-uri", "https://app.example/cb#x"), "is not a valid redirect URI"),
        ((*WEB, "--redirect-uri", "https://*.app.example/cb"), "is not a valid redirect URI"),
        ((*WEB, "--redirect-uri", "https://user@app.example/cb"), "is not a valid redirect URI"),
        ((*WEB, "--redirect-uri", "myapp:/cb"), "is not a valid redirect URI"),
        ((*WEB, "--redirect-uri", "https://a.example/", "--origin", "https://a.example/x"), "is not a valid origin"),
        ((*WEB, "--redirect-uri", "https://a.example/", "--origin", "https://A.example"), "is not a valid origin"),
        ((*WEB, "--redirect-uri", "https://a.example/", "--origin", "https://a.example:443"), "is not a valid origin"),
        ((*WEB, "--redirect-uri", "https://a.example/", "--origin", "https://a.example?"), "is not a valid origin"),
        (("--grant", "client_credentials", "--name", " "), "which users see"),
        (("--grant", "client_credentials", "--id", "u_1"), "is not a valid client id"),
        (("--grant", "client_credentials", "--method", "magic"), "authentication method must be one of"),
        (("--grant", "client_credentials", "--method", "none"), "public client cannot"),
        (("--grant", "client_credentials", "--method", "private_key_jwt"), "needs either --jwks or"),
        (
            ("--grant", "client_credentials", "--method", "private_key_jwt", "--jwks-uri", "http://a.example"),
            "must be https",
        ),
    ],
    ids=str,
)
def test_what_a_client_may_not_be(run: Run, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadSetting, match=message):
        created(run, *arguments)


@pytest.mark.parametrize("uri", ["https://a.example/cb?x=1", "http://127.0.0.1/cb", "http://[::1]:1/", "id.app.x:/cb"])
def test_where_users_may_come_back_to(run: Run, uri: str) -> None:
    assert created(run, *WEB, "--redirect-uri", uri)["redirect_uris"] == [uri]


def test_a_client_is_pinned_to_its_operations(run: Run, tmp_path: Path) -> None:
    created(run, "--grant", "client_credentials")
    text, manifest = "{ systems { name } }", tmp_path / "manifest.json"
    manifest.write_bytes(orjson.dumps({document_id(text).removeprefix("sha256:"): text}))
    (result,) = run("clients", "documents", "gojek", str(manifest), "--only", "--json")
    assert (result["added"], result["total"], result["documents_only"]) == (1, 1, True)
    assert "may send any operation" in run("clients", "documents", "gojek", "--any")


def test_a_clients_budgets_can_be_set(run: Run) -> None:
    client = created(run, "--grant", "client_credentials", "--requests", "30")
    assert (client["requests_per_minute"], client["cost_per_minute"]) == (30, 100_000)
    (client,) = run("clients", "budget", client["id"], "--cost", "5000", "--json")
    assert (client["requests_per_minute"], client["cost_per_minute"]) == (30, 5000)
    with pytest.raises(BadSetting, match="--requests, --cost or both"):
        run("clients", "budget", client["id"])


def test_what_is_not_there(run: Run) -> None:
    for arguments in (
        ("clients", "show", "x"),
        ("clients", "delete", "x"),
        ("clients", "budget", "x", "--cost", "1"),
        ("users", "suspend", "x"),
    ):
        with pytest.raises(NotFound, match="There is no"):
            run(*arguments)


def test_an_officer_from_first_password_to_suspension(run: Run) -> None:
    arguments = ("users", "create", "siti", "--scope", "complaints:read")
    (user,) = run(*arguments, "--agency", "DISHUB", "--json")
    assert (user["username"], user["kind"], user["agency_code"]) == ("siti", "OFFICER", "DISHUB")
    assert user["id"].startswith("u_")
    assert len(user["password"]) >= 20
    assert "hash" not in orjson.dumps(user).decode()
    with pytest.raises(BadSetting, match="There is already a user with that name"):
        run(*arguments)
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
    assert "password" in run("users", "set-password", user["id"], "--json")[0]
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


def test_users_have_names_of_one_spelling(run: Run) -> None:
    (made,) = run("users", "create", "Siti.A", "--scope", "complaints:read", "--no-password", "--json")
    assert made["username"] == "siti.a"
    with pytest.raises(BadSetting, match="There is already a user with that name"):
        run("users", "create", "SITI.a", "--scope", "complaints:read", "--no-password")
    for odd in ("s\u0456ti", "u_siti", " ", "siti aminah"):
        with pytest.raises(BadSetting, match="is not a valid user name: use 1 to 64 of the letters a to z"):
            run("users", "create", odd, "--scope", "complaints:read", "--no-password")
    (renamed,) = run("users", "rename", "siti.A", "Aminah", "--json")
    assert (renamed["id"], renamed["username"]) == (made["id"], "aminah")
    with pytest.raises(BadSetting, match="is not a valid user name"):
        run("users", "rename", "aminah", "")


def test_one_client_of_an_outside_issuer_is_shut_out(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSetting, match="use NAME:CLIENT, NAME one of none"):
        run("clients", "suspend", "prov:app")
    row = {"name": "prov", "issuer": "https://prov.example", "jwks_uri": "https://prov.example/jwks"}
    issuer = {"audience": "https://hub.example", "algorithms": ["ES256"], "scopes": {"read": ["complaints:read"]}}
    file = tmp_path / "issuers.json"
    file.write_bytes(orjson.dumps({"issuers": [row | issuer]}))
    monkeypatch.setenv("HUB_ISSUERS_FILE", str(file))
    for odd in ("other:app", ":app"):
        with pytest.raises(BadSetting, match="NAME one of prov"):
            run("clients", "suspend", odd)
    (done,) = run("clients", "suspend", "prov:app", "--json")
    assert done == {"id": "prov:app", "done": "suspended"}
    run("clients", "resume", "prov:app")
    with pytest.raises(NotFound, match="suspended client prov:app"):
        run("clients", "resume", "prov:app")


def test_one_link_of_a_user_is_shut_out(run: Run) -> None:
    (made,) = run("users", "create", "siti", "--scope", "complaints:read", "--no-password", "--json")
    link = ("--issuer", "https://prov.example", "--subject", "s-1")
    run("users", "link", "siti", *link)
    for command in ("suspend-link", "resume-link"):
        (done,) = run("users", command, *link, "--json")
        assert done["id"] == made["id"]
    with pytest.raises(NotFound, match="linked to s-2"):
        run("users", "suspend-link", *link[:3], "s-2")


def test_a_second_factor_is_taken_away_where_there_is_one(run: Run) -> None:
    run("users", "create", "siti", "--scope", "complaints:read", "--no-password")
    with pytest.raises(NotFound, match="second factor of siti"):
        run("users", "reset-second-factor", "siti")
