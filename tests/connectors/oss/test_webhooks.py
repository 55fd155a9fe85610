"""Calls of OSS: what is verified before what, the contract's refusals, and the items of a document."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.connectors.oss.connector import Oss
from hub.connectors.oss.mapping import to_record
from hub.connectors.oss.settings import OssSettings
from hub.connectors.oss.tokens import token
from hub.connectors.oss.webhooks import WEBHOOKS, Calls
from tests.connectors.oss.signed_calls import DOCUMENT, NIB, SETTINGS, TODAY, call

CALLS = Calls(SETTINGS)


def test_a_document_becomes_its_business_and_permits() -> None:
    result = CALLS.receive(call())
    assert (result.status, result.refused) == (200, None)
    assert result.answer["responreceiveNIB"]["status"] == "1"
    assert [item["id"] for item in result.items] == [f"NIB-{NIB}", "I-1"]
    business, permit = map(to_record, result.items)
    assert (business.facts.kind, permit.facts.kind) == ("business", "permit")
    assert permit.facts.kbli == "64141"  # type: ignore[attr-defined]
    assert "Sri" not in json.dumps(result.items)


@pytest.mark.parametrize("webhook", WEBHOOKS)
def test_each_method_answers_in_its_own_wrapper(webhook: str) -> None:
    assert CALLS.receive(call(webhook=webhook)).answer.keys() == {f"respon{webhook}"}


@pytest.mark.parametrize("signed", ["", "secret", "f" * 39])
def test_a_header_that_is_no_token_is_refused_unread(signed: str) -> None:
    refused = CALLS.refuse_unread(call(signed=signed, body=b""))
    assert refused
    assert (refused.status, refused.answer["responreceiveNIB"]["status"], refused.refused) == (401, "2", "token")
    assert CALLS.refuse_unread(call(body=b"")) is None


@pytest.mark.parametrize(
    "signed",
    [
        "f" * 40,
        token(SETTINGS, NIB, TODAY.replace(day=1)),
        token(SETTINGS, "1234567890124", TODAY),
    ],
)
def test_a_token_of_another_day_or_number_is_refused(signed: str) -> None:
    result = CALLS.receive(call(signed=signed))
    assert (result.status, result.items, result.about) == (401, (), ())
    assert result.answer["responreceiveNIB"]["status"] == "2"
    assert signed not in str(result)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"null", b'{"dataNIB": []}', b'{"dataNIB": "x"}', b"\xff", b"[" * 100_000]
)
def test_a_body_without_a_document_is_refused_in_one_sentence(body: bytes) -> None:
    result = CALLS.receive(call(body=body))
    assert (result.status, result.items) == (400, ())
    assert result.answer["responreceiveNIB"] == {"status": "2", "keterangan": 'Isi harus JSON dengan objek "dataNIB".'}


@pytest.mark.parametrize("number", ["\ud800", "1234567890123\ud800", "\0"])
def test_a_number_that_is_no_text_is_refused(number: str) -> None:
    body = json.dumps({"dataNIB": {"nib": number, "npwp_perseroan": number}}).encode()
    for settings in (SETTINGS, SETTINGS.model_copy(update={"token_form": "npwp"})):
        result = Calls(settings).receive(call(body=body, signed="f" * 40))
        assert (result.status, result.answer["responreceiveNIB"]["status"]) == (401, "2")


@pytest.mark.parametrize("nib", ["123", "12345678901234", "123456789012x"])
def test_a_number_of_another_form_is_refused(nib: str) -> None:
    result = CALLS.receive(call(DOCUMENT | {"nib": nib}, signed=token(SETTINGS, nib, TODAY)))
    assert (result.status, result.answer["responreceiveNIB"]["keterangan"]) == (400, "nib harus 13 digit.")


@pytest.mark.parametrize(
    "odd",
    [
        {"data_proyek": None, "data_checklist": None},
        {"data_proyek": "x", "data_checklist": [None, 1, "x", {"id_izin": 5}]},
        {"data_checklist": {"id_izin": "I-1"}},
        {"data_proyek": [{"kbli": ["x"]}]},
        {"nama_perseroan": {"x": "y"}, "npwp_perseroan": 5},
    ],
)
def test_odd_shapes_inside_a_document_are_left_to_quarantine(odd: dict[str, Any]) -> None:
    assert CALLS.receive(call(DOCUMENT | odd)).refused is None


def test_issued_permits_of_a_new_document_are_looked_up() -> None:
    assert CALLS.receive(call()).about == ("I-1",)
    old = DOCUMENT | {"tgl_perubahan_nib": "2024-12-01 08:00:00"}
    assert CALLS.receive(call(old)).about == ()


@pytest.mark.parametrize("missing", ["username", "password"])
def test_webhooks_without_a_setting_name_it(missing: str) -> None:
    given = {name: getattr(SETTINGS, name) for name in ("username", "password") if name != missing}
    reason = Oss.webhook_disabled_reason(OssSettings(url="http://127.0.0.1:9", **given), "receiveNIB")
    assert reason
    assert reason.startswith(f"HUB_OSS_{missing.upper()} is not set")
    assert Oss.webhook_disabled_reason(SETTINGS, "receiveNIB") is None
