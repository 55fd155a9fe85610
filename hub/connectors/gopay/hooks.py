"""Checks notifications the provider sends to the hub, and tells what they say (contract B.6, B.7).

The signature comes first, on the bytes as they came. What is signed and well formed is taken however
often and in whatever order it comes; only what the mapping reads is kept of it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from hub.connectors.base import Record
from hub.connectors.gopay.calls import Body, Refused, instant, json_object, malformed, missing, require, unauthorized
from hub.connectors.gopay.fields import Unread
from hub.connectors.gopay.notices import PARTNER, SENT, of_classic, of_snap
from hub.connectors.gopay.settings import GopaySettings
from hub.connectors.gopay.signing import is_notice_signature
from hub.connectors.hooks import HookCall, HookTold

SERVICES = {"v1.0/debit/notify": "56", "v1.0/qr/qr-mpm-notify": "52"}
"""Hooks of SNAP, with the service code that answers name."""
CLASSIC = "midtrans"

_SNAP = frozenset(
    {
        "originalPartnerReferenceNo",
        "originalReferenceNo",
        "merchantId",
        "amount",
        "latestTransactionStatus",
        "createdTime",
        "finishedTime",
        "externalStoreId",
        "additionalInfo",
    }
)
_INFO = frozenset({"merchantId", "rrn", "nmid", "paidTime"})
_MIDTRANS = frozenset(
    {
        "transaction_time",
        "transaction_status",
        "transaction_id",
        "status_code",
        "settlement_time",
        "order_id",
        "merchant_id",
        "gross_amount",
        "fraud_status",
        "currency",
    }
)
_FORMATS = {"X-EXTERNAL-ID": r"[0-9A-Za-z._:-]{1,36}", "CHANNEL-ID": r"[0-9A-Za-z]{1,5}"}


class Notifications:
    """Takes calls with the keys in ``settings``."""

    def __init__(self, settings: GopaySettings) -> None:
        self._settings = settings

    def receive(self, call: HookCall) -> HookTold:
        """What ``call`` tells, or the refusal its contract has for it."""
        return self._classic(call) if call.hook == CLASSIC else self._snap(call, SERVICES[call.hook])

    def _snap(self, call: HookCall, service: str) -> HookTold:
        try:
            item = self._read_snap(call)
        except Refused as refused:
            return HookTold(answer=refused.answer(service), status=refused.status, refused=refused.message)
        return HookTold(answer={"responseCode": f"200{service}00", "responseMessage": "Successful"}, items=(item,))

    def _read_snap(self, call: HookCall) -> Body:
        self._check_signature(call)
        self._check_headers(call)
        body = _only(json_object(call.body), _SNAP)
        if isinstance(body.get("additionalInfo"), dict):
            body["additionalInfo"] = _only(body["additionalInfo"], _INFO)
        return _mapped(body | {SENT: call.headers[SENT], PARTNER: call.headers[PARTNER]}, of_snap)

    def _check_signature(self, call: HookCall) -> None:
        signature, at = call.headers.get("X-SIGNATURE", ""), call.headers.get(SENT, "")
        if not is_notice_signature(signature, self._key, "POST", call.endpoint, call.body, at):
            raise unauthorized("Signature")

    @cached_property
    def _key(self) -> RSAPublicKey:
        return self._settings.notify_public_key()

    def _check_headers(self, call: HookCall) -> None:
        require(call.headers, SENT, PARTNER, *_FORMATS)
        if abs((instant(call.headers[SENT], SENT) - call.now).total_seconds()) > self._settings.notify_tolerance:
            raise unauthorized(SENT)
        if call.headers[PARTNER] != self._settings.need("partner_id"):
            raise Refused(404, "16", "Partner Not Found")
        for name, pattern in _FORMATS.items():
            if not re.fullmatch(pattern, call.headers[name]):
                raise malformed(name)

    def _classic(self, call: HookCall) -> HookTold:
        try:
            body = json_object(call.body)
            if not is_classic_signature(body, self._settings.need("server_key")):
                raise unauthorized("signature_key")
            item = _mapped(_only(body, _MIDTRANS), of_classic)
        except Refused as refused:
            answer = {"status_code": str(refused.status), "status_message": refused.message}
            return HookTold(answer=answer, status=refused.status, refused=refused.message)
        return HookTold(answer={"status_code": "200", "status_message": "OK"}, items=(item,))


def classic_signature(order_id: str, status_code: str, gross_amount: str, server_key: str) -> str:
    """SHA-512 in hex over the four, one after the other (contract B.7)."""
    return hashlib.sha512(f"{order_id}{status_code}{gross_amount}{server_key}".encode()).hexdigest()


def is_classic_signature(body: Mapping[str, Any], server_key: str) -> bool:
    """Whether the holder of ``server_key`` signed this.

    Nothing stands between the parts that are signed, so another split of the same digits would pass:
    ``status_code`` has to be three digits as HTTP has them, ``gross_amount`` an amount with cents.
    """
    parts = [body.get(name) for name in ("order_id", "status_code", "gross_amount")]
    told = body.get("signature_key")
    if not isinstance(told, str) or not all(isinstance(part, str) and part.isprintable() for part in parts):
        return False
    order_id, status_code, gross_amount = map(str, parts)
    if not re.fullmatch(r"[2-5]\d\d", status_code) or not re.fullmatch(r"(0|[1-9]\d{0,15})\.\d\d", gross_amount):
        return False
    signature = classic_signature(order_id, status_code, gross_amount, server_key)
    return hmac.compare_digest(told.encode(errors="replace"), signature.encode())


def _mapped(item: Body, mapping: Callable[[Body], Record]) -> Body:
    """``item`` if its mapping can read it; else the field that cannot be read is what the sender is told."""
    try:
        mapping(item)
    except Unread as unread:
        raise (missing if unread.missing else malformed)(unread.field) from None
    return item


def _only(body: Body, names: Iterable[str]) -> Body:
    return {name: body[name] for name in names if name in body}
