"""The error tree, sorted by what to do about an error rather than by where it arose.

HubError
├── TryLater     a system is down, slow, or says 429 or 5xx: sync backs off and comes again
│   └── Unclear      what was sent may have been taken all the same: look before sending it again
├── Refused      a system refuses one thing that was sent: that delivery waits for a person
│   └── Unfit        a file is larger than is taken, or of another type: it is given up, not asked for again
├── BadRecord    one item cannot be read or holds an unknown code: quarantined, counted, shown
├── Stop         wrong settings, 401/403 after a fresh token, a broken contract: a person is told
│   └── BadSetting   a HUB_* setting is wrong or missing: the process does not start
├── TooMany      somebody asks more often than agreed: told when to come again
└── Forbidden    the viewer lacks a scope: shown with the scope
    └── NoPurpose    it has the scope, but did not say what for: shown with the purposes there are

What is not there, or not visible to the viewer, is ``None``. A rule that refuses is a typed
problem in a mutation's result. Anything else rises, is masked and logged with its request id.
"""

from __future__ import annotations

from collections.abc import Sequence


class HubError(Exception):
    """Root of the errors the hub raises on purpose. The message is one sentence for a person."""


class TryLater(HubError):
    """The other side cannot answer now; ``after`` is how many seconds it asked us to wait, if it did."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Unclear(TryLater):
    """Something was sent and no answer says what became of it; sent again unseen, it could be there twice."""


class Refused(HubError):
    """The other side refuses one delivery for what it is. The message names fields, never their values."""


class Unfit(Refused):
    """A file is none the hub keeps, and asking again would bring the same."""


class BadRecord(HubError):
    """One item is unreadable. ``reason`` says which field and why, and never repeats a personal value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Stop(HubError):
    """A person has to mend something; this connector rests until then, the others go on."""


class BadSetting(Stop):
    """A setting is wrong or missing; the message names it and says how to mend it."""


class TooMany(HubError):
    """A budget is used up; ``after`` is in how many whole seconds, at least 1, there is some again."""

    def __init__(self, reason: str, after: int) -> None:
        super().__init__(reason)
        self.after = after


class Forbidden(HubError):
    """The viewer lacks ``scope``."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope {scope}.")
        self.scope = scope


class NoPurpose(Forbidden):
    """The viewer has ``scope``, and has to say what for: one of ``purposes``, as the header has them."""

    def __init__(self, scope: str, purposes: Sequence[str]) -> None:
        super().__init__(scope)
        self.purposes = tuple(purposes)

    def __str__(self) -> str:
        return f"Say in the header Hub-Purpose what you read this for: {', '.join(self.purposes)}."
