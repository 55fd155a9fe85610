"""The messages to webhooks are as the AsyncAPI document says."""

from __future__ import annotations

import pytest
from openapi_schema_validator import OAS31Validator

from hub.api.sent_webhooks import WEBHOOKS
from hub.store.webhooks.terms import WebhookContent, WebhookFormat
from tests.schema.harness import Stage
from tests.sync.webhook_harness import placed
from tests.webhook_receiver import receiving

FORMS = [
    ("change", WebhookContent.THIN, WebhookFormat.STANDARD),
    ("change", WebhookContent.FULL, WebhookFormat.STANDARD),
    ("cloudEvent", WebhookContent.FULL, WebhookFormat.CLOUDEVENTS),
]


@pytest.mark.parametrize(("name", "content", "format_"), FORMS)
async def test_messages_of_changes_are_as_described(
    stage: Stage, name: str, content: WebhookContent, format_: WebhookFormat
) -> None:
    described = WEBHOOKS.sends[name]
    async with placed(stage) as place, receiving() as receiver:
        await place.register(receiver, content=content, format=format_)
        await place.changes("P1")
        await place.sender.drain()
    (got,) = receiver.calls
    OAS31Validator(described.payload).validate(got.json)
    assert described.headers
    OAS31Validator(described.headers).validate(got.headers)
    assert got.headers["content-type"].partition(";")[0] == described.content_type
    full = {"before", "after", "effectiveAt"}
    assert full & set(got.data) == (full if content is WebhookContent.FULL else set())
