"""Verifies the calls of OSS and returns the items of their documents (contract oss#transport, oss#calls).

The token covers the number of the business, which stands in the body alone. So its form is checked before the body is
read, and its value before anything else of the body is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hub.connectors.oss import documents, variants
from hub.connectors.oss.fields import NIB, code, moment, text
from hub.connectors.oss.settings import OssSettings
from hub.connectors.oss.tokens import is_token_form, is_valid
from hub.contract import Raw, WebhookCall, WebhookResult
from hub.errors import BadRecord
from hub.http_client.response_body import Unreadable, json_of

WEBHOOKS = ("receiveNIB", "receiveNIBSTPW", "receiveNIBKKPR", "receiveNIBPSE")
"""The methods that bring a document of a business."""
BODY_LIMIT = 2_000_000
TOKEN = "Token"  # noqa: S105  (the name of a header)
RECENT = timedelta(days=1)
"""Of a document that changed within this time, the issued permits are looked up: it lacks their last day."""

_NOT_SIGNED = "Token tidak sesuai untuk NIB dan tanggal hari ini (Asia/Jakarta)."
_ACCEPTED = "Dokumen diterima."


class _Refused(Exception):
    """A document that is refused; ``sentence`` says what is wrong and what is allowed."""

    def __init__(self, sentence: str, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.sentence, self.reason, self.status = sentence, reason, status


class Calls:
    """The calls of OSS, verified with ``settings``."""

    def __init__(self, settings: OssSettings) -> None:
        self._settings = settings

    def refuse_unread(self, call: WebhookCall) -> WebhookResult | None:
        """Return the refusal of a call whose header cannot be a token."""
        if is_token_form(call.headers.get(TOKEN, "")):
            return None
        sentence = "Header Token wajib diisi dengan SHA-1 (40 digit heksadesimal)."
        return _refusal(call.webhook, _Refused(sentence, "token", 401))

    def receive(self, call: WebhookCall) -> WebhookResult:
        """Return the items of a document, or the contract's refusal."""
        try:
            document = self._verified(call)
            if not NIB.fullmatch(_text(document, "nib")):
                raise _Refused("nib harus 13 digit.", "nib")
        except _Refused as refused:
            return _refusal(call.webhook, refused)
        items = documents.split(document)
        _note_variants(items)
        return WebhookResult(
            answer=_answer(call.webhook, "1", _ACCEPTED), items=tuple(items), about=_to_look_up(items, call)
        )

    def _verified(self, call: WebhookCall) -> Mapping[str, Any]:
        document = _document(call.body)
        nib, npwp = _text(document, "nib"), _text(document, "npwp_perseroan")
        if not is_valid(call.headers.get(TOKEN, ""), self._settings, nib, npwp, call.now):
            raise _Refused(_NOT_SIGNED, "token", 401)
        return document


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        content = json_of(body)
    except Unreadable:
        content = None
    document = content.get("dataNIB") if isinstance(content, dict) else None
    if not isinstance(document, dict):
        raise _Refused('Isi harus JSON dengan objek "dataNIB".', "body")
    return document


def _to_look_up(items: list[Raw], call: WebhookCall) -> tuple[str, ...]:
    """Return the ids of the issued permits of a document that changed lately."""
    found = []
    for item in items:
        permit = item.get("izin", {})
        try:
            if text(permit, "no_izin") and call.now - moment(permit, "tgl_perubahan_nib") < RECENT:
                found.append(item["id"])
        except BadRecord:
            continue  # Its item is quarantined.
    return tuple(found)


def _note_variants(items: list[Raw]) -> None:
    try:
        if any(len(code(each, "kbli")) == 7 for each in items[0]["usaha"]["proyek"]):
            variants.note("kbli: 7 digits")
    except BadRecord:
        return


def _refusal(webhook: str, refused: _Refused) -> WebhookResult:
    answer = _answer(webhook, "2", refused.sentence)
    return WebhookResult(answer=answer, status=refused.status, refused=refused.reason)


def _answer(webhook: str, status: str, sentence: str) -> Raw:
    return {f"respon{webhook}": {"status": status, "keterangan": sentence}}


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value.strip() if isinstance(value, str) else ""
