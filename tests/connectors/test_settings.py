"""Settings in headers and URLs: a value that no request can carry is refused by name when it is read."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from hub.connectors.base import ConnectorSettings
from hub.errors import BadSetting
from hub.settings import read_settings, variable_name
from hub.testing.running import all_connectors

KINDS = [each.Settings for each in all_connectors().values()]
TEXTS = [
    pytest.param(kind, name, id=variable_name(kind, name))
    for kind in KINDS
    for name, field in kind.model_fields.items()
    if field.annotation in (str, SecretStr) and not name.endswith(("url", "_file"))
]
URLS = [
    pytest.param(kind, name, id=variable_name(kind, name))
    for kind in KINDS
    for name in kind.model_fields
    if name.endswith("url")
]


@pytest.mark.parametrize(("kind", "name"), TEXTS)
@pytest.mark.parametrize(
    "value", ["rahasiá", "rahasia\u200b", "raha\u2013sia", "raha\nsia", " rahasia", "rahasia\u00a0"]
)
def test_a_value_no_header_can_carry_is_refused_without_it(
    kind: type[ConnectorSettings], name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable_name(kind, name), value)
    with pytest.raises(BadSetting, match=f"^{variable_name(kind, name)} is wrong ") as error:
        read_settings(kind)
    assert "raha" not in str(error.value)


@pytest.mark.parametrize(("kind", "name"), URLS)
@pytest.mark.parametrize(
    "value",
    [
        "https://user:rahasia@",
        "rahasia",
        "ftp://rahasia.example",
        "https://rahasia.example:port",
        "https://rahasia.example:99999999",
        "https://raha\tsia.example",
        f"https://{'rahasia' * 20}.example",
        "https://\u2260rahasia\ufffd.example",
        "https://[rahasia",
    ],
)
def test_what_is_no_url_is_refused_by_name_without_its_value(
    kind: type[ConnectorSettings], name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable_name(kind, name), value)
    with pytest.raises(BadSetting, match=f"^{variable_name(kind, name)} is wrong ") as error:
        read_settings(kind)
    assert "rahasia" not in str(error.value)


@pytest.mark.parametrize("kind", KINDS)
def test_what_can_be_sent_is_taken(kind: type[ConnectorSettings], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, field in kind.model_fields.items():
        if field.annotation in (str, SecretStr):
            good = {True: "https://bücher.example/a", False: "{Ab-1_~}"}[name.endswith("url")]
            monkeypatch.setenv(variable_name(kind, name), "Token" if name == "auth_header" else good)
    read_settings(kind)
