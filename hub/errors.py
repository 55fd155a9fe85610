"""The error hierarchy, ordered by how an error is handled rather than by where it is raised.

HubError
├── TryLater         the other side is down, slow, or answered 429 or 5xx: sync backs off and retries
│   ├── Maintenance      the other side is closed for upkeep at its announced time: it does not count as down
│   ├── RecordChanged    the record was changed since the hub read it, and nothing was sent: it is stored first
│   ├── OutcomeUnknown   a request was sent and no answer came: check before sending it again
│   └── ContractBroken   a response does not match the contract: the connector stops only if this persists
├── Refused          the other side rejects one delivery: an operator decides about that delivery
│   └── UnsupportedFile  a file is too large or of another type: it is given up and not requested again
├── BadRecord        one item cannot be read or has an unknown code: it is quarantined, counted and shown
│   └── Incomplete       its system cannot return all of the item: it is requested again and kept apart until then
├── ConfigurationError   wrong settings, or 401/403 with a fresh token: an operator must act
│   └── BadSetting       a HUB_* setting is wrong or missing: the process does not start
├── RateLimited      the caller used up a rate limit: the response says when to retry
└── Forbidden        the viewer lacks a scope: the response names the scope
    └── PurposeRequired  the viewer has the scope but did not state a purpose: the response lists the purposes

Something that does not exist or is not visible to the viewer is ``None``. A business rule that rejects a
mutation is a typed error in the mutation's result. Any other exception propagates, is masked, and is logged
with its request id.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hub.messages import Bilingual

MAX_RETRY_AFTER = 3600.0
"""The longest wait, in seconds, that the hub accepts from another system's ``Retry-After``."""


def cap_retry_after(seconds: float | None) -> float | None:
    """Clamp ``seconds`` to 0 … ``MAX_RETRY_AFTER``; None for None or NaN."""
    return None if seconds is None or math.isnan(seconds) else min(max(seconds, 0.0), MAX_RETRY_AFTER)


class HubError(Exception):
    """Base class of the errors that the hub raises deliberately. The message is one sentence for a person."""


class TryLater(HubError):
    """The other side cannot answer now; ``after`` is its ``Retry-After`` in seconds, clamped, or None.

    A ``reason`` in both languages is shown to clients; a text is for logs only. ``notice``: the answer was HTTP 503
    with a page for people, such as a notice of upkeep.
    """

    def __init__(self, reason: str | Bilingual, after: float | None = None, *, notice: bool = False) -> None:
        super().__init__(reason)
        self.after, self.notice = cap_retry_after(after), notice


class Maintenance(TryLater):
    """The other side is closed for upkeep at a time that it announced; ``after`` is how long that lasts yet."""


class RecordChanged(TryLater):
    """A record was changed since the hub read it, so nothing was sent; ``items`` are its current raw items."""

    def __init__(self, items: Sequence[dict[str, Any]]) -> None:
        super().__init__("the record was changed since the hub read it")
        self.items = tuple(items)


class OutcomeUnknown(TryLater):
    """A request was sent and its outcome is unknown; sending it again without a check could duplicate it."""


class ContractBroken(TryLater):
    """The envelope of a response does not match the contract; if this persists, the connector stops.

    A wrong shape inside one item is a ``BadRecord``.
    """


class Refused(HubError):
    """The other side rejects the content of one delivery. The message names fields, never their values."""


class UnsupportedFile(Refused):
    """The hub does not store files of this size or type; requesting the file again would not change that."""


class BadRecord(HubError):
    """One item cannot be read. ``reason`` names the field and the problem, and never repeats a personal value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Incomplete(BadRecord):
    """A system cannot return all of one item now; the item is valid once it is returned completely."""


class ConfigurationError(HubError):
    """An operator has to correct something; this connector pauses until then, the others continue."""


class BadSetting(ConfigurationError):
    """A setting is wrong or missing; the message names it and says how to correct it."""


class RateLimited(HubError):
    """A rate limit is used up; ``after`` is the whole number of seconds, at least 1, until the next attempt."""

    def __init__(self, reason: str, after: int) -> None:
        super().__init__(reason)
        self.after = after


class Forbidden(HubError):
    """The viewer lacks ``scope``."""

    def __init__(self, scope: str) -> None:
        super().__init__(Bilingual(f"This needs the scope {scope}.", f"Ini memerlukan cakupan (scope) {scope}."))
        self.scope = scope


class PurposeRequired(Forbidden):
    """The viewer has ``scope`` but must state a purpose: one of ``purposes``, the values of the header."""

    def __init__(self, scope: str, purposes: Sequence[str]) -> None:
        super().__init__(scope)
        self.purposes = tuple(purposes)
        names = ", ".join(purposes)
        self.args = (
            Bilingual(
                f"State in the header Hub-Purpose why you read this: {names}.",
                f"Sebutkan di header Hub-Purpose untuk apa Anda membacanya: {names}.",
            ),
        )
