"""``GET /files/{sha256}`` through the real app: headers and caching."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256

import httpx
import pytest

from hub.app import build
from hub.complaints.attachments import MAX_BYTES
from hub.contract import Raw, SystemDeclaration
from hub.store.queries import files
from tests.fake_connector import FakeSettings
from tests.fake_file_server import JPEG, PDF, FileConnector, file_hub, report_with_files
from tests.schema.harness import TOKEN, Stage, opened
from tests.serving import serve

LARGE = PDF + bytes(range(256)) * ((MAX_BYTES - len(PDF)) // 256)


@dataclass
class Place:
    """A hub behind a real port, with a report and its files."""

    stage: Stage
    client: httpx.AsyncClient

    async def get(self, content: bytes | str, method: str = "GET", **headers: str) -> httpx.Response:
        name = content if isinstance(content, str) else sha256(content).hexdigest()
        sent = {"authorization": f"Bearer {TOKEN}"} | {key.replace("_", "-"): value for key, value in headers.items()}
        return await self.client.request(method, f"/files/{name}", headers=sent)


ITEM: Raw = report_with_files(
    "1", {"a/1": ('Jalan "rusak" – 1.html', "picture"), "a/2": ("surat\r\nSet-Cookie: a.pdf", "letter")}
)


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (FileConnector.declaration(FakeSettings()),)


@pytest.fixture
async def place(database_url: str) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(opened(database_url))
        hub = await stack.enter_async_context(file_hub(stage.database, {"picture": JPEG, "letter": LARGE}))
        await hub.pull(ITEM)
        app = build(stage.settings)
        await stack.enter_async_context(app.router.lifespan_context(app))
        url = await stack.enter_async_context(serve(app))
        yield Place(stage, await stack.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False)))


async def test_a_file_is_downloaded_under_a_safe_name_and_never_run(place: Place) -> None:
    answer = await place.get(JPEG)
    assert (answer.status_code, answer.content) == (200, JPEG)
    headers = {
        name: answer.headers[name]
        for name in (
            "content-type",
            "content-length",
            "content-disposition",
            "x-content-type-options",
            "cache-control",
            "etag",
            "cross-origin-resource-policy",
        )
    }
    assert headers == {
        "content-type": "image/jpeg",
        "content-length": str(len(JPEG)),
        "content-disposition": "attachment; filename*=UTF-8''Jalan%20rusak%20%E2%80%93%201.html.jpg",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-cache",
        "etag": f'"{sha256(JPEG).hexdigest()}"',
        "cross-origin-resource-policy": "same-origin",
    }
    policy = {each.strip() for each in answer.headers["content-security-policy"].split(";")}
    assert {"sandbox", "default-src 'none'"} <= policy


async def test_a_name_cannot_add_a_header(place: Place) -> None:
    answer = await place.get(LARGE)
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''suratSet-Cookie%20a.pdf"


async def test_a_large_file_comes_whole_in_slices(place: Place) -> None:
    answer = await place.get(LARGE)
    assert answer.headers["content-type"] == "application/pdf"
    assert len(answer.content) == len(LARGE) > 30 * files.SLICE
    assert answer.content == LARGE


async def test_a_cached_file_is_not_sent_again_while_still_visible(place: Place) -> None:
    tag = (await place.get(JPEG)).headers["etag"]
    for tags in (tag, f"W/{tag}", f'"other", {tag}'):
        answer = await place.get(JPEG, if_none_match=tags)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await place.get(JPEG, if_none_match='"other"')).status_code == 200
    await place.stage.run("update records set gone_at = now()")
    assert (await place.get(JPEG, if_none_match=tag)).status_code == 404


async def test_head_returns_the_same_headers_without_the_file(place: Place) -> None:
    got, head = await place.get(JPEG), await place.get(JPEG, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize("name", ["0" * 64, "0" * 63, "A" * 64, "..%2f..%2fetc%2fpasswd", "%00", "é"])
async def test_what_is_not_there_is_not_found(place: Place, name: str) -> None:
    answer = await place.get(name)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")


async def test_a_token_is_needed_and_must_be_good(place: Place) -> None:
    for headers in ({"authorization": ""}, {"authorization": "Bearer no-such-token"}):
        answer = await place.get(JPEG, **headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_only_reading_is_allowed(place: Place) -> None:
    answer = await place.get(JPEG, "DELETE")
    assert answer.status_code == 405


async def test_a_file_is_readable_by_a_front_end_of_the_client_only(place: Place) -> None:
    own = await place.get(JPEG, origin="http://localhost:5173")
    assert own.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "content-disposition" in own.headers["access-control-expose-headers"].lower()
    other = await place.get(JPEG, origin="https://elsewhere.example")
    assert "access-control-allow-origin" not in other.headers


async def test_who_gets_a_file_of_a_secret_report_is_recorded(place: Place) -> None:
    assert (await place.get(JPEG)).status_code == 200
    trail = "select action, subject, actor, network is not null from audit_events"
    assert await place.stage.rows(trail) == []
    await place.stage.run("update records set secret = true")
    assert (await place.get(JPEG)).status_code == 200
    assert await place.stage.rows(trail) == [("secret:read", "fake:1", "demo-officer", True)]
