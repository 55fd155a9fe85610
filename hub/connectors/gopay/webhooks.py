"""Verifies notifications of the provider, and returns their items.

Contract gopay#notifications, gopay#classic-notification. The signature is verified first,
on the bytes as received. A signed and well-formed notification is accepted in any order and number; only the columns of
the mapping are kept. Midtrans' classic form proves too little: it only names an order for an inquiry.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from hub.connectors.gopay.fields import UnreadableField, required, string
from hub.connectors.gopay.notifications import PARTNER, SENT, SNAP, SNAP_INFO, from_snap
from hub.connectors.gopay.responses import (
    Body,
    Refused,
    instant,
    json_object,
    malformed,
    missing,
    require,
    unauthorized,
)
from hub.connectors.gopay.settings import GopaySettings
from hub.connectors.gopay.signing import is_notification_signature
from hub.contract import Record, WebhookCall, WebhookResult

SERVICES = {"v1.0/debit/notify": "56", "v1.0/qr/qr-mpm-notify": "52"}
"""Webhooks of SNAP, with the service code of their answers."""
CLASSIC = "midtrans"

_CODE, _AMOUNT = re.compile("[2-5][0-9]{2}"), re.compile(r"(0|[1-9][0-9]{0,15})\.[0-9]{2}")
_FORMATS = {"X-EXTERNAL-ID": r"[0-9A-Za-z._:-]{1,36}", "CHANNEL-ID": r"[0-9A-Za-z]{1,5}"}


class Notifications:
    """A verifier of calls with the keys in ``settings``."""

    def __init__(self, settings: GopaySettings) -> None:
        self._settings = settings

    def receive(self, call: WebhookCall) -> WebhookResult:
        """Return the items of ``call``, or the refusal of its contract."""
        return self._classic(call) if call.webhook == CLASSIC else self._snap(call, SERVICES[call.webhook])

    def _snap(self, call: WebhookCall, service: str) -> WebhookResult:
        try:
            item = self._read_snap(call)
        except Refused as refused:
            return WebhookResult(answer=refused.answer(service), status=refused.status, refused=refused.message)
        return WebhookResult(answer={"responseCode": f"200{service}00", "responseMessage": "Successful"}, items=(item,))

    def _read_snap(self, call: WebhookCall) -> Body:
        self._check_signature(call)
        self._check_headers(call)
        body = _select(json_object(call.body), SNAP)
        if isinstance(body.get("additionalInfo"), dict):
            body["additionalInfo"] = _select(body["additionalInfo"], SNAP_INFO)
        return _validated(body | {SENT: call.headers[SENT], PARTNER: call.headers[PARTNER]}, from_snap)

    def _check_signature(self, call: WebhookCall) -> None:
        signature, at = call.headers.get("X-SIGNATURE", ""), call.headers.get(SENT, "")
        if not is_notification_signature(signature, self._key, "POST", call.endpoint, call.body, at):
            raise unauthorized("Signature")

    @cached_property
    def _key(self) -> RSAPublicKey:
        return self._settings.notify_public_key()

    def _check_headers(self, call: WebhookCall) -> None:
        require(call.headers, SENT, PARTNER, *_FORMATS)
        if abs((instant(call.headers[SENT], SENT) - call.now).total_seconds()) > self._settings.notify_tolerance:
            raise unauthorized(SENT)
        if call.headers[PARTNER] != self._settings.need("partner_id"):
            raise Refused(404, "16", "Partner Not Found")
        for name, pattern in _FORMATS.items():
            if not re.fullmatch(pattern, call.headers[name]):
                raise malformed(name)

    def _classic(self, call: WebhookCall) -> WebhookResult:
        try:
            body = json_object(call.body)
            if not is_classic_signature(body, self._settings.need("server_key")):
                raise unauthorized("signature_key")
            order_id = _order_of(body)
        except Refused as refused:
            answer = {"status_code": str(refused.status), "status_message": refused.message}
            return WebhookResult(answer=answer, status=refused.status, refused=refused.message)
        return WebhookResult(answer={"status_code": "200", "status_message": "OK"}, about=(order_id,))


def _order_of(body: Body) -> str:
    """Return the order's id, and nothing else: the signature covers neither status nor transaction."""
    try:
        return required(string(body, "order_id"), "order_id")
    except UnreadableField as unread:
        raise (missing if unread.missing else malformed)(unread.field) from None


def classic_signature(order_id: str, status_code: str, gross_amount: str, server_key: str) -> str:
    """Return SHA-512 in hex over the four, concatenated (contract gopay#classic-notification)."""
    return hashlib.sha512(f"{order_id}{status_code}{gross_amount}{server_key}".encode()).hexdigest()


def is_classic_signature(body: Mapping[str, Any], server_key: str) -> bool:
    """Return whether the holder of ``server_key`` signed this.

    The signed parts have no separator, so another split of the same digits would pass: ``status_code`` must be an
    HTTP status of three digits, and ``gross_amount`` an amount with cents.
    """
    parts = [body.get(name) for name in ("order_id", "status_code", "gross_amount")]
    received = body.get("signature_key")
    if not isinstance(received, str) or not all(isinstance(part, str) and part.isprintable() for part in parts):
        return False
    order_id, status_code, gross_amount = map(str, parts)
    if not _CODE.fullmatch(status_code) or not _AMOUNT.fullmatch(gross_amount):
        return False
    signature = classic_signature(order_id, status_code, gross_amount, server_key)
    return hmac.compare_digest(received.encode(errors="replace"), signature.encode())


def _validated(item: Body, mapping: Callable[[Body], Record]) -> Body:
    """Return ``item`` if its mapping can read it; else raise the refusal that names the unreadable field."""
    try:
        mapping(item)
    except UnreadableField as unread:
        raise (missing if unread.missing else malformed)(unread.field) from None
    return item


def _select(body: Body, names: Iterable[str]) -> Body:
    return {name: body[name] for name in names if name in body}
