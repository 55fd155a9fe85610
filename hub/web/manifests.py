"""Reads the files that client tools write of a front-end's operations, so that they can be registered.

Apollo's ``generate-persisted-query-manifest`` writes ``{"format": "apollo-persisted-query-manifest",
"operations": [{"id", "name", "type", "body"}]}``; the client preset of ``@graphql-codegen`` writes
``{"<hash>": "<text>"}``. In both, each id has to be the SHA-256 of its text: a client sends the ids
it has, so another one could never be found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from graphql import GraphQLSyntaxError, parse

from hub.errors import HubError
from hub.store.access.documents import document_id

APOLLO = "apollo-persisted-query-manifest"


class BadManifest(HubError):
    """The file cannot be registered; the message says which operation is wrong and how to mend it."""


def read(told: bytes) -> list[str]:
    """The texts of a manifest, each once, in its order; ``BadManifest`` when one of them is wrong."""
    try:
        given = orjson.loads(told)
    except orjson.JSONDecodeError as error:
        raise BadManifest(f"The manifest is not JSON ({error}).") from None
    texts: dict[str, None] = {}
    for name, text in _operations(given):
        _check(name, text)
        texts[text] = None
    if not texts:
        raise BadManifest("The manifest has no operation.")
    return list(texts)


def _operations(given: Any) -> Iterator[tuple[str, str]]:
    """(id, text) of each operation."""
    if not isinstance(given, dict):
        raise BadManifest("The manifest is no JSON object.")
    if "format" not in given:
        yield from given.items()
        return
    if given["format"] != APOLLO or given.get("version", 1) != 1:
        raise BadManifest(f"The manifest's format is not {APOLLO}, version 1.")
    operations = given.get("operations")
    if not isinstance(operations, list):
        raise BadManifest("The manifest's operations are no list.")
    for each in operations:
        if not isinstance(each, dict):
            raise BadManifest("An operation of the manifest is no object.")
        yield each.get("id", ""), each.get("body", "")


def _check(name: Any, text: Any) -> None:
    if not isinstance(name, str) or not isinstance(text, str) or not text.strip():
        raise BadManifest(f"The operation {str(name)[:80]!r} has no id or no text.")
    if document_id(text) != f"sha256:{name.removeprefix('sha256:').lower()}":
        raise BadManifest(
            f"The id {name[:80]!r} is not the SHA-256 of its text: with @graphql-codegen, set hashAlgorithm of"
            ' persistedDocuments to "sha256"; with Apollo, leave createOperationId as it is.'
        )
    try:
        parse(text)
    except GraphQLSyntaxError as error:
        raise BadManifest(f"The operation {name[:80]!r} cannot be read: {error.message}") from None
