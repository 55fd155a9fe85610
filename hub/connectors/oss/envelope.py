"""Reads the answers of OSS in every form of its document: wrappers and types (contract oss#variants)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from hub.connectors.oss import variants
from hub.errors import ConfigurationError, ContractBroken
from hub.http_client.response_body import Unreadable, json_of

_WRAPPER = re.compile(r"respons?e?(\w+)", re.ASCII)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """The content of an answer: ``code`` is from list 9, ``explanation`` a sentence of OSS."""

    code: str
    explanation: str
    payload: Mapping[str, Any]

    def section(self, name: str) -> Mapping[str, Any] | None:
        """Return an object of the payload; None if there is none."""
        value = self.payload.get(name)
        return value if isinstance(value, dict) and value else None


def read(response: httpx.Response, method: str) -> Answer:
    """Return the content of an answer.

    Raise ``ContractBroken`` if it has no wrapper or no code, and ``ConfigurationError`` for a refused key.
    """
    if response.status_code in {401, 403}:
        raise ConfigurationError(f"OSS refuses HUB_OSS_USER_KEY or this address (HTTP {response.status_code})")
    body = _object(response, method)
    content = _content(body, method)
    _note_meta(body, content)
    code = content.get("kode")
    if isinstance(code, str):
        variants.note("kode: text")
    if isinstance(code, bool) or not isinstance(code, str | int) or not str(code).strip().isdigit():
        raise ContractBroken(f"the answer to {method} has no kode")
    explanation = content.get("keterangan")
    return Answer(str(code).strip(), explanation[:_LONGEST] if isinstance(explanation, str) else "", content)


def _object(response: httpx.Response, method: str) -> Mapping[str, Any]:
    try:
        body = json_of(response.content)
    except Unreadable as error:
        raise ContractBroken(f"the answer to {method} {error}") from None
    if not isinstance(body, dict):
        raise ContractBroken(f"the answer to {method} is no object")
    return body


def _content(body: Mapping[str, Any], method: str) -> Mapping[str, Any]:
    declared = body.get(f"respon{method}")
    if isinstance(declared, dict):
        return declared
    for name, value in body.items():
        if isinstance(value, dict) and _WRAPPER.fullmatch(name):
            variants.note(f"wrapper: {name[:60]}")
            return value
    if "kode" in body:
        variants.note("wrapper: none")
        return body
    raise ContractBroken(f"the answer to {method} has no wrapper that the contract names")


def _note_meta(body: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    if isinstance(body.get("meta", content.get("meta")), list):
        variants.note("meta: array")
