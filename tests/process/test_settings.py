"""Settings: what a wrong one says, what production demands, what is made up in development."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from hub.connectors.base import ConnectorSettings
from hub.errors import BadSetting
from hub.process.keys import with_keys
from hub.settings import Settings, read, unknown

KEY = base64.b64encode(b"k" * 32).decode()
PRODUCTION = {
    "HUB_ENV": "production",
    "HUB_DATABASE_URL": "postgresql://db/hub",
    "HUB_PUBLIC_URL": "https://hub.example",
    "HUB_PII_KEYS": f"{KEY}, {KEY}",
    "HUB_SECRET_KEY": "s" * 32,
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)


def setting(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return read(Settings)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("HUB_PORT", "http", "valid integer"),
        ("HUB_PORT", "70000", "less than or equal to 65535"),
        ("HUB_PUBLIC_URL", "https://hub.example/hub", "no origin"),
        ("HUB_PUBLIC_URL", "hub.elsewhere", "no origin"),
        ("HUB_PUBLIC_URL", "http://hub.elsewhere", "without https"),
        ("HUB_ENV", "staging", "'development' or 'production'"),
        ("HUB_PII_KEYS", "c2hvcnQ=", "32 bytes"),
        ("HUB_PII_KEYS", f"{KEY},not base64", "32 bytes"),
        ("HUB_SECRET_KEY", "hunter2", "fewer than 32 characters"),
        ("HUB_INTROSPECTION", "perhaps", "valid boolean"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_does_not_repeat_the_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    with pytest.raises(BadSetting) as refused:
        setting(monkeypatch, **{name: value})
    sentence = str(refused.value)
    assert sentence.startswith(f"{name} is wrong (")
    assert told in sentence
    assert ": set it to " in sentence
    assert sentence.endswith(".")
    assert value not in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("missing", ["HUB_DATABASE_URL", "HUB_PUBLIC_URL", "HUB_PII_KEYS", "HUB_SECRET_KEY"])
def test_production_demands_what_development_makes_up(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    with pytest.raises(BadSetting, match=rf"^{missing} is missing in production: set it to .*\.$"):
        setting(monkeypatch, **{**PRODUCTION, missing: ""})


@pytest.mark.parametrize("refused", ["HUB_DEMO_OFFICER_TOKEN", "HUB_QUERY_TOKEN", "HUB_DEMO_DAY"])
def test_production_refuses_demo_settings(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    with pytest.raises(BadSetting, match=f"^{refused} is refused in production"):
        setting(monkeypatch, **PRODUCTION, **{refused: "2026-01-31"})


def test_production_is_closed_unless_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = setting(monkeypatch, **PRODUCTION)
    assert (closed.introspective, closed.with_ide) == (False, False)
    assert setting(monkeypatch, HUB_INTROSPECTION="true").introspective
    assert read(Settings).production


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert setting(monkeypatch, HUB_CONNECTORS="lapor, gopay,").connectors == ("lapor", "gopay")
    assert read(Settings).sealing_keys == ()


def test_several_keys_are_read_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    other = base64.b64encode(b"o" * 32).decode()
    assert setting(monkeypatch, HUB_PII_KEYS=f"{other},{KEY}").sealing_keys == (b"o" * 32, b"k" * 32)


def test_secrets_are_not_in_the_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = repr(setting(monkeypatch, **{**PRODUCTION, "HUB_DATABASE_URL": "postgresql://u:password@db/hub"}))
    assert KEY not in shown
    assert "s" * 32 not in shown
    assert "password" not in shown


def test_development_keys_are_made_once_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = setting(monkeypatch, HUB_DATA_DIR=str(tmp_path / ".hub"))
    first, second = with_keys(settings), with_keys(settings)
    assert first.sealing_keys == second.sealing_keys != ()
    assert first.secret == second.secret != b""
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / ".hub").iterdir()} == {0o600}


def test_given_keys_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = setting(monkeypatch, HUB_DATA_DIR=str(tmp_path / ".hub"), HUB_PII_KEYS=KEY)
    assert with_keys(settings).sealing_keys == (b"k" * 32,)


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
    assert unknown(environ, [Settings, OwnSettings]) == [
        "HUB_COLOUR is not a setting of the hub.",
        "HUB_OWN_URI is not a setting of the hub; is HUB_OWN_URL meant?",
        "HUB_PROT is not a setting of the hub; is HUB_PORT meant?",
    ]
