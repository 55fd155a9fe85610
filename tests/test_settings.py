"""Settings: errors of wrong values, requirements of production, values generated in development."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from hub.connectors.base import ConnectorSettings
from hub.errors import BadSetting
from hub.runtime.local_keys import with_keys
from hub.settings import Settings, read_settings, unknown_variables

KEY = base64.b64encode(hashlib.sha256(b"a key of the tests").digest()).decode()
SECRET = hashlib.sha256(b"a secret key of the tests").hexdigest()
PRODUCTION = {
    "HUB_ENV": "production",
    "HUB_DATABASE_URL": "postgresql://db/hub",
    "HUB_PUBLIC_URL": "https://hub.example",
    "HUB_PII_KEYS": f"{KEY}, {KEY}",
    "HUB_SECRET_KEY": SECRET,
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)


def setting(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return read_settings(Settings)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("HUB_PORT", "http", "valid integer"),
        ("HUB_PORT", "70000", "less than or equal to 65535"),
        ("HUB_PUBLIC_URL", "https://hub.example/hub", "not an origin"),
        ("HUB_PUBLIC_URL", "hub.elsewhere", "not an origin"),
        ("HUB_PUBLIC_URL", "http://hub.elsewhere", "without https"),
        ("HUB_ENV", "staging", "'development' or 'production'"),
        ("HUB_PII_KEYS", "c2hvcnQ=", "32 bytes"),
        ("HUB_PII_KEYS", f"{KEY},not base64", "32 bytes"),
        ("HUB_SECRET_KEY", "hunter2", "fewer than 32 characters"),
        ("HUB_INTROSPECTION", "perhaps", "valid boolean"),
    ],
)
def test_a_wrong_setting_is_one_sentence_without_the_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    with pytest.raises(BadSetting) as refused:
        setting(monkeypatch, **{name: value})
    sentence = str(refused.value)
    assert sentence.startswith(f"{name} is wrong (")
    assert message in sentence
    assert ": set it to " in sentence
    assert sentence.endswith(".")
    assert value not in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("missing", ["HUB_DATABASE_URL", "HUB_PUBLIC_URL", "HUB_PII_KEYS", "HUB_SECRET_KEY"])
def test_production_demands_what_development_makes_up(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    with pytest.raises(BadSetting, match=rf"^{missing} is missing in production: set it to .*\.$"):
        setting(monkeypatch, **{**PRODUCTION, missing: ""})


def test_all_refusals_in_production_are_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSetting) as refused:
        setting(monkeypatch, HUB_ENV="production", HUB_QUERY_TOKEN="x")
    lines = str(refused.value).splitlines()
    missing = ["HUB_DATABASE_URL", "HUB_PUBLIC_URL", "HUB_PII_KEYS", "HUB_SECRET_KEY"]
    assert [line.split()[0] for line in lines] == [*missing, "HUB_QUERY_TOKEN"]
    assert all(line.endswith(".") for line in lines)


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSetting) as refused:
        setting(monkeypatch, HUB_PORT="http", HUB_PII_KEYS="a,b", HUB_SECRET_KEY="short")
    assert [line.split()[0] for line in str(refused.value).splitlines()] == [
        "HUB_PORT",
        "HUB_PII_KEYS",
        "HUB_SECRET_KEY",
    ]


@pytest.mark.parametrize("refused", ["HUB_DEMO_OFFICER_TOKEN", "HUB_QUERY_TOKEN", "HUB_DEMO_DAY"])
def test_production_refuses_demo_settings(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    with pytest.raises(BadSetting, match=f"^{refused} is refused in production"):
        setting(monkeypatch, **PRODUCTION, **{refused: "2026-01-31"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_SECRET_KEY", "a" * 40),
        ("HUB_SECRET_KEY", "0123456789" * 4),
        ("HUB_SECRET_KEY", "abcdefghijklmnopqrstuvwxyz0123456789"),
        ("HUB_SECRET_KEY", "changeme-with-openssl-rand-base64-32-please"),
        ("HUB_SECRET_KEY", "ab" * 10 + "ba" * 10),
        ("HUB_PII_KEYS", base64.b64encode(b"k" * 32).decode()),
        ("HUB_PII_KEYS", f"{KEY},{base64.b64encode(bytes(range(32))).decode()}"),
        ("HUB_DATABASE_URL", "postgresql://hub:hub@postgres:5432/hub"),
        ("HUB_DATABASE_URL", "postgresql://jateng:jateng-data@db/jateng-data"),
        ("HUB_DATABASE_URL", "postgresql://hub:p%61ssword1234@db/hub"),
        ("HUB_DATABASE_URL", "postgresql://hub@db/hub?password=changeme123"),
        ("HUB_DATABASE_URL", "postgresql://hub:x7Kq2@db/hub"),
        ("HUB_DATABASE_URL", "postgresql://hub:aaaaaaaaaaaaaaaa@db/hub"),
    ],
)
def test_production_refuses_what_can_be_guessed(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    setting(monkeypatch, **{name: value})
    with pytest.raises(BadSetting, match=f"^{name} is refused in production") as refused:
        setting(monkeypatch, **{**PRODUCTION, name: value})
    assert value not in str(refused.value)
    assert "openssl rand" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("seed", range(50))
def test_production_accepts_keys_made_as_documented(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    made = hashlib.sha512(str(seed).encode()).digest()
    keys = {"HUB_PII_KEYS": base64.b64encode(made[:32]).decode(), "HUB_SECRET_KEY": made[:16].hex()}
    url = f"postgresql://hub:{made[:24].hex()}@postgres:5432/hub"
    assert setting(monkeypatch, **{**PRODUCTION, **keys, "HUB_DATABASE_URL": url}).production
    assert setting(monkeypatch, HUB_SECRET_KEY=base64.b64encode(made[32:]).decode()).production


@pytest.mark.parametrize(
    "url", ["postgresql:///hub?host=/run/postgresql", "postgresql://hub@db/hub?sslmode=verify-full"]
)
def test_a_database_without_a_password_is_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert setting(monkeypatch, **{**PRODUCTION, "HUB_DATABASE_URL": url}).production


def test_production_is_closed_unless_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = setting(monkeypatch, **PRODUCTION)
    assert (closed.allows_introspection, closed.serves_ide) == (False, False)
    assert setting(monkeypatch, HUB_INTROSPECTION="true").allows_introspection
    assert read_settings(Settings).production


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert setting(monkeypatch, HUB_CONNECTORS="lapor, gopay,").connectors == ("lapor", "gopay")
    assert read_settings(Settings).sealing_keys == ()


def test_several_keys_are_read_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    other = base64.b64encode(b"o" * 32).decode()
    assert setting(monkeypatch, HUB_PII_KEYS=f"{other},{KEY}").sealing_keys == (b"o" * 32, base64.b64decode(KEY))


def test_secrets_are_not_in_the_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = repr(setting(monkeypatch, **{**PRODUCTION, "HUB_DATABASE_URL": "postgresql://u:k4nt0r-dinas@db/hub"}))
    assert KEY not in shown
    assert SECRET not in shown
    assert "k4nt0r" not in shown


def test_development_keys_are_made_once_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = setting(monkeypatch, HUB_DATA_DIR=str(tmp_path / ".hub"))
    first, second = with_keys(settings), with_keys(settings)
    assert first.sealing_keys == second.sealing_keys != ()
    assert first.secret == second.secret != b""
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / ".hub").iterdir()} == {0o600}


def test_configured_keys_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = setting(monkeypatch, HUB_DATA_DIR=str(tmp_path / ".hub"), HUB_PII_KEYS=KEY)
    assert with_keys(settings).sealing_keys == (base64.b64decode(KEY),)


def test_an_unknown_variable_names_what_may_be_meant() -> None:
    class OwnSettings(ConnectorSettings):
        model_config = {"env_prefix": "HUB_OWN_"}

    environ = {
        "HUB_PROT": "1",
        "HUB_OWN_URI": "x",
        "HUB_COLOUR": "red",
        "HUB_OWN_EVERY": "1",
        "HUB_TEST_DATABASE_URL": "x",
        "PATH": "x",
    }
    assert unknown_variables(environ, [Settings, OwnSettings]) == [
        "HUB_COLOUR is not a setting of the hub.",
        "HUB_OWN_URI is not a setting of the hub; is HUB_OWN_URL meant?",
        "HUB_PROT is not a setting of the hub; is HUB_PORT meant?",
    ]
