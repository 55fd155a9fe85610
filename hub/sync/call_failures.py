"""What follows from a failed call to another system: one rule for deliveries of complaints and for decisions.

A refusal waits for a person, wrong settings pause the system, and a call that certainly did nothing is made again
later. After any other failure, an internal error included, it is unknown whether the call has arrived: it is looked up
before it is repeated.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import structlog

from hub.complaints.forwarding import AttemptOutcome, DeliveryState
from hub.errors import ConfigurationError, HubError, OutcomeUnknown, Refused, TryLater
from hub.store import systems
from hub.store.database import Cause, Database

log = structlog.get_logger()

BACKOFF = 1.0
"""Seconds to wait after the first attempt; doubled after each further one."""
MAX_FAILURES = 4
"""Consecutive failures after which a run ends, because further calls would fail as well."""
_UNRESPONSIVE = frozenset({AttemptOutcome.TRY_LATER, AttemptOutcome.NO_RESPONSE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How an attempt failed, and the state in which the next one, or a person, finds it.

    ``wait``: seconds for which the system asked not to be called. ``counts``: whether the attempt uses up the budget.
    ``internal``: the error was the hub's own.
    """

    state: DeliveryState
    outcome: AttemptOutcome
    message: str
    wait: float = 0.0
    counts: bool = True
    internal: bool = False


class CallFailures:
    """The failed calls of one run to one system. A call takes ``timeout`` seconds, and ``max_attempts`` are made."""

    def __init__(self, database: Database, system: str, *, timeout: float, max_attempts: int) -> None:
        self._database, self._system = database, system
        self._timeout, self._max_attempts = timeout, max_attempts
        self._internal: list[Exception] = []

    async def of_call(self, error: Exception, attempts: int) -> Failure:
        """Return what follows from the error of attempt number ``attempts``; pause the system if that is due."""
        if isinstance(error, ConfigurationError):
            return await self._pause(error, DeliveryState.WAITING)
        if isinstance(error, Refused):
            return Failure(state=DeliveryState.BLOCKED, outcome=AttemptOutcome.REFUSED, message=str(error))
        if isinstance(error, TryLater) and not isinstance(error, OutcomeUnknown):
            return self._not_processed(error, attempts)
        return self._failure(error, AttemptOutcome.NO_RESPONSE)

    async def of_look_up(self, error: Exception) -> Failure:
        """Return what follows if the question whether an earlier call has arrived was not answered: ask again."""
        if isinstance(error, ConfigurationError):
            return await self._pause(error, DeliveryState.SENDING)
        return self._failure(error, AttemptOutcome.TRY_LATER)

    def raise_internal(self) -> None:
        """Raise the first internal error, at the end of a run: it is recorded, and interrupted no other call."""
        for error in self._internal:
            raise error

    def _not_processed(self, error: TryLater, attempts: int) -> Failure:
        outcome = AttemptOutcome.TRY_LATER
        if attempts >= self._max_attempts:
            message = f"{attempts} attempts; the last: {error}"
            return Failure(state=DeliveryState.BLOCKED, outcome=outcome, message=message)
        return Failure(state=DeliveryState.WAITING, outcome=outcome, message=str(error), wait=error.after or 0.0)

    def _failure(self, error: Exception, outcome: AttemptOutcome) -> Failure:
        """Return a failure after which it is unknown whether a call has arrived."""
        internal = not isinstance(error, HubError | TimeoutError)
        if internal:
            self._internal.append(error)
            message = f"internal error ({type(error).__name__})"
        else:
            message = str(error) or f"no answer within {self._timeout:g} s"
        wait = (error.after or 0.0) if isinstance(error, TryLater) else 0.0
        return Failure(state=DeliveryState.SENDING, outcome=outcome, message=message, wait=wait, internal=internal)

    async def _pause(self, error: ConfigurationError, state: DeliveryState) -> Failure:
        """Mark the system as stopped: nothing is sent until a pull of it succeeds. The attempt does not count."""
        log.error("system.stopped", system=self._system, error=str(error))
        async with self._database.write(Cause(f"deliver:{self._system}", "worker", "stopped")) as db:
            await systems.mark_stopped(db, self._system, str(error))
        return Failure(state=state, outcome=AttemptOutcome.STOPPED, message=str(error), counts=False)


@dataclass
class RunOutcomes:
    """How often each outcome occurred in a run, and whether the system still responds."""

    counts: Counter[AttemptOutcome] = field(default_factory=Counter)
    _failures: int = 0

    def add(self, outcome: AttemptOutcome) -> None:
        """Count the outcome of an attempt."""
        self.counts[outcome] += 1
        stopped = outcome is AttemptOutcome.STOPPED
        self._failures = MAX_FAILURES if stopped else self._failures + 1 if outcome in _UNRESPONSIVE else 0

    @property
    def is_unresponsive(self) -> bool:
        """Whether several attempts in a row failed, or the system is stopped: no further one is begun."""
        return self._failures >= MAX_FAILURES
