"""Files of reports: what the graph shows of them, and who may download them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from hashlib import sha256

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route

from hub.api.authentication import EndpointAuth
from hub.api.exception_handlers import http_error
from hub.api.files import FileEndpoint
from hub.api.graphql.quotas import Quotas
from hub.schema.reports import CentralReport
from hub.store.database import Cause, record_statements
from hub.store.ingest import file_downloads
from hub.store.ingest.file_downloads import DueFile
from hub.store.queries import files as stored
from hub.viewer import Viewer
from hub.web.middleware import RequestContextMiddleware
from hub.web.rate_limits import RateLimiter
from hub.web.throttling import EXCEPTION_HANDLERS
from tests.api.graph_app import FakeClientPolicies
from tests.fake_connector import report
from tests.fake_file_server import JPEG
from tests.schema.harness import OFFICER, WORKER, Stage
from tests.schema.visibility_cases import VIEWERS

CAUSE = Cause("test", "test", "run-1")
FILES = "files {name state error mediaType size sha256 url}"
CASES = {
    "open": report("open"),
    "secret": report("secret", secret=True),
    "of another agency": report("of another agency", secret=True, agency="DINKES"),
    "gone": report("gone"),
}
"""Each case has a file of its own and one that all share."""

NOBODY: set[str] = set()
OPEN = {"open"}
SEEN: Mapping[str, set[str]] = {
    "partner": OPEN,
    "partner of nothing": OPEN,
    "partner without scopes": NOBODY,
    "partner with every scope": OPEN,
    "clerk": OPEN,
    "officer": {"open", "secret", "of another agency"},
    "officer without scopes": NOBODY,
    "agency": {"open", "secret"},
    "agency clerk": OPEN,
    "another agency": {"open", "of another agency"},
    "citizen": NOBODY,
    "another citizen": NOBODY,
    "citizen with every scope": OPEN,
    "citizen without scopes": NOBODY,
    "holder": NOBODY,
    "worker": {"open", "secret", "of another agency"},
}
"""The cases whose files each viewer gets; without a token there are none."""


def content(case: str) -> bytes:
    return JPEG + case.encode()


async def point(stage: Stage, case: str, source: str, name: str, content: bytes | None) -> None:
    """Add a file to a report; ``content`` is None if it is not downloaded."""
    file = DueFile("report", case, source, name, 0)
    async with stage.database.write(CAUSE) as db:
        await file_downloads.add(db, "fake", {file.key: {source: name}})
        if content is not None:
            await file_downloads.store(db, "fake", file, name, "image/jpeg", content)


@pytest.fixture(scope="module")
async def filed(shared: Stage) -> Stage:
    """A hub with the cases."""
    await shared.records(*CASES.values())
    for case in CASES:
        await point(shared, case, "followups/1/0", f"{case}.jpg", content(case))
        await point(shared, case, "followups/1/1", f"{case}, as all.jpg", content("all"))
    await shared.run("update records set gone_at = now() where external_id = 'gone'")
    return shared


@pytest.fixture
async def address(filed: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """Return the endpoint for the viewer that the header ``x-as`` names."""

    async def viewer(request: Request) -> Viewer:
        return VIEWERS[request.headers["x-as"]]

    endpoint = FileEndpoint(
        EndpointAuth(viewer, Quotas(RateLimiter(), FakeClientPolicies()), "https://hub.example"), filed.database
    )
    app = Starlette(
        routes=[Route("/files/{sha256}", endpoint.get)],
        middleware=[Middleware(RequestContextMiddleware)],
        exception_handlers={HTTPException: http_error, **EXCEPTION_HANDLERS},
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        yield client


def test_every_viewer_has_its_line() -> None:
    assert SEEN.keys() == VIEWERS.keys() - {"anonymous"}


@pytest.mark.parametrize("name", SEEN)
async def test_a_file_is_for_viewers_of_a_record_that_references_it(
    filed: Stage, address: httpx.AsyncClient, name: str
) -> None:
    for case in CASES:
        answer = await address.get(f"/files/{sha256(content(case)).hexdigest()}", headers={"x-as": name})
        assert answer.status_code == (200 if case in SEEN[name] else 404), case
        assert (answer.content == content(case)) is (case in SEEN[name])
        query = f"query($id: ID!) {{node(id: $id) {{... on CentralReport {{{FILES}}}}}}}"
        node = (await filed.got(VIEWERS[name], query, id=CentralReport.id_of(("fake", case))))["node"]
        names = [file["name"] for file in node["files"]] if node else None
        assert names == ([f"{case}.jpg", f"{case}, as all.jpg"] if case in SEEN[name] else None)


@pytest.mark.parametrize("name", SEEN)
async def test_a_shared_file_has_the_name_of_a_record_the_viewer_sees(
    filed: Stage, address: httpx.AsyncClient, name: str
) -> None:
    answer = await address.get(f"/files/{sha256(content('all')).hexdigest()}", headers={"x-as": name})
    assert answer.status_code == (200 if SEEN[name] else 404)
    if SEEN[name]:
        assert any(
            answer.headers["content-disposition"].endswith(f"{case.replace(' ', '%20')}%2C%20as%20all.jpg")
            for case in SEEN[name]
        )


async def test_without_a_token_there_is_nothing(filed: Stage, address: httpx.AsyncClient) -> None:
    answer = await address.get(f"/files/{sha256(content('open')).hexdigest()}", headers={"x-as": "anonymous"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_stub_of_a_report_opens_no_file(filed: Stage) -> None:
    query = "query($r: [_Any!]!) {_entities(representations: $r) {... on CentralReport {files {name}}}}"
    representations = [{"__typename": "CentralReport", "id": CentralReport.id_of(("fake", case))} for case in CASES]
    found = (await filed.got(VIEWERS["clerk"], query, r=representations))["_entities"]
    assert [bool(each and each["files"]) for each in found] == [case in OPEN for case in CASES]


@pytest.mark.parametrize("name", SEEN)
async def test_the_store_returns_no_file_of_an_invisible_report(filed: Stage, name: str) -> None:
    async with filed.database.read() as db:
        found = await stored.list_for_reports(db, VIEWERS[name], [("fake", case) for case in CASES])
    assert {case for _, case in found} == SEEN[name]


async def test_a_file_shows_its_state_and_the_reason(stage: Stage) -> None:
    await stage.records(report("1"))
    await point(stage, "1", "followups/10/0", "last.jpg", None)
    for source, name, again in (("followups/9/0", "dead.jpg", None), ("followups/7/0", "late.jpg", timedelta(hours=1))):
        await point(stage, "1", source, name, None)
        async with stage.database.write(CAUSE) as db:
            await file_downloads.record_failure(
                db, "fake", DueFile("report", "1", source, name, 0), "its address has died", again
            )
    await point(stage, "1", "followups/8/0", "here.jpg", JPEG)
    node = (await stage.got(OFFICER, f"{{centralReports(first: 1) {{edges {{node {{{FILES}}}}}}}}}"))["centralReports"]
    nothing = {"mediaType": None, "size": None, "sha256": None, "url": None}
    digest = sha256(JPEG).hexdigest()
    here = {"mediaType": "image/jpeg", "size": len(JPEG), "sha256": digest, "url": f"/files/{digest}"}
    assert node["edges"][0]["node"]["files"] == [
        {"name": "late.jpg", "state": "WAITING", "error": "its address has died", **nothing},
        {"name": "here.jpg", "state": "STORED", "error": None, **here},
        {"name": "dead.jpg", "state": "MISSING", "error": "its address has died", **nothing},
        {"name": "last.jpg", "state": "WAITING", "error": None, **nothing},
    ]


async def test_files_of_many_reports_are_one_statement(filed: Stage) -> None:
    with record_statements() as few:
        await filed.got(WORKER, f"{{centralReports(first: 1) {{edges {{node {{{FILES}}}}}}}}}")
    with record_statements() as many:
        await filed.got(WORKER, f"{{centralReports(first: 9) {{edges {{node {{{FILES}}}}}}}}}")
    assert len(few) == len(many)
