"""Verifies signatures ``v1a`` with authweave-webhooks, in an environment of its own (Python 3.12 or newer).

Reads a file of ``[{headers, body, publicKey}]``; prints for each whether it verifies, as one JSON list.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from pathlib import Path
from typing import Any

from authweave_core import InMemoryReplayStore
from authweave_webhooks import (
    Ed25519PublicKey,
    PublicKeyDocument,
    StandardWebhooksVerifier,
    StaticPublicKeyResolver,
    WebhookVerificationError,
)


async def verifies(message: dict[str, Any]) -> bool:
    """Return whether it is signed with the key; the library accepts no other signatures beside ``v1a``."""
    key = Ed25519PublicKey(base64.b64decode(message["publicKey"].removeprefix("whpk_")))
    document = PublicKeyDocument("1", "test", "hub", "endpoint", 0, None, (key,))
    verifier = StandardWebhooksVerifier(
        StaticPublicKeyResolver(document),
        replay_store=InMemoryReplayStore(capacity=1, time_source=time.monotonic),
        expected_environment="test",
        expected_owner="hub",
        expected_endpoint="endpoint",
        time_source=lambda: int(time.time()),
    )
    signatures = message["headers"]["webhook-signature"].split(" ")
    asymmetric = " ".join(each for each in signatures if each.startswith("v1a,"))
    try:
        await verifier.verify(
            headers=message["headers"] | {"webhook-signature": asymmetric}, body=message["body"].encode()
        )
    except WebhookVerificationError:
        return False
    return True


async def main() -> None:
    """Print what was found."""
    messages = json.loads(Path(sys.argv[1]).read_text())
    print(json.dumps([await verifies(message) for message in messages]))


asyncio.run(main())
