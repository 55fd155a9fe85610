"""Connectors are found by their folders; the error of a broken one is one sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import hub.connectors
from hub.connectors import registry
from hub.demo.world import DemoWorld
from hub.errors import BadSetting
from hub.settings import Settings
from tests.connectors.fake_connector_folder import CONNECTOR, make

NAMELESS = CONNECTOR.replace("name, title, owner, docs =", "label, title, owner, docs =")


@pytest.fixture
def ferry(tmp_path: Path) -> Iterator[Path]:
    """A path with one connector folder, which is removed afterwards."""
    make(tmp_path)
    path = list(hub.connectors.__path__)
    yield tmp_path
    hub.connectors.__path__[:] = path
    for name in [name for name in sys.modules if name.startswith("hub.connectors.ferry")]:
        del sys.modules[name]
    vars(hub.connectors).pop("ferry", None)


def settings(**given: object) -> Settings:
    return Settings(**given)  # type: ignore[arg-type]


def test_each_folder_with_a_connector_is_found_and_enabled() -> None:
    names = list(registry.discover())
    assert names
    assert [system.name for system in registry.enabled(settings())] == names


def test_a_folder_elsewhere_has_settings_and_a_sandbox(ferry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_FERRY_QUAY", "7")
    (system,) = registry.enabled(settings(connectors_path=ferry, connectors=("ferry",)))
    assert system.settings.quay == 7  # type: ignore[attr-defined]
    assert registry.sandbox(system, DemoWorld(date(2026, 1, 31))).name == "ferry"


def test_a_folder_that_is_gone_leaves_nothing(ferry: Path) -> None:
    assert "ferry" in registry.discover(ferry)
    hub.connectors.__path__.remove(str(ferry))
    assert "ferry" not in registry.discover()


def test_an_unknown_connector_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadSetting, match=r"^HUB_CONNECTORS is wrong \(there is no ferri\): the connectors are .*\.$"):
        registry.enabled(settings(connectors=("ferri",)))


def test_a_wrong_setting_of_a_connector_is_refused(ferry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_FERRY_QUAY", "north")
    with pytest.raises(BadSetting, match=r"^HUB_FERRY_QUAY is wrong \(input should be a valid integer.*README\.$"):
        registry.enabled(settings(connectors_path=ferry, connectors=("ferry",)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nowhere", "ModuleNotFoundError"),
        ("class (", "SyntaxError"),
        ("", "needs one Connector named ferry"),
        (NAMELESS, "needs one Connector named ferry"),
    ],
)
def test_a_broken_folder_is_one_sentence(ferry: Path, text: str, message: str) -> None:
    (ferry / "ferry" / "connector.py").write_text(text)
    with pytest.raises(BadSetting, match=rf"^The connector ferry cannot be loaded \(.*{message}"):
        registry.enabled(settings(connectors_path=ferry, connectors=("ferry",)))


def test_a_search_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"^HUB_CONNECTORS_PATH is wrong"):
        registry.discover(tmp_path / "nowhere")


async def test_a_system_without_a_url_names_the_missing_variable(ferry: Path) -> None:
    (system,) = registry.enabled(settings(connectors_path=ferry, connectors=("ferry",)))
    with pytest.raises(BadSetting, match=r"^HUB_FERRY_URL is missing"):
        async with registry.connect(system):
            pass
