"""Notifications as the payment provider sends them, signed with a key of these tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from starlette.datastructures import Headers

from hub.connectors.gopay.connector import Gopay
from hub.connectors.gopay.sandbox.credentials import make_key
from hub.connectors.gopay.settings import GopaySettings
from hub.connectors.gopay.signing import notification_signature
from hub.connectors.gopay.webhooks import classic_signature
from hub.contract import WebhookCall, WebhookResult
from hub.http_client import Http

AT = "2026-03-02T06:41:13+07:00"
NOW = datetime.fromisoformat(AT)
DEBIT, QR, CLASSIC = "v1.0/debit/notify", "v1.0/qr/qr-mpm-notify", "midtrans"
SERVER_KEY = "server-key-demo"


def debit(reference: str = "A1", status: str = "00", **over: Any) -> dict[str, Any]:
    """Return the body of a direct debit notification; None removes a field."""
    body = {
        "originalPartnerReferenceNo": "TJ-1",
        "originalReferenceNo": reference,
        "merchantId": "TRANSJATENG",
        "amount": {"value": "4000.00", "currency": "IDR"},
        "latestTransactionStatus": status,
        "transactionStatusDesc": "Success",
        "createdTime": "2026-03-02T06:41:09+07:00",
        "finishedTime": "2026-03-02T06:41:12+07:00",
        "additionalInfo": {"payerName": "Penumpang Uji"},
    }
    return {name: value for name, value in (body | over).items() if value is not None}


def classic(reference: str = "A1", status: str = "settlement", code: str = "200", **over: Any) -> dict[str, Any]:
    """Return a classic notification with its signature; None removes a field."""
    body = {
        "transaction_time": "2026-03-02 06:41:09",
        "settlement_time": "2026-03-02 06:41:12",
        "transaction_status": status,
        "transaction_id": reference,
        "status_code": code,
        "order_id": "TJ-1",
        "merchant_id": "TRANSJATENG",
        "gross_amount": "4000.00",
        "currency": "IDR",
        "customer_details": {"full_name": "Penumpang Uji"},
    }
    kept = {name: value for name, value in (body | over).items() if value is not None}
    signed = [str(kept.get(name, "")) for name in ("order_id", "status_code", "gross_amount")]
    return {"signature_key": classic_signature(signed[0], signed[1], signed[2], SERVER_KEY)} | kept


@dataclass(frozen=True)
class Provider:
    """A provider with the private key whose public key the hub has."""

    file: Path

    @property
    def settings(self) -> GopaySettings:
        """Return the settings of the hub."""
        return GopaySettings(
            partner_id="HUBJATENG",
            notify_public_key_file=str(self.file.with_suffix(".pub")),
            server_key=SERVER_KEY,
        )

    def headers(self, body: bytes, hook: str = DEBIT, at: str = AT, **over: str | None) -> dict[str, str]:
        """Return signed headers of SNAP; ``over`` replaces headers (with _ for -), None removes one."""
        key: Any = load_pem_private_key(self.file.read_bytes(), None)
        headers: dict[str, str | None] = {
            "X-TIMESTAMP": at,
            "X-SIGNATURE": notification_signature(key, "POST", f"/hooks/gopay/{hook}", body, at),
            "X-PARTNER-ID": "HUBJATENG",
            "X-EXTERNAL-ID": "37460124851",
            "CHANNEL-ID": "95221",
        }
        headers |= {name.replace("_", "-"): value for name, value in over.items()}
        return {name: value for name, value in headers.items() if value is not None}

    def notification(
        self,
        body: Mapping[str, Any] | bytes,
        hook: str = DEBIT,
        *,
        headers: Mapping[str, str] | None = None,
        now: datetime = NOW,
        endpoint: str | None = None,
    ) -> WebhookResult:
        """Return the connector's result of a call."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        call = WebhookCall(
            webhook=hook,
            endpoint=endpoint or f"/hooks/gopay/{hook}",
            headers=Headers(self.headers(content, hook) if headers is None else headers),
            body=content,
            now=now,
        )
        return Gopay(self.settings, Http("http://127.0.0.1")).receive(call)


@cache
def provider(folder: Path) -> Provider:
    """A provider with a new key."""
    make_key(folder / "notify.pem")
    return Provider(folder / "notify.pem")
