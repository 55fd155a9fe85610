"""Answers of OSS in every form of its document; each that differs is counted."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from hub.connectors.oss import variants
from hub.connectors.oss.envelope import read
from hub.connectors.oss.sandbox.envelopes import FORMS, Form
from hub.errors import ConfigurationError, ContractBroken

METHOD = "checkLicenseStatus"


def answered(body: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(body).encode())


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_each_form_is_read_alike(form: Form) -> None:
    answer = read(answered(form.body(METHOD, 200, "Sukses", {"dataIZIN": {"kd_status": "50"}})), METHOD)
    assert (answer.code, answer.explanation, answer.section("dataIZIN")) == ("200", "Sukses", {"kd_status": "50"})


def test_each_form_that_differs_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "SEEN", type(variants.SEEN)())
    for form in FORMS:
        read(answered(form.body(METHOD, 200, "", {})), METHOD)
    assert dict(variants.SEEN) == {
        "kode: text": 6,
        "meta: array": 6,
        "wrapper: responcheckStatusLicense": 4,
        "wrapper: responsecheckStatusLicense": 4,
    }


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"dataIZIN": {}},
        {f"respon{METHOD}": {}},
        {f"respon{METHOD}": {"kode": None}},
        {f"respon{METHOD}": {"kode": True}},
        {f"respon{METHOD}": {"kode": "baik"}},
        {"meta": {"kode": 200}},
    ],
)
def test_an_answer_without_wrapper_or_code_breaks_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        read(answered(body), METHOD)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_its_setting(status: int) -> None:
    with pytest.raises(ConfigurationError, match="HUB_OSS_USER_KEY"):
        read(answered({"message": "no"}, status), METHOD)


def test_names_from_answers_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "SEEN", type(variants.SEEN)())
    for number in range(variants.MAX_FORMS + 50):
        variants.note(f"wrapper: {number}")
    assert len(variants.SEEN) == variants.MAX_FORMS + 1
    assert variants.SEEN["other"] == 50
