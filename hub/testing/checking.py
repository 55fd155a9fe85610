"""Runs the contract suite, and the tests in a connector's own folder, for ``hub connectors check``."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

import hub.testing
from hub.connectors.base import Connector
from hub.testing.samples import folder

MAX_REASON_LENGTH = 300
"""How many characters of a failure are shown."""

_OPTIONS = (
    *("-p", "no:terminal", "-p", "no:cacheprovider", "-p", "hub.testing.fixtures", "-c", os.devnull),
    *("--import-mode=importlib", "-o", "asyncio_mode=auto"),
    *("-o", "asyncio_default_fixture_loop_scope=session", "-o", "asyncio_default_test_loop_scope=session"),
    *("-o", "markers=whole: takes long"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check: its name, whether it passed, and if not, what failed and how to fix it."""

    name: str
    passed: bool
    failed: str = ""
    advice: str = ""


def run_checks(connector: type[Connector], report: Callable[[Check], None], *, whole: bool = False) -> list[Check]:
    """Run every check of ``connector``, and call ``report`` after each; with ``whole`` also those that take long.

    The checks use the sandbox, so the settings for the real system are ignored.
    """
    reporter = _Reporter(connector, report)
    own = map(str, sorted(folder(connector).glob("test_*.py")))
    chosen = () if whole else ("-m", "not whole")
    prefix = f"HUB_{connector.name.upper()}_"
    with patch.dict(os.environ, {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}):
        for name in [name for name in os.environ if name.startswith(prefix)]:
            del os.environ[name]
        rooted = ("-p", "pytest_asyncio.plugin", f"--rootdir={folder(connector)}")
        pytest.main([*_OPTIONS, *rooted, *chosen, str(Path(__file__).with_name("suite.py")), *own], plugins=[reporter])
    return reporter.checks


class _Reporter:
    """A plugin of pytest that turns its reports into checks."""

    def __init__(self, connector: type[Connector], report: Callable[[Check], None]) -> None:
        self.checks: list[Check] = []
        self._connector, self._report = connector, report
        self._todo: dict[str, str] = {}

    def pytest_configure(self) -> None:
        """Let failed asserts of the suite show values."""
        pytest.register_assert_rewrite(*hub.testing.CHECKS)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Set the connector of the suite, and note the docstring of each check."""
        for item in items:
            if (of := getattr(item, "cls", None)) and of.__name__ == "TestConnector":
                of.connector = self._connector
            docstring = getattr(getattr(item, "function", None), "__doc__", None) or ""
            self._todo[item.nodeid] = " ".join(docstring.split())

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Add a failed check for a file of tests that cannot be read."""
        if report.failed:
            self._add(Check(f"{report.nodeid} can be read", False, _reason(report), "Correct the file."))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a check: it holds if its call passed, and fails in any phase."""
        if report.failed:
            self._add(Check(_name(report.nodeid), False, _reason(report), self._todo.get(report.nodeid, "")))
        elif report.when == "call" and report.passed:
            self._add(Check(_name(report.nodeid), True))

    def _add(self, check: Check) -> None:
        self.checks.append(check)
        self._report(check)


def _name(nodeid: str) -> str:
    name, bracket, parameters = nodeid.partition("::")[2].partition("[")
    return name.rpartition("test_")[2].replace("_", " ") + (f" [{parameters}" if bracket else "")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return what failed, and where, in one line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        last_line = str(report.longrepr).strip().splitlines()[-1:]
        return " ".join(last_line)[:MAX_REASON_LENGTH]
    message = " ".join(str(crash.message).split())[:MAX_REASON_LENGTH]
    return f"{message} ({Path(crash.path).name}:{crash.lineno})"
