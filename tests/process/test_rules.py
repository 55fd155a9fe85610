"""``HUB_FORWARD``: a rule that can lead nowhere stops the start with one sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hub.connectors
from hub.complaints.forwarding import Rule
from hub.connectors import registry
from hub.errors import BadSetting
from hub.settings import Settings, read
from tests.process import running as processes
from tests.process.ferry import make
from tests.sync.receiver import write

pytestmark = pytest.mark.whole


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Path]:
    """Two connectors: one that takes complaints, and one that does not."""
    make(tmp_path)
    write(tmp_path)
    path = list(hub.connectors.__path__)
    yield tmp_path
    hub.connectors.__path__[:] = path
    for own in ("ferry", "west"):
        for name in [name for name in sys.modules if name.startswith(f"hub.connectors.{own}")]:
            del sys.modules[name]
        vars(hub.connectors).pop(own, None)


def told(monkeypatch: pytest.MonkeyPatch, folders: Path, rules: str, enabled: str = "ferry,west") -> tuple[Rule, ...]:
    """What ``HUB_FORWARD`` comes to."""
    given = {"HUB_FORWARD": rules, "HUB_CONNECTORS": enabled, "HUB_CONNECTORS_PATH": str(folders)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return registry.rules(read(Settings))


def test_rules_are_read_in_order(monkeypatch: pytest.MonkeyPatch, folders: Path) -> None:
    assert told(monkeypatch, folders, "west:category:ROADS, west:agency:DISHUB") == (
        Rule("west", "category", "ROADS"),
        Rule("west", "agency", "DISHUB"),
    )
    assert told(monkeypatch, folders, "") == ()


@pytest.mark.parametrize(
    ("rules", "enabled", "sentence"),
    [
        ("west", "west", r"^HUB_FORWARD is wrong \(a rule is .*\): set it to rules .*\.$"),
        (
            "west:category:RODES",
            "west",
            r"^HUB_FORWARD is wrong \(one of its rules names no category of the hub\): .*\.$",
        ),
        ("north:category:ROADS", "ferry,west", r"^HUB_FORWARD is wrong \(north .*\): name a system .* \(west\)\.$"),
        ("ferry:category:ROADS", "ferry,west", r"^HUB_FORWARD is wrong \(ferry takes no complaints .*\(west\)\.$"),
        ("west:category:ROADS", "ferry", r"^HUB_FORWARD is wrong \(west .*\(none of those enabled\)\.$"),
    ],
)
def test_a_wrong_rule_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, folders: Path, rules: str, enabled: str, sentence: str
) -> None:
    with pytest.raises(BadSetting, match=sentence):
        told(monkeypatch, folders, rules, enabled)


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_nothing_starts_with_a_wrong_rule(tmp_path: Path, database_url: str, command: str) -> None:
    given = {"HUB_FORWARD": "nowhere:category:ROADS", "HUB_DATABASE_URL": database_url}
    said = processes.command(command, env=processes.variables(tmp_path, **given), code=2)
    assert said.startswith("HUB_FORWARD is wrong (nowhere takes no complaints")
