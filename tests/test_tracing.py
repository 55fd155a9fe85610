"""Nothing is traced unless a collector is named; what names it is checked at the start."""

from __future__ import annotations

import subprocess
import sys

import pytest

import hub.app  # noqa: F401  (it declares all tables)
from hub import tracing
from hub.errors import BadSetting
from hub.store.statement_spans import summary
from hub.tracing import SpanKind

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
LOADED = "import sys, hub.app, hub.sync.worker; print([name for name in sys.modules if 'opentelemetry' in name])"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*tracing.ENDPOINTS, *tracing.PROTOCOLS, "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_collector_nothing_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "variables", [{}, {ENDPOINT: ""}, {"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}]
)
def test_tracing_can_be_off(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    if variables and ENDPOINT not in variables:
        monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    tracing.start("test")
    assert not tracing.is_enabled()
    with tracing.span("GET", SpanKind.CLIENT, {}) as span:
        assert (span.trace_id, tracing.headers(), tracing.is_recording()) == ("", {}, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (ENDPOINT, "collector:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://secret@collector"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret, Bearer secret"),
    ],
)
def test_a_wrong_setting_ends_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match=f"{name} is wrong") as refused:
        tracing.start("test")
    assert "secret" not in str(refused.value)
    assert not tracing.is_enabled()


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "hub.tracing.otlp", None)
    with pytest.raises(BadSetting, match=r"install hub\[tracing\]"):
        tracing.start("test")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "select * from complaints c join agencies a on true, areas where title = 'from reporters'",
            "complaints agencies areas",
        ),
        (
            "with due as (select id from deliveries for update skip locked) update deliveries set state = 1",
            "deliveries",
        ),
        ('INSERT INTO "records" (system) select name from systems on conflict do update set id = 1', "records systems"),
        ("delete from sightings s using systems y where y.name = 'x'", "sightings"),
        ("select set_config('hub.actor', 'Sekar', true)", ""),
    ],
)
def test_a_summary_names_tables_only(statement: str, expected: str) -> None:
    verb = {"w": "UPDATE", "I": "INSERT", "d": "DELETE"}.get(statement[0], "SELECT")
    assert summary(statement) == f"{verb} {expected}".strip()
