"""The payment provider's Node kit makes and verifies the signatures, and calls sandbox and hub."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.gopay import signing
from hub.connectors.gopay.connector import LIST, Gopay
from hub.connectors.gopay.settings import GopaySettings, private_key
from hub.testing.running import running_sandbox
from tests.clients import install, needs_node, patient, run
from tests.connectors.gopay.served_hub import listening
from tests.connectors.gopay.signed_notifications import Provider, debit, provider

AT = "2025-01-02T08:00:00+07:00"
CALLS: list[dict[str, Any]] = [
    {"token": "tok-demo", "method": "post", "path": LIST, "body": {"partnerReferenceNo": "TJ-0001", "pageSize": "10"}},
    {"token": "t", "method": "GET", "path": "/api/v1.0/x?b=2&a=%20", "body": {}},
    {
        "token": "",
        "method": "Post",
        "path": "/",
        "body": {"z": [1, {"y": None}], "a": 'quoted "text" \\ / \n', "é": "🚌 €"},
    },
]

NOTICES: list[tuple[str, dict[str, Any]]] = [
    ("/hooks/gopay/v1.0/debit/notify", debit()),
    ("/v1.0/qr/qr-mpm-notify", {"z": [1, {"y": None}], "a": 'quoted "text" \\ / \n', "é": "🚌 €"}),
]

pytestmark = [pytest.mark.outside, needs_node, patient]


async def test_the_sandbox_accepts_calls_of_the_providers_kit(tmp_path: Path) -> None:
    await install()
    async with running_sandbox(Gopay, tmp_path) as running:
        settings = running.settings
        assert isinstance(settings, GopaySettings)
        result = await _kit(settings, running.url, tmp_path)
    key, secret = settings.private_key(), settings.client_secret.get_secret_value()
    assert result["token"] == signing.asymmetric_signature(key, settings.client_key, AT)
    assert result["signatures"] == [
        signing.symmetric_signature(
            secret, call["method"], call["path"], call["token"], signing.dumped(call["body"]), AT
        )
        for call in CALLS
    ]
    assert (result["granted"]["tokenType"], result["granted"]["expiresIn"]) == ("Bearer", "900")
    assert result["answered"]["responseCode"] == "2001200"
    assert len(result["answered"]["detailData"]) == 10


async def _kit(settings: GopaySettings, url: str, folder: Path) -> dict[str, Any]:
    """Return what the kit signs, and the responses to its requests for a token and for the latest payments."""
    now = datetime.now(UTC)
    requests = {
        "url": url,
        "client": settings.client_key,
        "secret": settings.client_secret.get_secret_value(),
        "key": Path(settings.private_key_file).read_text(),
        "partner": settings.partner_id,
        "channel": settings.channel_id,
        "at": AT,
        "now": signing.timestamp(now),
        "calls": CALLS,
        "path": LIST,
        "body": {
            "fromDateTime": signing.timestamp(now - timedelta(days=30)),
            "toDateTime": signing.timestamp(now),
            "pageSize": "10",
            "pageNumber": "0",
            "additionalInfo": {"types": ["PAYMENT"]},
        },
    }
    (folder / "asked.json").write_text(json.dumps(requests))
    result: dict[str, Any] = json.loads(await run("node", "snap.mjs", str(folder / "asked.json")))
    return result


async def test_hub_and_kit_verify_each_others_signatures(database_url: str, tmp_path: Path) -> None:
    await install()
    sender = provider(tmp_path)
    async with listening(database_url, sender.settings) as hub:
        result = await _notified(sender, hub.url, tmp_path)
        payments, inquiries = await hub.payments(), await hub.count("inquiries")
    assert result["verified"] == [True] * len(NOTICES) + [False]
    assert result["answers"] == {
        "raw": [200, "2005600"],
        "minified": [200, "2005600"],
        "qr": [200, "2005200"],
        "classic": [200, "200"],
        "tampered": [401, "4015600"],
        "elsewhere": [401, "4015600"],
        "slash": [404, "NOT_FOUND"],
        "forged": [401, "401"],
    }
    assert {reference: row[0] for reference, row in payments.items()} == dict.fromkeys(("NODE-1", "NODE-2"), "SUCCESS")
    # The classic one is not stored: the hub inquires about the payment's status (contract gopay#get-status).
    assert inquiries == 1


async def _notified(sender: Provider, url: str, folder: Path) -> dict[str, Any]:
    """Return the hub's responses to Node, and the notices of the sandbox that the kit verifies."""
    settings, key = sender.settings, private_key(str(sender.file), "private_key_file")
    notices = [
        {
            "path": path,
            "body": body,
            "at": AT,
            "signature": signing.notification_signature(key, "POST", path, signing.dumped(body), AT),
        }
        for path, body in NOTICES
    ]
    requests = {
        "hub": url,
        "key": sender.file.read_text(),
        "publicKey": Path(settings.notify_public_key_file).read_text(),
        "serverKey": settings.server_key.get_secret_value(),
        "partner": settings.partner_id,
        "channel": "95221",
        "at": signing.timestamp(datetime.now(UTC)),
        "notices": [*notices, notices[0] | {"path": "/elsewhere"}],
    }
    (folder / "notify.json").write_text(json.dumps(requests))
    result: dict[str, Any] = json.loads(await run("node", "notify.mjs", str(folder / "notify.json")))
    return result
