"""Real processes export their traces: of a request through its operation to SQL, and of a job to another system."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests import hub_processes, otlp_receiver
from tests.connectors import fake_connector_folder
from tests.otlp_receiver import Collector, Received
from tests.serving import serve
from tests.waits import HANGS_AFTER, steps, wait_until

pytestmark = pytest.mark.whole

TOKEN = "token-of-the-officer-in-these-tests"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NAME, PHONE, MAIL, NIK = "Sekar Widuri Kusumaningtyas", "+6281122334455", "sekar.widuri@contoh.id", "3374014506900001"
TEXT = "Lampu di depan rumah saya padam sejak kemarin malam."
SUBMIT = """
mutation Lapor($input: SubmitComplaintInput!) {
  submitComplaint(input: $input) {
    ... on SubmitComplaintPayload { trackingCode complaint { id ticket reporter { name phone } text agency { name } } }
    ... on UserError { message } } }
"""
INPUT = {
    "idempotencyKey": "traced-submission-1",
    "channel": "WEB",
    "class": "COMPLAINT",
    "title": "Lampu jalan Pandanaran padam",
    "text": TEXT,
    "areaCode": "33.74",
    "reporter": {"name": NAME, "phone": PHONE, "email": MAIL, "nik": NIK},
}


@dataclass
class Upstream:
    """A system that a worker pulls from; it keeps the headers of its calls."""

    parents: list[str] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        self.parents.append(request.headers.get("traceparent", ""))
        return JSONResponse({})


@dataclass(frozen=True)
class Traced:
    """A hub that is traced."""

    url: str
    collector: Collector
    upstream: Upstream
    logs: list[Path]


@pytest.fixture
async def traced(database_url: str, tmp_path: Path) -> AsyncIterator[Traced]:
    folder = fake_connector_folder.make(tmp_path)
    connector = (folder / "connector.py").read_text()
    pull = f'await self.http.send("GET", "/trips/{PHONE}?name=Sekar", idempotent=True)\n        yield Page([])'
    assert "yield Page([])" in connector
    (folder / "connector.py").write_text(connector.replace("yield Page([])", pull))
    upstream = Upstream()
    routes = [Route("/{path:path}", upstream.answer, methods=["GET"])]
    logs = [tmp_path / "serve.log", tmp_path / "worker.log"]
    async with otlp_receiver.collecting() as collector, serve(Starlette(routes=routes)) as ferry:
        env = hub_processes.variables(
            tmp_path,
            HUB_DATABASE_URL=database_url,
            HUB_CONNECTORS="ferry",
            HUB_CONNECTORS_PATH=str(tmp_path),
            HUB_FERRY_URL=ferry,
            HUB_DEMO_OFFICER_TOKEN=TOKEN,
            HUB_LOG_FORMAT="json",
            **otlp_receiver.variables(collector.url),
        )
        await asyncio.to_thread(hub_processes.command, "migrate", env=env)
        with (
            hub_processes.started("serve", env=env, log=logs[0]),
            hub_processes.started("worker", env=env, log=logs[1]),
        ):
            yield Traced(await asyncio.to_thread(hub_processes.url_when_ready, logs[0]), collector, upstream, logs)


async def submit(url: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {TOKEN}", "traceparent": f"00-{TRACE}-{PARENT}-01", "Hub-Purpose": "handling"}
    headers |= {"tracestate": "who=sekar", "baggage": "who=sekar"}
    body = {"query": SUBMIT, "variables": {"input": INPUT}}
    async with httpx.AsyncClient(trust_env=False, timeout=HANGS_AFTER) as client:
        answer = (await client.post(f"{url}/graphql?who={PHONE}", json=body, headers=headers)).json()
        payload: dict[str, Any] = answer["data"]["submitComplaint"]
        ticket, code = payload["complaint"]["ticket"], payload["trackingCode"]
        await client.get(f"{url}/lacak/{ticket}", headers={"Hub-Tracking-Code": f"{ticket} {code}"})
    return payload


async def test_a_trace_leads_to_sql_and_to_other_systems(traced: Traced) -> None:
    payload = await submit(traced.url)

    async def complete() -> bool:
        return any(span.name == "POST /graphql" for span in traced.collector.of(TRACE)) and bool(_pulls(traced))

    await wait_until(complete, lambda: str(traced.collector.spans))
    _check_request(traced.collector.of(TRACE))
    _check_pull(traced)
    lines = [orjson.loads(line) for line in traced.logs[0].read_text().splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line.get("operation") == "Lapor"]
    assert (line["trace_id"], bool(line["request_id"])) == (TRACE, True)
    ticket = payload["complaint"]["ticket"]
    secrets = [
        NAME,
        "Sekar",
        "sekar",
        PHONE,
        PHONE[1:],
        MAIL,
        NIK,
        TEXT,
        INPUT["title"],
        TOKEN,
        payload["trackingCode"],
    ]
    for secret in (*secrets, ticket, payload["complaint"]["id"], "traced-submission-1"):
        assert not any(str(secret).encode() in body for body in traced.collector.bodies), secret


def _check_request(spans: list[Received]) -> None:
    (request,) = [span for span in spans if span.name == "POST /graphql"]
    (operation,) = [span for span in spans if span.name == "mutation"]
    assert (request.service, request.parent, operation.parent) == ("hub", PARENT, request.id)
    assert request.attributes == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "http.route": "/graphql",
        "http.response.status_code": 200,
    }
    assert operation.attributes == {"graphql.operation.type": "mutation", "graphql.operation.name": "Lapor"}
    statements = [span for span in spans if span.parent == operation.id]
    names = {span.name for span in statements}
    assert any(name.startswith("INSERT ") and "complaints" in name.split() for name in names), names
    assert any(name.startswith("SELECT ") for name in names), names
    assert {span.attributes["db.system.name"] for span in statements} == {"postgresql"}
    ids = {PARENT, *(span.id for span in spans)}
    assert all(span.parent in ids for span in spans)
    assert not any(span.failed for span in spans)


def _pulls(traced: Traced) -> list[Received]:
    return [span for span in traced.collector.spans if span.name == "process hub:pull"]


def _check_pull(traced: Traced) -> None:
    pull = _pulls(traced)[0]
    assert (pull.service, pull.parent, pull.attributes["hub.system"]) == ("hub-worker", "", "ferry")
    spans = traced.collector.of(pull.trace)
    (call,) = [span for span in spans if span.attributes.get("service.peer.name") == "ferry"]
    assert (call.name, call.parent, call.attributes["http.response.status_code"]) == ("GET", pull.id, 200)
    assert any(parent.startswith(f"00-{pull.trace}-{call.id}-0") for parent in traced.upstream.parents)
    assert any("systems" in span.name for span in spans if "db.query.summary" in span.attributes)


def test_a_collector_that_is_away_costs_no_request(database_url: str, tmp_path: Path) -> None:
    env = hub_processes.variables(
        tmp_path, HUB_DATABASE_URL=database_url, HUB_CONNECTORS=",", **otlp_receiver.variables("http://127.0.0.1:9")
    )
    log = tmp_path / "log"
    with hub_processes.started("serve", env={**env, "HUB_LOG_FORMAT": "json"}, log=log) as process:
        url = hub_processes.url_when_ready(log)
        for _ in range(20):
            assert hub_processes.status(f"{url}/readyz") == 200
        for _ in steps("the failure is not logged", log):
            if "Failed to export" in log.read_text():
                break
        process.terminate()
        assert process.wait(HANGS_AFTER) == 0
    assert "Traceback" not in log.read_text()
