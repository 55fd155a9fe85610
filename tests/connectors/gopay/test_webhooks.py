"""Notifications are accepted if they are signed, and refused with the contract's responses otherwise."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hub.connectors.gopay.connector import Gopay
from hub.connectors.gopay.settings import GopaySettings
from hub.connectors.gopay.signing import is_notification_signature, minified
from hub.connectors.gopay.webhooks import classic_signature, is_classic_signature
from hub.errors import BadSetting
from tests.connectors.gopay.signed_notifications import (
    AT,
    CLASSIC,
    DEBIT,
    NOW,
    QR,
    SERVER_KEY,
    Provider,
    classic,
    debit,
    provider,
)

# `openssl dgst -sha256 -sign` over the string of contract gopay#notifications, its hash by `openssl dgst -sha256`.
PUBLIC_KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAzfrKCRKQnNAbXij2k1J4
e9LZ1J+7xMzLXke/NZRFmhteoL6a0hqcaMJGNICe0aM4DH7Ee9SVepakyDxePAnx
Fm8uIhd7vRkyrwxf/VkjbWJgU5GCfdXtnR8ypRDHJfVXEe4e++19Hs3EUZg09JHx
Hj/l0Xdcpsh9OYap1qoQLTcrTRsU+5OaLtzqZBOkq42lClvzAi/QgzFr7KdRQSA5
QoWXq3meJaeN+iIK93B8Y39mhmBVTCf7gFdD4+CWewN4UgxHDfS080vhnmwDUs5Q
Mq9AYQ4SHHC+gnI5KMiI2+WAcoCHgqrOSfB7UimyN5bCB2kF5RFPJJsgBnPS1BFd
gwIDAQAB
-----END PUBLIC KEY-----
"""
SPACED = (
    b'{ "originalReferenceNo": "A12603020001", "latestTransactionStatus": "00", '
    b'"amount": {"value": "4000.00", "currency": "IDR"} }'
)
OVER_SPACED = (
    "TwTClXLA3vfD708DVvPDrvqMZRNpuYz81WTQyxlVnwKQZ5k/ILrXAueVSIjspCzDOoiK4u4obPOCBP/7jowpTWWEaxqqqBzg6pHqpbJ0FkMbQ5Cu"
    "IhK61WIcDckMmABT3oSu7clV8p2D0KWkm8l9+vJ32YFZ6zUrjDtyb25r8b2ifZItIO2PxZ1b85vRTk969wcvsVXnxRE+UoshMKduRmj6VNJj90Pl"
    "QbgpH7ki1yd4sAVFeBvUDbyQphtdOkZ20cL9AkrFmml310XOeajngjPApVfEQ7N7FBIatyJi3J4pJdzBDGUGMp6EGWLp1kg2JFG2boveXY+54kFq"
    "iXiGQg=="
)
OVER_MINIFIED = (
    "KsD1hEv27tCfOxAaZCbvDbiH+nSsVEOMuympWi2mH9ZeLX8kyOL0qjL9+wY+KytTFFfR+l6vNFvuq+5Uegp8pVzvMjOSd/2iofS3wHwyzczYc8G5"
    "4V4MW6Nk5Q8SZLmGk4OmCpN2FAlwTJWfogD7JaYarxGSZenzyAIIhjSm7N38dbfkWoPpk+dzcDEIAnFoL/U4HRWh07u97oHIkWiKWRmN5/o38YCd"
    "YiAgk20AAojqU2U/0x+V4AWkVTZDgTbPOhyyC+vtYzwqMl1ROBE2A2LiYQ4FBYe763B+7hvXc4yjzzXn8kSnVD8pbSfMIF6kjk60P246CasxVS9t"
    "mn26Og=="
)
# A vector for contract gopay#classic-notification, and the output of `openssl dgst -sha512`.
SIGNATURE_KEY = (
    "e12e299b230f1e35cef7889fe59d8835c2b8e73a0ba56f215671db35c94f641a"
    "8e51bbff9874689be7fb2ce3a1eed1a4910fa19876d4bd0df188506899fec133"
)


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    return provider(tmp_path_factory.mktemp("provider"))


def vector(signature: str, body: bytes, endpoint: str = f"/hooks/gopay/{DEBIT}", at: str = AT) -> bool:
    key: Any = load_pem_public_key(PUBLIC_KEY)
    return is_notification_signature(signature, key, "POST", endpoint, body, at)


@pytest.mark.parametrize(
    ("signature", "body"),
    [(OVER_SPACED, SPACED), (OVER_MINIFIED, SPACED), (OVER_MINIFIED, minified(SPACED))],
    ids=["raw", "minified-by-the-sender-before-signing", "sent-minified"],
)
def test_openssl_signatures_verify_for_raw_and_minified_bytes(signature: str, body: bytes) -> None:
    assert vector(signature, body)


def test_a_changed_byte_path_or_time_invalidates_a_signature() -> None:
    for place in range(len(SPACED)):
        tampered = SPACED[:place] + bytes([SPACED[place] ^ 1]) + SPACED[place + 1 :]
        assert not vector(OVER_SPACED, tampered), place
    assert not vector(OVER_SPACED, minified(SPACED))
    assert not vector(OVER_SPACED, SPACED, "/v1.0/debit/notify")
    assert not vector(OVER_SPACED, SPACED, f"/hooks/gopay/{DEBIT}?")
    assert not vector(OVER_SPACED, SPACED, at="2026-03-02T06:41:14+07:00")
    for signature in ("", "no base64", "é", OVER_SPACED[:-4], OVER_SPACED.lower(), OVER_SPACED + "\n"):
        assert not vector(signature, SPACED)


@pytest.mark.parametrize(("hook", "service"), [(DEBIT, "56"), (QR, "52")])
def test_a_signed_notification_gets_the_contracts_success(sender: Provider, hook: str, service: str) -> None:
    result = sender.notification(debit(), hook)
    assert (result.status, result.refused) == (200, None)
    assert result.answer == {"responseCode": f"200{service}00", "responseMessage": "Successful"}
    assert [item["originalReferenceNo"] for item in result.items] == ["A1"]


def test_payer_and_undeclared_fields_are_not_kept(sender: Provider) -> None:
    result = sender.notification(debit())
    assert "Uji" not in str(result.items)
    assert "transactionStatusDesc" not in result.items[0]


@pytest.mark.parametrize(("hook", "code"), [(DEBIT, "4015600"), (QR, "4015200")])
def test_an_unsigned_call_is_refused_before_anything_is_parsed(sender: Provider, hook: str, code: str) -> None:
    signed = sender.headers(orjson.dumps(debit()), hook)
    for body, headers, now in (
        (b"no JSON", signed, NOW),
        (b"{}", signed, NOW),
        (orjson.dumps(debit()), sender.headers(b"{}", hook), NOW + timedelta(days=1)),
        (orjson.dumps(debit()), sender.headers(b"", hook, X_PARTNER_ID="OTHER", CHANNEL_ID=None), NOW),
        (orjson.dumps(debit()), {**signed, "X-SIGNATURE": ""}, NOW),
        (orjson.dumps(debit()), {name: value for name, value in signed.items() if name != "X-TIMESTAMP"}, NOW),
        (orjson.dumps(debit()), {}, NOW),
    ):
        value = sender.notification(body, hook, headers=headers, now=now)
        assert (value.status, value.items) == (401, ())
        assert value.answer == {"responseCode": code, "responseMessage": "Unauthorized. [Signature]"}


def test_a_signature_for_one_hook_is_none_for_another(sender: Provider) -> None:
    body = orjson.dumps(debit())
    assert sender.notification(body, QR, headers=sender.headers(body, DEBIT)).answer["responseCode"] == "4015200"


@pytest.mark.parametrize("seconds", [121, -121, 86_400])
def test_a_call_of_another_time_is_refused(sender: Provider, seconds: int) -> None:
    result = sender.notification(debit(), now=NOW + timedelta(seconds=seconds))
    assert result.status == 401
    assert result.answer == {"responseCode": "4015600", "responseMessage": "Unauthorized. [X-TIMESTAMP]"}
    assert sender.notification(debit(), now=NOW + timedelta(seconds=119)).status == 200


@pytest.mark.parametrize(
    ("headers", "status", "code", "message"),
    [
        ({"X_PARTNER_ID": None}, 400, "4005602", "Invalid Mandatory Field X-PARTNER-ID"),
        ({"X_EXTERNAL_ID": None}, 400, "4005602", "Invalid Mandatory Field X-EXTERNAL-ID"),
        ({"CHANNEL_ID": None}, 400, "4005602", "Invalid Mandatory Field CHANNEL-ID"),
        ({"X_EXTERNAL_ID": "1" * 37}, 400, "4005601", "Invalid Field Format X-EXTERNAL-ID"),
        ({"CHANNEL_ID": "9522-1"}, 400, "4005601", "Invalid Field Format CHANNEL-ID"),
        ({"X_PARTNER_ID": "OTHER"}, 404, "4045616", "Partner Not Found"),
        ({"at": "02-03-2026 06:41:13"}, 400, "4005601", "Invalid Field Format X-TIMESTAMP"),
        ({"at": "2026-03-02T06:41:13"}, 400, "4005601", "Invalid Field Format X-TIMESTAMP"),
    ],
)
def test_signed_calls_with_headers_that_are_missing_or_wrong(
    sender: Provider, headers: dict[str, Any], status: int, code: str, message: str
) -> None:
    body = orjson.dumps(debit())
    result = sender.notification(body, headers=sender.headers(body, **headers))
    assert (result.status, result.items, result.refused) == (status, (), message)
    assert result.answer == {"responseCode": code, "responseMessage": message}


@pytest.mark.parametrize(
    ("over", "code", "field"),
    [
        ({"originalReferenceNo": None}, "02", "originalReferenceNo"),
        ({"originalReferenceNo": ""}, "02", "originalReferenceNo"),
        ({"originalReferenceNo": 12}, "01", "originalReferenceNo"),
        ({"originalReferenceNo": "A" * 65}, "01", "originalReferenceNo"),
        ({"latestTransactionStatus": None}, "02", "latestTransactionStatus"),
        ({"latestTransactionStatus": 0}, "01", "latestTransactionStatus"),
        ({"amount": {"value": 4000.0, "currency": "IDR"}}, "01", "amount.value"),
        ({"amount": {"value": "4000.00", "currency": "USD"}}, "01", "amount.currency"),
        ({"amount": "4000.00"}, "01", "amount"),
        ({"finishedTime": "tomorrow"}, "01", "finishedTime"),
        ({"createdTime": "2026-02-30T06:41:09+07:00"}, "01", "createdTime"),
        ({"additionalInfo": []}, "01", "additionalInfo"),
        ({"additionalInfo": {"rrn": "\x00"}}, "01", "additionalInfo.rrn"),
    ],
)
def test_signed_calls_with_fields_that_are_missing_or_wrong(
    sender: Provider, over: dict[str, Any], code: str, field: str
) -> None:
    result = sender.notification(debit(**over))
    mandatory = {"01": "Field Format", "02": "Mandatory Field"}[code]
    assert (result.status, result.items) == (400, ())
    assert result.answer == {"responseCode": f"40056{code}", "responseMessage": f"Invalid {mandatory} {field}"}


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"a":NaN}', b"\xff", b'{"a":' * 20 + b"1" + b"}" * 20])
@pytest.mark.parametrize("hook", [DEBIT, CLASSIC])
def test_a_body_that_is_no_object_is_a_bad_request(sender: Provider, body: bytes, hook: str) -> None:
    result = sender.notification(body, hook)
    assert (result.status, result.items, result.refused) == (400, (), "Bad Request")


def test_unknown_codes_and_repeated_external_ids_are_accepted(sender: Provider) -> None:
    assert sender.notification(debit(status="77")).answer["responseCode"] == "2005600"
    assert [sender.notification(debit()).answer["responseCode"] for _ in range(2)] == ["2005600"] * 2


# Midtrans' classic form


def test_the_vector_of_the_contract() -> None:
    body = {"order_id": "ORDER-1", "status_code": "200", "gross_amount": "10000.00", "signature_key": SIGNATURE_KEY}
    assert is_classic_signature(body, SERVER_KEY)
    for other in (
        {"order_id": "ORDER-2"},
        {"status_code": "201"},
        {"gross_amount": "10000.0"},
        {"gross_amount": 10000.0},
        {"signature_key": SIGNATURE_KEY.upper()},
        {"signature_key": "é"},
        {"signature_key": None},
    ):
        assert not is_classic_signature(body | other, SERVER_KEY), other
    assert not is_classic_signature(body, "another key")


def test_another_split_of_the_same_digits_is_no_signature() -> None:
    for parts in (
        ("ORDER-12", "001", "0000.00"),
        ("ORDER-", "120", "010000.00"),
        ("ORDER-1200", "100", "00.00"),
        ("ORDER-1", "2001", "0000.00"),
        ("ORDER-", "1200", "10000.00"),
    ):
        assert "".join(parts) == "ORDER-120010000.00"
        names = ("order_id", "status_code", "gross_amount")
        assert not is_classic_signature(dict(zip(names, parts, strict=True), signature_key=SIGNATURE_KEY), SERVER_KEY)


@pytest.mark.parametrize(
    ("order_id", "status_code", "gross_amount"),
    [
        ("ORDER-2", "200", "10000.00"),
        ("ORDER-", "220", "010000.00"),
        ("ORDER-2200", "100", "00.00"),
        ("ORDER-22001", "000", "0.00"),
    ],
)
def test_of_all_splits_of_what_was_signed_only_one_has_the_form(
    order_id: str, status_code: str, gross_amount: str
) -> None:
    signature = classic_signature("ORDER-2", "200", "10000.00", SERVER_KEY)
    body = {"order_id": order_id, "status_code": status_code, "gross_amount": gross_amount, "signature_key": signature}
    assert is_classic_signature(body, SERVER_KEY) is (order_id == "ORDER-2")


@pytest.mark.parametrize(
    "amount", ["10000", "10000.0", "10000.000", ".00", "1e4", "+10.00", "-1.00", "\u0661.00", "1.00 "]
)
def test_an_amount_in_another_form_does_not_match_its_signature(amount: str) -> None:
    signature = classic_signature("ORDER-2", "200", amount, SERVER_KEY)
    body = {"order_id": "ORDER-2", "status_code": "200", "gross_amount": amount, "signature_key": signature}
    assert not is_classic_signature(body, SERVER_KEY)


def test_a_classic_notification_is_taken_or_refused_as_json(sender: Provider) -> None:
    result = sender.notification(classic(), CLASSIC)
    assert (result.status, result.answer["status_code"], result.items) == (200, "200", ())
    assert result.about == ("TJ-1",), "fields that the signature does not cover are inquired about"
    refused = sender.notification(classic(signature_key="0" * 128), CLASSIC)
    assert (refused.status, refused.items) == (401, ())
    assert refused.answer == {"status_code": "401", "status_message": "Unauthorized. [signature_key]"}
    assert sender.notification(classic(transaction_time=None), CLASSIC).about == ("TJ-1",)
    for order_id, field in (("", "Mandatory Field"), ("x" * 65, "Field Format")):
        unread = sender.notification(classic(order_id=order_id), CLASSIC)
        assert (unread.status, unread.refused, unread.about) == (400, f"Invalid {field} order_id", ())
    form = sender.notification(b"order_id=ORDER-1&status_code=200", CLASSIC)
    assert form.status == 400


# Settings


def test_a_webhook_without_its_setting_is_off_and_names_it(sender: Provider) -> None:
    whole = sender.settings
    for hook, name in ((DEBIT, "notify_public_key_file"), (QR, "partner_id"), (CLASSIC, "server_key")):
        assert Gopay.webhook_disabled_reason(whole, hook) is None
        unset = whole.model_copy(update={name: type(getattr(whole, name))("")})
        assert Gopay.webhook_disabled_reason(unset, hook) == f"HUB_GOPAY_{name.upper()} is not set."
    assert Gopay.webhook_disabled_reason(GopaySettings(server_key=SERVER_KEY), CLASSIC) is None


@pytest.mark.parametrize(
    "content", [None, b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_a_key_that_cannot_be_read_is_a_wrong_setting(sender: Provider, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "key.pub"
    if content is not None:
        file.write_bytes(content)
    settings = sender.settings.model_copy(update={"notify_public_key_file": str(file)})
    with pytest.raises(BadSetting, match=r"HUB_GOPAY_NOTIFY_PUBLIC_KEY_FILE: .* cannot be read"):
        Gopay.webhook_disabled_reason(settings, DEBIT)
