"""What tests share: a PostgreSQL server per session, and a fresh, migrated database per test."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import structlog
import uvicorn.server
from hypothesis import HealthCheck, settings
from sqlalchemy import Dialect, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import hub.store.database
import hub.testing
from hub.testing.databases import (
    database_url,
    empty_database_url,
    on,
    postgres_url,
    registered_systems,
    template_database,
    templates,
    temporary_database,
)
from tests import hub_processes

__all__ = [
    "database_url",
    "empty_database_url",
    "on",
    "postgres_url",
    "registered_systems",
    "template_database",
    "templates",
    "temporary_database",
]

pytest.register_assert_rewrite(*hub.testing.CHECKS)

# How fast a machine is decides no test.
settings.register_profile("hub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hub")

FIGURE = "figure"
GARBAGE = 50_000
"""New objects after which the garbage collector looks for those that only refer to each other."""


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark what needs PostgreSQL, so that these tests can be run on another version; run the longest of `whole` first.

    While one process runs the longest test, the other takes the others from it. Modules are kept together, because
    their tests share fixtures.
    """
    for item in items:
        if "postgres_url" in getattr(item, "fixturenames", ()):
            item.add_marker("database")
    yield
    limits: dict[object, float] = {}
    for item in items:
        if item.get_closest_marker("whole") and (limit := item.get_closest_marker("timeout")):
            limits[item.path] = max(limits.get(item.path, 0), limit.args[0])
    items.sort(key=lambda item: -limits.get(item.path, 0))


def pytest_configure() -> None:
    """Collect garbage less often: what a test leaves in cycles is little."""
    gc.set_threshold(GARBAGE)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays until the end: modules, items and the types of the graph.

    To go through them again and again takes a twelfth of the time of the tests.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def record_figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """A function that records a measured figure as a sentence; all of them are printed at the end of the run."""
    return partial(record_property, FIGURE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded."""
    reports = [each for outcome in ("passed", "failed") for each in terminalreporter.stats.get(outcome, [])]
    figures = [text for report in reports for name, text in report.user_properties if name == FIGURE]
    if figures:
        terminalreporter.section("figures")
    for text in figures:
        terminalreporter.write_line(str(text))


@pytest.fixture(scope="session", autouse=True)
def certificates_read_once() -> Iterator[None]:
    """HTTP clients share one SSL context: to read all certificates takes each of them 40 ms."""
    with patch.object(httpx._transports.default, "create_ssl_context", cache(httpx.create_ssl_context)):
        yield


@pytest.fixture(scope="session", autouse=True)
def private_databases_are_removed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remove what the private databases of tests leave below ``/var/lib/hub`` when root runs them."""
    yield
    base = tmp_path_factory.getbasetemp()
    for data in (*base.glob("*/.hub"), *base.glob("*/*/.hub")):
        hub_processes.remove(data.parent)


class _Impatient:
    """``asyncio`` for uvicorn's server, which waits a tenth of a second before it looks again whether it may end."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    @staticmethod
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.005))


@pytest.fixture(scope="session", autouse=True)
def servers_end_soon() -> Iterator[None]:
    """End the servers of this process without a pause: hundreds of tests have one, and each took 0.15 seconds."""
    with patch.object(uvicorn.server, "asyncio", _Impatient()):
        yield


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> Iterator[None]:
    """Let engines share what SQLAlchemy compiled: each test has engines of its own, which compile each statement anew.

    They also share the dialect, which is part of the key of what is compiled, once the first one has asked its server.
    """
    compiled: dict[str | None, dict[Any, Any]] = {}
    dialects: dict[str | None, Dialect] = {}

    def sharing(url: str, isolation_level: str | None = None, **options: Any) -> AsyncEngine:
        options["execution_options"] = {"compiled_cache": compiled.setdefault(isolation_level, {})}
        if isolation_level:
            options["isolation_level"] = isolation_level
        engine = create_async_engine(url, **options)

        def share(*_: object) -> None:
            engine.sync_engine.dialect = dialects.setdefault(isolation_level, engine.sync_engine.dialect)

        if isolation_level in dialects:
            share()
        event.listen(engine.sync_engine, "connect", share, once=True)
        return engine

    with patch.object(hub.store.database, "create_async_engine", sharing):
        yield


@pytest.fixture(scope="session", autouse=True)
def interrupted_by_pytest() -> Iterator[None]:
    """Let SIGINT interrupt pytest itself, so that ``asyncio.Runner`` installs no handler for each test and fixture.

    ``signal.signal`` then looks the earlier handler up in an enumeration, whose error holds the ``repr`` of a task, and
    so of all that its fixture yields: a tenth of the time of some modules.
    """
    before = signal.signal(signal.SIGINT, lambda *received: signal.default_int_handler(*received))
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def collected_garbage(request: pytest.FixtureRequest) -> Iterator[None]:
    """A long test collects its own garbage, so that what it leaves unclosed fails itself and not a later test.

    What is still used is then left out of later collections: some tests leave so much in caches that each took seconds.
    """
    yield
    if request.node.get_closest_marker("whole"):
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command that a test runs in its own process sets up logging, which must not reach the next test."""
    root, configured = logging.getLogger(), structlog.is_configured()
    handlers, level, config = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    if configured:
        structlog.configure(**config)
    else:
        structlog.reset_defaults()
