"""What the client of a webhook should look at, computed from the state of the webhook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.store.webhooks.endpoints import Webhook
from hub.store.webhooks.terms import BREAKER_THRESHOLD, CONSENT_WITHIN, DISABLED_AFTER, DisabledReason, WebhookState

_ENDED = {
    DisabledReason.GONE: "The endpoint responded with 410.",
    DisabledReason.FAILING: f"All calls failed for {DISABLED_AFTER.days} days.",
    DisabledReason.NO_CONSENT: "The endpoint did not agree to be called.",
}


class IssueCode(StrEnum):
    """The code of an issue of a webhook."""

    NO_CONSENT = "NO_CONSENT"
    FAILING = "FAILING"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True)
class WebhookIssue:
    """An issue, when it began, and a sentence for the client."""

    code: IssueCode
    since: datetime
    message: str


def issues_of(webhook: Webhook) -> list[WebhookIssue]:
    """Return the issues of a webhook."""
    return list(_issues(webhook))


def _issues(webhook: Webhook) -> Iterator[WebhookIssue]:
    since = webhook.failing_since or webhook.created_at
    last = f" The last error: {webhook.error}." if webhook.error else ""
    if webhook.state is WebhookState.DISABLED and webhook.reason:
        text = f"{_ENDED[webhook.reason]} Mend the endpoint, then call resumeWebhook.{last}"
        yield WebhookIssue(IssueCode.DISABLED, since, text)
    elif webhook.state is WebhookState.UNVERIFIED and webhook.failures:
        text = f"The endpoint has not agreed yet; the webhook is disabled at {_time(since + CONSENT_WITHIN)}.{last}"
        yield WebhookIssue(IssueCode.NO_CONSENT, since, text)
    elif webhook.state is WebhookState.ACTIVE and webhook.failures >= BREAKER_THRESHOLD:
        text = f"All calls fail; if that goes on, the webhook is disabled at {_time(since + DISABLED_AFTER)}.{last}"
        yield WebhookIssue(IssueCode.FAILING, since, text)


def _time(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
