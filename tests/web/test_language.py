"""The hub's errors are in the reader's language; codes and GraphQL's own messages are not translated."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hub.errors import Forbidden, PurposeRequired
from hub.messages import Bilingual, in_language, message_of
from tests.api.graph_app import build, client_of

OURS: dict[str, tuple[dict[str, Any], str]] = {
    "a scope": ({"query": "{complaints {edges {node {agency {head {phone}}}}}}"}, "FORBIDDEN"),
    "a system that is away": ({"query": "{away}"}, "TRY_LATER"),
    "a fault": ({"query": "{broken}"}, "INTERNAL"),
    "a page": ({"query": "{complaints(first: 101) {edges {node {id}}}}"}, "PAGE_TOO_LARGE"),
    "cost": ({"query": "{complaints(first: 100) {edges {node {id}}}}"}, "QUERY_TOO_COMPLEX"),
    "aliases": ({"query": "{a: echo b: echo c: echo}"}, "TOO_MANY_ALIASES"),
    "depth": ({"query": "{complaints {edges {node {agency {head {name}}}}}}"}, "QUERY_TOO_DEEP"),
    "length": ({"query": "{echo}" + " " * 300}, "DOCUMENT_TOO_LONG"),
    "a variable": ({"query": "query($n: Int!) {echo(times: $n)}", "variables": {"n": "x"}}, "BAD_INPUT"),
    "a missing variable": ({"query": "query($n: Int!) {echo(times: $n)}"}, "BAD_INPUT"),
    "an operation": ({"query": "{echo}", "operationName": "Other"}, "OPERATION_RESOLUTION_FAILURE"),
    "a body": ({"query": 1}, "BAD_REQUEST"),
}
LIMITS: dict[str, dict[str, float]] = {
    "cost": {"cost": 10},
    "aliases": {"aliases": 2},
    "depth": {"depth": 3},
    "length": {"characters": 200},
}
LIBRARYS = {"GRAPHQL_PARSE_FAILED": "{", "GRAPHQL_VALIDATION_FAILED": "{nothing}"}


async def codes_and_messages(body: dict[str, Any], language: str | None, **limits: Any) -> tuple[set[str], str]:
    """Return the codes and the message of the errors."""
    headers = {"accept-language": language} if language else {}
    async with client_of(build(**limits)) as hub:
        if language is None:
            del hub.headers["accept-language"]
        response = await hub.post("/graphql", json=body, headers=headers)
    errors = response.json()["errors"]
    (code,) = {error["extensions"]["code"] for error in errors}
    return {error["message"] for error in errors}, code


@pytest.mark.parametrize("name", OURS)
async def test_an_error_of_the_hub_is_in_the_requested_language(name: str) -> None:
    body, code = OURS[name]
    english = await codes_and_messages(body, "en-GB, id;q=0.5", **LIMITS.get(name, {}))
    indonesian = await codes_and_messages(body, "id", **LIMITS.get(name, {}))
    assert english[1] == indonesian[1] == code
    assert english[0].isdisjoint(indonesian[0])
    assert all(message.isascii() and message for message in english[0] | indonesian[0])
    assert await codes_and_messages(body, None, **LIMITS.get(name, {})) == indonesian


@pytest.mark.parametrize("code", LIBRARYS)
async def test_the_graphql_librarys_messages_stay_english(code: str) -> None:
    english = await codes_and_messages({"query": LIBRARYS[code]}, "en")
    assert english == await codes_and_messages({"query": LIBRARYS[code]}, "id")
    assert english[1] == code


async def test_http_errors_are_in_the_readers_language_too(hub: httpx.AsyncClient) -> None:
    limited = [
        await hub.post("/graphql", content=b"x" * 100_001, headers={"accept-language": each}) for each in LANGUAGES
    ]
    (indonesian,), (english,) = (response.json()["errors"] for response in limited)
    assert "Isi permintaan" in indonesian["message"]
    assert "A body may have" in english["message"]
    assert indonesian["extensions"] == english["extensions"]
    assert "Accept-Language" in (await hub.post("/graphql", json={"query": "{echo}"})).headers["vary"]


LANGUAGES = ("id", "en")


def test_logs_and_plain_text_use_the_english_message() -> None:
    message = Bilingual("Send it again.", "Kirim lagi.")
    assert (str(message), f"{message}", message.upper()) == ("Send it again.", "Send it again.", "SEND IT AGAIN.")
    assert [in_language(message, each) for each in LANGUAGES] == ["Kirim lagi.", "Send it again."]
    assert in_language("Only English.", "id") == "Only English."
    for error in (Forbidden("a:b"), PurposeRequired("a:b", ["audit"])):
        assert str(error) == message_of(error) != in_language(message_of(error), "id")
