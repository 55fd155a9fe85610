"""``HUB_FORWARD``: a rule without a possible target prevents the start, with one sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hub.connectors
from hub.complaints.forwarding import ForwardingRule
from hub.connectors import registry
from hub.errors import BadSetting
from hub.settings import Settings, read_settings
from tests import hub_processes
from tests.connectors.fake_connector_folder import make
from tests.sync.receiving_system import write

pytestmark = pytest.mark.whole


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Path]:
    """Two connectors, of which one accepts complaints."""
    make(tmp_path)
    write(tmp_path)
    path = list(hub.connectors.__path__)
    yield tmp_path
    hub.connectors.__path__[:] = path
    for own in ("ferry", "west"):
        for name in [name for name in sys.modules if name.startswith(f"hub.connectors.{own}")]:
            del sys.modules[name]
        vars(hub.connectors).pop(own, None)


def rules_or_error(
    monkeypatch: pytest.MonkeyPatch, folders: Path, rules: str, enabled: str = "ferry,west"
) -> tuple[ForwardingRule, ...]:
    """Return the rules or the message that ``HUB_FORWARD`` results in."""
    given = {"HUB_FORWARD": rules, "HUB_CONNECTORS": enabled, "HUB_CONNECTORS_PATH": str(folders)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = read_settings(Settings)
    return registry.forwarding_rules(settings.forward, registry.enabled(settings))


def test_rules_are_read_in_order(monkeypatch: pytest.MonkeyPatch, folders: Path) -> None:
    assert rules_or_error(monkeypatch, folders, "west:category:ROADS, west:agency:DISHUB") == (
        ForwardingRule("west", "category", "ROADS"),
        ForwardingRule("west", "agency", "DISHUB"),
    )
    assert rules_or_error(monkeypatch, folders, "") == ()


@pytest.mark.parametrize(
    ("rules", "enabled", "sentence"),
    [
        ("west", "west", r"^HUB_FORWARD is wrong \(a rule is .*\): set it to rules .*\.$"),
        (
            "west:category:RODES",
            "west",
            r"^HUB_FORWARD is wrong \(one of its rules names an unknown category\): .*\.$",
        ),
        ("north:category:ROADS", "ferry,west", r"^HUB_FORWARD is wrong \(north .*\): name a system .* \(west\)\.$"),
        ("ferry:category:ROADS", "ferry,west", r"^HUB_FORWARD is wrong \(ferry accepts no complaints .*\(west\)\.$"),
        ("west:category:ROADS", "ferry", r"^HUB_FORWARD is wrong \(west .*\(none of those enabled\)\.$"),
    ],
)
def test_a_wrong_rule_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, folders: Path, rules: str, enabled: str, sentence: str
) -> None:
    with pytest.raises(BadSetting, match=sentence):
        rules_or_error(monkeypatch, folders, rules, enabled)


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_nothing_starts_with_a_wrong_rule(tmp_path: Path, database_url: str, command: str) -> None:
    given = {"HUB_FORWARD": "nowhere:category:ROADS", "HUB_DATABASE_URL": database_url}
    output = hub_processes.command(command, env=hub_processes.variables(tmp_path, **given), code=2)
    assert output.startswith("HUB_FORWARD is wrong (nowhere accepts no complaints")
