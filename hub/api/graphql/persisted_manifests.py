"""Reads manifests of persisted operations, as build tools of front-ends write them.

Apollo's ``generate-persisted-query-manifest`` writes ``{"format": "apollo-persisted-query-manifest",
"operations": [{"id", "name", "type", "body"}]}``; the client preset of ``@graphql-codegen`` writes
``{"<hash>": "<text>"}``. In both, each id must be the SHA-256 of its text, because
the hub stores operations under that id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from graphql import GraphQLSyntaxError, parse

from hub.errors import HubError
from hub.store.oauth.persisted_operations import document_id

APOLLO = "apollo-persisted-query-manifest"


class BadManifest(HubError):
    """The manifest is invalid; the message names the operation and the correction."""


def read(content: bytes) -> list[str]:
    """Return the distinct texts of a manifest in order; raises ``BadManifest``."""
    try:
        manifest = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadManifest(f"The manifest is not JSON ({error}).") from None
    texts: dict[str, None] = {}
    for name, text in _operations(manifest):
        _check(name, text)
        texts[text] = None
    if not texts:
        raise BadManifest("The manifest has no operation.")
    return list(texts)


def _operations(manifest: Any) -> Iterator[tuple[str, str]]:
    """Yield (id, text) of each operation."""
    if not isinstance(manifest, dict):
        raise BadManifest("The manifest is not a JSON object.")
    if "format" not in manifest:
        yield from manifest.items()
        return
    if manifest["format"] != APOLLO or manifest.get("version", 1) != 1:
        raise BadManifest(f"The manifest's format is not {APOLLO}, version 1.")
    operations = manifest.get("operations")
    if not isinstance(operations, list):
        raise BadManifest("The manifest's operations are not a list.")
    for each in operations:
        if not isinstance(each, dict):
            raise BadManifest("An operation of the manifest is not an object.")
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
