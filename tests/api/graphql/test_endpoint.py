"""GraphQL over HTTP: methods, media types, status codes, and the content of errors."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from hub.api.graphql.endpoint import GraphQLEndpoint, Observation
from hub.api.graphql.limits import Limits
from hub.api.graphql.quotas import Quotas
from hub.api.graphql.request import media_type
from hub.viewer import Viewer
from hub.web.rate_limits import RateLimiter
from hub.web.request_error import RequestError
from tests.api.graph_app import SCHEMA, Context, FakeClientPolicies, build, client_of, viewer
from tests.logged import without_random_ids

GRAPHQL = "application/graphql-response+json"


async def post(hub: httpx.AsyncClient, query: Any, accept: str = GRAPHQL, **rest: Any) -> httpx.Response:
    headers = {"accept": accept, **rest.pop("headers", {})}
    return await hub.post("/graphql", json={"query": query, **rest}, headers=headers)


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json()["errors"]]


@pytest.mark.parametrize("accept", [GRAPHQL, "application/json"])
async def test_a_query_answers_in_the_accepted_media_type(hub: httpx.AsyncClient, accept: str) -> None:
    response = await post(hub, '{ nodes(ids: ["1"]) { title } }', accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.json()["data"] == {"nodes": [{"title": "Bus tidak berhenti 🚌"}]}
    assert response.json()["extensions"]["cost"] == {"estimated": 1, "limit": 25_000}


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*;q=0.5", "application/json"),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.1, application/json", "application/json"),
        ("application/json;q=0, */*;q=0.5, " + GRAPHQL + ";q=0.4", GRAPHQL),
        ("APPLICATION/JSON; charset=UTF-8", "application/json"),
        ("multipart/mixed, application/json", "application/json"),
    ],
)
def test_negotiation(accept: str, answer: str) -> None:
    assert media_type(accept) == answer


@pytest.mark.parametrize("accept", ["text/plain", "application/json;q=0", "application/json; charset=latin1", "a;q=x"])
def test_negotiation_finds_nothing(accept: str) -> None:
    with pytest.raises(RequestError) as refused:
        media_type(accept)
    assert refused.value.status_code == 406


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"method": "PUT"}, 405, "METHOD_NOT_ALLOWED"),
        ({"method": "HEAD"}, 405, None),
        ({"method": "GET"}, 400, "BAD_REQUEST"),
        ({"method": "GET", "params": {"query": "{ echo }", "variables": "{"}}, 400, "BAD_REQUEST"),
        ({"method": "GET", "params": {"query": "mutation { touch }"}}, 405, "METHOD_NOT_ALLOWED"),
        ({"method": "POST"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"method": "POST", "data": {"query": "{ echo }"}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (
            {"method": "POST", "content": b"{}", "headers": {"content-type": "application/json; charset=utf-16"}},
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        ({"method": "POST", "json": [{"query": "{ echo }"}]}, 400, "BAD_REQUEST"),
        ({"method": "POST", "json": {"query": " "}}, 400, "BAD_REQUEST"),
        ({"method": "POST", "json": {"query": False, "documentId": "any"}}, 400, "BAD_REQUEST"),
        ({"method": "POST", "json": {"query": "{ echo }", "variables": []}}, 400, "BAD_REQUEST"),
        (
            {
                "method": "POST",
                "content": b'{"query": "\xff"}',
                "headers": {"content-type": "application/json"},
            },
            400,
            "BAD_REQUEST",
        ),
        ({"method": "POST", "json": {"query": "{ echo }"}, "headers": {"accept": "text/csv"}}, 406, "NOT_ACCEPTABLE"),
    ],
)
async def test_what_is_no_graphql_request_is_refused_with_a_sentence(
    hub: httpx.AsyncClient, request_: dict[str, Any], status: int, code: str | None
) -> None:
    response = await hub.request(url="/graphql", **request_)
    assert response.status_code == status
    assert code is None or codes(response) == [code]
    assert status != 405 or "POST" in response.headers["allow"]


async def test_two_lines_of_accept_are_one_list(hub: httpx.AsyncClient) -> None:
    lines = [("accept", "text/csv"), ("accept", f"application/json;q=0.5, {GRAPHQL}")]
    response = await hub.post("/graphql", json={"query": "{ echo }"}, headers=lines)
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"


@pytest.mark.parametrize("name", ["variables", "extensions", "operationName", "documentId"])
async def test_a_parameter_of_the_url_that_is_empty_is_as_if_left_out(hub: httpx.AsyncClient, name: str) -> None:
    response = await hub.get("/graphql", params={"query": "{ echo }", name: ""})
    assert (response.status_code, response.json()["data"]) == (200, {"echo": 1})


@pytest.mark.parametrize("name", ["query", "variables", "operationName"])
async def test_a_parameter_of_the_url_comes_once(hub: httpx.AsyncClient, name: str) -> None:
    parameters = {"query": "{ echo }", "variables": "{}", "operationName": ""}
    response = await hub.get("/graphql", params=[*parameters.items(), (name, parameters[name])])
    assert (response.status_code, codes(response)) == (400, ["BAD_REQUEST"])
    assert response.json()["errors"][0]["message"] == f"The parameter '{name}' may be given once."


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "{ echo }", "operationName": ""}',
        b'\xef\xbb\xbf{"query": "{ echo }"}',
        # As every other reader of JSON in use, the last one counts (RFC 8259, 4).
        b'{"query": "{ ech }", "query": "{ echo }"}',
    ],
)
@pytest.mark.parametrize("media", ["application/json", 'Application/JSON; Charset="UTF-8"; x=y', "application/json;"])
async def test_what_other_clients_send_is_read(hub: httpx.AsyncClient, body: bytes, media: str) -> None:
    response = await hub.post("/graphql", content=body, headers={"content-type": media})
    assert response.json()["data"] == {"echo": 1}


@pytest.mark.parametrize("media", [["application/json", "application/json"], ["application/json, text/plain"]])
async def test_a_body_has_one_type(hub: httpx.AsyncClient, media: list[str]) -> None:
    headers = [("content-type", each) for each in media]
    response = await hub.post("/graphql", content=b'{"query": "{ echo }"}', headers=headers)
    assert response.status_code == 415


async def test_a_query_by_get_with_variables(hub: httpx.AsyncClient) -> None:
    query = "query Say($times: Int!) { echo(times: $times) } query Other { echo }"
    parameters = {"query": query, "variables": json.dumps({"times": 4}), "operationName": "Say"}
    assert (await hub.get("/graphql", params=parameters)).json()["data"] == {"echo": 4}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ ech }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($n: Int!) { echo(times: $n) }", "BAD_INPUT"),
        ("query A { echo } query B { echo }", "OPERATION_RESOLUTION_FAILURE"),
        ("subscription { echo }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_an_invalid_document_is_400_only_in_the_graphql_type(
    hub: httpx.AsyncClient, query: str, code: str
) -> None:
    strict, plain = await post(hub, query), await post(hub, query, "application/json")
    assert (strict.status_code, plain.status_code) == (400, 200)
    assert codes(strict) == codes(plain) == [code]
    assert "data" not in strict.json()


async def test_there_are_no_suggestions_and_at_most_ten_errors(hub: httpx.AsyncClient) -> None:
    response = await post(hub, "{ " + " ".join(f"complaint{n}" for n in range(40)) + " }")
    assert "Did you mean" not in response.text
    assert len(response.json()["errors"]) == 11
    assert "limit reached" in response.json()["errors"][-1]["message"]


async def test_a_fault_is_masked_and_logged_once_without_its_text(hub: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logged:
        response = await post(hub, "{ broken brokenNumber brokenRule }", headers={"x-request-id": "told-by-caller"})
    masked = {"code": "INTERNAL", "requestId": "told-by-caller"}
    assert [error["extensions"] for error in response.json()["errors"]] == [masked] * 3
    assert {error["message"] for error in response.json()["errors"]} == {"Internal error"}
    faults = {entry["path"]: entry for entry in logged if entry["event"] == "fault"}
    assert faults["broken"]["kinds"] == ["ValueError"]
    assert "graph_app.py" in faults["broken"]["trace"][-1]
    assert faults["brokenRule"]["reason"] == "the contract of sikap is broken"
    assert len(faults) == 3
    assert "3399" not in without_random_ids(logged, response.text)
    assert "0811" not in without_random_ids(logged, response.text)


async def test_deliberate_errors_are_shown_with_their_code(hub: httpx.AsyncClient) -> None:
    response = await post(hub, "query ($n: Int = 1) { away explained echo(times: $n) }", variables={"n": None})
    errors = {error["path"][0]: error for error in response.json()["errors"]}
    assert errors["away"]["extensions"] == {"code": "TRY_LATER", "retryAfter": 30}
    assert "10.0.0.1" not in response.text
    assert errors["explained"]["message"] == "That cursor is of another list."
    assert errors["explained"]["extensions"] == {"code": "BAD_CURSOR"}
    assert errors["echo"]["extensions"] == {"code": "BAD_INPUT"}


async def test_a_missing_scope_is_reported_once_per_field(hub: httpx.AsyncClient) -> None:
    query = "{ complaints(first: 20) { edges { node { agency { head { phone } chief: head { phone } } } } } }"
    response = await post(hub, query)
    assert response.status_code == 200
    assert [error["extensions"] for error in response.json()["errors"]] == [
        {"code": "FORBIDDEN", "scope": "complaints:pii"}
    ] * 2
    assert len(response.json()["data"]["complaints"]["edges"]) == 20


async def test_a_failed_required_field_nulls_data_with_status_200(hub: httpx.AsyncClient) -> None:
    response = await post(hub, "{ required }")
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert codes(response) == ["INTERNAL"]


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("nobody", 403, "FORBIDDEN"),
        ("early", 503, "TRY_LATER"),
        ("stranger", 401, "UNAUTHENTICATED"),
        ("unlucky", 500, "INTERNAL"),
    ],
)
async def test_without_a_context_nothing_is_executed(hub: httpx.AsyncClient, who: str, status: int, code: str) -> None:
    with structlog.testing.capture_logs() as logged:
        response = await post(hub, "{ echo }", headers={"x-as": who})
    assert response.status_code == status
    assert codes(response) == [code]
    assert len(response.headers["x-request-id"]) == 32
    assert "3399" not in without_random_ids(logged, response.text)


async def test_an_operation_that_takes_too_long_is_ended() -> None:
    seen: list[Observation] = []
    async with client_of(build(seconds=0.05, observed=seen)) as hub:
        response = await post(hub, "{ slow }")
        plain = await post(hub, "{ slow }", "application/json")
    assert (response.status_code, plain.status_code) == (503, 200)
    assert codes(response) == codes(plain) == ["TIMEOUT"]
    assert "0.05 seconds" in response.json()["errors"][0]["message"]
    assert [(each.kind, each.outcome) for each in seen] == [("query", "timeout")] * 2


async def test_each_operation_is_observed() -> None:
    seen: list[Observation] = []
    async with client_of(build(observed=seen)) as hub:
        for query in ("{ echo }", "mutation { touch }", "{ away }", "{"):
            await post(hub, query)
    assert [(each.kind, each.outcome, each.statements) for each in seen] == [
        ("query", "ok", 3),
        ("mutation", "ok", 3),
        ("query", "errors", 3),
        ("unread", "refused", None),
    ]


async def test_a_context_with_a_close_method_is_always_closed() -> None:
    states: list[str] = []

    @asynccontextmanager
    async def opened() -> AsyncIterator[Context]:
        states.append("open")
        try:
            yield Context(statements=1)
        finally:
            states.append("closed")

    async def context(request: Request, viewer: Viewer) -> AbstractAsyncContextManager[Context]:
        return opened()

    endpoint = GraphQLEndpoint(
        SCHEMA, viewer, context, Quotas(RateLimiter(), FakeClientPolicies()), limits=Limits(seconds=0.05)
    )
    async with client_of(Starlette(routes=[Route("/graphql", endpoint)])) as hub:
        answers = [(await post(hub, query)).status_code for query in ("{ echo }", "{ slow }", "{ ech }")]
    assert answers == [200, 503, 400]
    assert states == ["open", "closed", "open", "closed"]


async def test_strawberry_does_not_read_the_document_again(
    hub: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("parse", "validate_document"):
        monkeypatch.setattr(f"strawberry.schema.schema.{name}", None)
    assert (await post(hub, "{ again: echo }")).json()["data"] == {"again": 1}
