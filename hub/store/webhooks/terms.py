"""The states of webhooks and of their deliveries, and the times of retries."""

from __future__ import annotations

import random
from datetime import timedelta
from enum import StrEnum


class WebhookState(StrEnum):
    """Whether a webhook is called."""

    UNVERIFIED = "UNVERIFIED"
    """Its endpoint has not agreed yet."""
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    """Its client paused it."""
    DISABLED = "DISABLED"
    """The hub ended it, for a ``DisabledReason``."""


class DisabledReason(StrEnum):
    """Why the hub ended a webhook."""

    GONE = "GONE"
    """Its endpoint responded 410."""
    FAILING = "FAILING"
    """It failed for ``DISABLED_AFTER``."""
    NO_CONSENT = "NO_CONSENT"
    """Its endpoint did not agree within ``CONSENT_WITHIN``."""


class WebhookContent(StrEnum):
    """What a message contains of a change."""

    THIN = "THIN"
    """What changed, without values."""
    FULL = "FULL"
    """The change as the feed has it for the client."""


class WebhookFormat(StrEnum):
    """The form of a message's body."""

    STANDARD = "STANDARD"
    """``type``, ``timestamp`` and ``data``, as Standard Webhooks recommends."""
    CLOUDEVENTS = "CLOUDEVENTS"
    """CloudEvents 1.0 in structured mode."""


class MessageState(StrEnum):
    """The state of a delivery to a webhook."""

    WAITING = "WAITING"
    SENDING = "SENDING"
    """It is being sent, or the process that sent it died."""
    DONE = "DONE"
    DEAD = "DEAD"
    """It failed for ``RETRIED_FOR``; it is sent again only if its client replays it."""
    WITHDRAWN = "WITHDRAWN"
    """The client may not see the change any more, or it is no longer kept."""


GAP = "gap"
"""The kind of a message which states that changes of a system were dropped before they could be sent."""

RETRIED_FOR = timedelta(days=3)
"""How long a delivery is retried."""
CONSENT_WITHIN = timedelta(days=1)
WARNED_AFTER = timedelta(days=1)
"""After which time of failures alone the client is warned."""
DISABLED_AFTER = timedelta(days=5)
"""After which time of failures alone a webhook is disabled: every delivery was then retried for ``RETRIED_FOR``."""

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=6)
BREAKER_THRESHOLD = 5
"""Failures in a row after which the endpoint gets one call at a time, with a growing wait between them."""
LONGEST_BREAK = timedelta(minutes=15)


def retry_wait(attempts: int, jitter: random.Random) -> timedelta:
    """Return the wait after the failed attempt number ``attempts``: it triples each time, and differs by a quarter."""
    wait: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 3 ** min(attempts - 1, 10))
    return wait * jitter.uniform(0.75, 1.25)


def breaker_wait(failures: int) -> timedelta:
    """Return how long an endpoint gets no call after ``failures`` in a row; it doubles each time."""
    if failures < BREAKER_THRESHOLD:
        return timedelta(0)
    wait: timedelta = min(LONGEST_BREAK, timedelta(seconds=30) * 2 ** min(failures - BREAKER_THRESHOLD, 10))
    return wait
