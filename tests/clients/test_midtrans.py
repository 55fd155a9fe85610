"""The payment provider's signatures as its kit for Node makes and verifies them, and what Node is answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.gopay import signing
from hub.connectors.gopay.connector import LIST, Gopay
from hub.connectors.gopay.settings import GopaySettings, private_key
from tests.clients import install, needs_node, patient, run
from tests.connectors.gopay_calls import Provider, debit, provider
from tests.connectors.gopay_hub import listening
from tests.connectors.running import running_sandbox

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


async def test_signatures_are_those_of_the_providers_kit_and_the_sandbox_takes_its_calls(tmp_path: Path) -> None:
    await install()
    async with running_sandbox(Gopay, tmp_path) as running:
        settings = running.settings
        assert isinstance(settings, GopaySettings)
        told = await _kit(settings, running.url, tmp_path)
    key, secret = settings.private_key(), settings.client_secret.get_secret_value()
    assert told["token"] == signing.asymmetric_signature(key, settings.client_key, AT)
    assert told["signatures"] == [
        signing.symmetric_signature(
            secret, call["method"], call["path"], call["token"], signing.dumped(call["body"]), AT
        )
        for call in CALLS
    ]
    assert (told["granted"]["tokenType"], told["granted"]["expiresIn"]) == ("Bearer", "900")
    assert told["answered"]["responseCode"] == "2001200"
    assert len(told["answered"]["detailData"]) == 10


async def _kit(settings: GopaySettings, url: str, folder: Path) -> dict[str, Any]:
    """What the kit signs, and what it is answered when it asks for a token and then for the latest payments."""
    now = datetime.now(UTC)
    asked = {
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
    (folder / "asked.json").write_text(json.dumps(asked))
    told: dict[str, Any] = json.loads(await run("node", "snap.mjs", str(folder / "asked.json")))
    return told


async def test_the_hub_takes_what_node_signs_and_the_kit_verifies_what_the_sandbox_signs(
    database_url: str, tmp_path: Path
) -> None:
    await install()
    sender = provider(tmp_path)
    async with listening(database_url, sender.settings) as hub:
        told = await _notified(sender, hub.url, tmp_path)
        held = await hub.payments()
    assert told["verified"] == [True] * len(NOTICES) + [False]
    assert told["answers"] == {
        "raw": [200, "2005600"],
        "minified": [200, "2005600"],
        "qr": [200, "2005200"],
        "classic": [200, "200"],
        "tampered": [401, "4015600"],
        "elsewhere": [401, "4015600"],
        "slash": [404, "NOT_FOUND"],
        "forged": [401, "401"],
    }
    assert {reference: row[0] for reference, row in held.items()} == dict.fromkeys(
        ("NODE-1", "NODE-2", "NODE-3"), "SUCCESS"
    )


async def _notified(sender: Provider, url: str, folder: Path) -> dict[str, Any]:
    """What the hub answers to Node, and which of the notices signed as the sandbox does the kit takes for genuine."""
    settings, key = sender.settings, private_key(str(sender.file), "private_key_file")
    notices = [
        {
            "path": path,
            "body": body,
            "at": AT,
            "signature": signing.notice_signature(key, "POST", path, signing.dumped(body), AT),
        }
        for path, body in NOTICES
    ]
    asked = {
        "hub": url,
        "key": sender.file.read_text(),
        "publicKey": Path(settings.notify_public_key_file).read_text(),
        "serverKey": settings.server_key.get_secret_value(),
        "partner": settings.partner_id,
        "channel": "95221",
        "at": signing.timestamp(datetime.now(UTC)),
        "notices": [*notices, notices[0] | {"path": "/elsewhere"}],
    }
    (folder / "notify.json").write_text(json.dumps(asked))
    told: dict[str, Any] = json.loads(await run("node", "notify.mjs", str(folder / "notify.json")))
    return told
