"""Checks of every connector's webhooks, by calls that anybody could send."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from starlette.datastructures import Headers

from hub.connectors.registry import Enabled, offline_connector
from hub.contract import WebhookCall
from hub.testing.running import Running, secrets_of
from hub.testing.samples import Suite

BODIES = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b"\xff\xfe",
    b"[" * 10_000,
    b'{"a": {"b": [1, null, "x"]}}',
    b'{"a": "\\ud800\\u0000"}',
)
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


class WebhookContract(Suite):
    """Checks of webhooks; inherit with ``connector`` set. A connector without webhooks passes."""

    @pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body[:20]))
    def test_an_unsigned_call_gets_the_contracts_refusal(self, running: Running, body: bytes) -> None:
        """Return a WebhookResult with `refused`, an answer and a status of 4xx; store nothing of an unsigned call."""
        secrets = [value for value in secrets_of(running.settings).values() if value]
        connector = offline_connector(Enabled(self.connector, running.settings))
        for webhook in self.connector.webhooks:
            result = connector.receive(_call(webhook, body))
            assert result.refused, webhook
            assert 400 <= result.status < 500, webhook
            assert (result.items, result.about) == ((), ()), webhook
            assert isinstance(result.answer, dict)
            assert not [value for value in secrets if value in json.dumps(result.answer) + result.refused], webhook

    def test_a_call_is_refused_unread_as_it_is_refused_read(self, running: Running) -> None:
        """Let `refuse_unread` refuse by headers alone, and only what `receive` refuses too."""
        connector = offline_connector(Enabled(self.connector, running.settings))
        for webhook in self.connector.webhooks:
            if (refused := connector.refuse_unread(_call(webhook, b""))) is not None:
                assert refused.refused, webhook
                assert 400 <= refused.status < 500, webhook
                assert refused.items == (), webhook

    def test_webhooks_without_settings_are_disabled(self) -> None:
        """Return from `webhook_disabled_reason` which setting is missing to verify calls."""
        settings = self.connector.Settings(url="http://127.0.0.1:9")
        for webhook in self.connector.webhooks:
            reason = self.connector.webhook_disabled_reason(settings, webhook)
            assert reason, webhook
            assert f"HUB_{self.connector.name.upper()}_" in reason, webhook

    def test_paths_of_webhooks_are_plain_and_their_size_is_limited(self) -> None:
        """Name paths without a slash at their ends; limit calls to 4 MB at most."""
        assert all(path == path.strip("/") and path.isascii() for path in self.connector.webhooks)
        assert 0 < self.connector.webhook_body_limit <= 4_000_000


def _call(webhook: str, body: bytes) -> WebhookCall:
    return WebhookCall(webhook=webhook, endpoint=f"/hooks/x/{webhook}", headers=Headers({}), body=body, now=NOW)
