"""The file of outside issuers: its content, and the message for each mistake."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from hub.auth import scopes
from hub.auth.issuer_config import IssuerConfig, IssuerRow, read
from hub.errors import BadSetting

ROOT = Path(__file__).parents[2]
SCOPES = {"complaints:read", "complaints:submit"}
ISSUER: dict[str, Any] = {
    "name": "provinsi",
    "issuer": "https://sso.example/realms/jateng",
    "jwks_uri": "https://sso.example/realms/jateng/certs",
    "algorithms": ["RS256"],
    "audience": "https://hub.example",
    "scopes": {"petugas": ["complaints:read"]},
}
LOGIN: dict[str, Any] = {
    "name": "inapas",
    "issuer": "https://id.example",
    "jwks_uri": "https://id.example/jwks",
    "algorithms": ["ES512"],
    "title_id": "INApas",
    "title_en": "INApas",
    "kind": "CITIZEN",
    "client_id": "hub",
    "client_secret": "kept-to-oneself",
    "authorization_endpoint": "https://id.example/auth",
    "token_endpoint": "https://id.example/token",
}


def config_of(folder: Path, issuers: Any = (), logins: Any = ()) -> IssuerConfig:
    file = folder / "issuers.json"
    file.write_text(json.dumps({"issuers": issuers, "logins": logins}))
    return read(file, SCOPES)


def test_without_a_file_nobody_is_trusted() -> None:
    assert read(None, SCOPES) == IssuerConfig()


def test_toml_is_read(tmp_path: Path) -> None:
    file = tmp_path / "issuers.toml"
    file.write_text(
        '[[issuers]]\nname = "provinsi"\nissuer = "https://sso.example"\njwks_uri = "https://sso.example/certs"\n'
        'algorithms = ["RS256"]\naudience = "hub"\ntype = "JWT"\nmarks = { typ = "Bearer" }\nclient_claim = "azp"\n'
        'scope_claims = ["realm_access.roles"]\n[issuers.scopes]\npetugas = ["complaints:read"]\n'
    )
    assert read(file, SCOPES).issuers[0].scopes == {"petugas": ("complaints:read",)}


WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "an unknown word": ({"isuer": "x"}, {}, "issuers.0.isuer"),
    "plain http": ({"jwks_uri": "http://sso.example/certs"}, {}, "https"),
    "no address": ({"jwks_uri": "certs"}, {}, "https"),
    "a shared secret": ({"algorithms": ["HS256"]}, {}, "issuers.0.algorithms"),
    "no algorithm": ({"algorithms": []}, {}, "issuers.0.algorithms"),
    "no signature": ({"algorithms": ["none"]}, {}, "issuers.0.algorithms"),
    "ID tokens that would pass": ({"type": "JWT"}, {}, "marks"),
    "no audience": ({"audience": ""}, {}, "issuers.0.audience"),
    "a scope that is none": ({"scopes": {"petugas": ["complaints:all"]}}, {}, "complaints:all"),
    "clients that submit by no channel": (
        {"scopes": {"app": ["complaints:submit"]}},
        {},
        "it needs channels, some of WEB",
    ),
    "a channel that is none": ({"channels": ["FAX"]}, {}, "issuers.0.channels"),
    "two ways to show who it is": ({}, {"client_key": "key.pem"}, "either client_key or client_secret"),
    "no way to show who it is": ({}, {"client_secret": None}, "either client_key or client_secret"),
    "no openid": ({}, {"scope": "email"}, "openid"),
    "a key that is not there": ({}, {"client_secret": None, "client_key": "/none/key.pem"}, "client_key"),
    "a scope for citizens that is none": ({}, {"scopes": ["x:y"]}, "x:y"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_one_sentence_without_secrets(tmp_path: Path, case: str) -> None:
    issuer, login, why = WRONG[case]
    with pytest.raises(BadSetting) as refused:
        config_of(tmp_path, [ISSUER | issuer], [LOGIN | login])
    assert why in str(refused.value)
    assert "HUB_ISSUERS_FILE" in str(refused.value)
    assert "kept-to-oneself" not in str(refused.value)


def test_two_rows_of_one_issuer_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="same"):
        config_of(tmp_path, [ISSUER, ISSUER | {"name": "other"}])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"issuers": {}}', "\x00"])
def test_what_is_no_registry_is_one_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "issuers.json"
    file.write_text(text)
    with pytest.raises(BadSetting, match="HUB_ISSUERS_FILE"):
        read(file, SCOPES)


def test_a_public_key_does_not_show_who_one_is(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(ECKey.generate_key("P-521").as_pem(private=False))
    with pytest.raises(BadSetting, match="no private key"):
        config_of(tmp_path, [], [LOGIN | {"client_secret": None, "client_key": str(file)}])


def test_what_the_documentation_shows_is_accepted(tmp_path: Path) -> None:
    shown = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "issuers.md").read_text(), re.DOTALL)
    file = tmp_path / "issuers.toml"
    file.write_text("\n".join(shown))
    registry = read(file, scopes.NAMES)
    assert [row.name for row in registry.issuers] == ["provinsi", "pusat"]
    assert [row.name for row in registry.logins] == ["inapas"]


def test_the_documentation_names_every_setting_of_an_issuer() -> None:
    page = (ROOT / "docs" / "issuers.md").read_text()
    assert [name for name in IssuerRow.model_fields if f"| `{name}` |" not in page] == []
