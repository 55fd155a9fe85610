"""Authenticates reporters without an account: ticket and tracking code give access to the one complaint.

They are sent in the header ``Hub-Tracking-Code: LG-2026-000123 XXXX-XXXX-XXXX-XXXX-XXXX``, never in a URL. Wrong codes
are counted by address and by ticket, and refused unchecked above a limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.auth import scopes
from hub.complaints.tickets import Ticket, is_tracking_code
from hub.store.complaints import tracking_codes
from hub.store.database import Database
from hub.viewer import Viewer, ViewerKind

HEADER = "hub-tracking-code"
MAX_LENGTH = 100
"""The maximum length of a code with its separators."""
DUMMY_SEED = "0"
"""The seed that a code is compared with if there is no such complaint, so that it takes the same time."""


class AttemptLimits(Protocol):
    """Limits wrong codes, as ``hub.web.rate_limits.RateLimiter`` does. Both methods raise ``RateLimited``."""

    async def tracking(self, address: str, ticket: str) -> None:
        """Check whether another attempt is allowed."""

    async def tracking_failed(self, address: str, ticket: str) -> None:
        """Count a wrong code."""


class TrackingCodes:
    """Authenticates holders of tracking codes; ``secret`` is the key that the codes are derived from."""

    def __init__(self, database: Database, attempts: AttemptLimits, secret: bytes) -> None:
        self._database, self._attempts, self._secret = database, attempts, secret

    async def authenticate(self, header: str, address: str) -> Viewer | None:
        """Return the holder for a header with ticket and code; None for a wrong code. Raises ``RateLimited``."""
        first, _, code = header.strip().partition(" ")
        ticket = str(Ticket.parse(first) or "")
        await self._attempts.tracking(address, ticket)
        if not await self._is_correct(ticket, code):
            await self._attempts.tracking_failed(address, ticket)
            return None
        return Viewer(ViewerKind.HOLDER, f"holder:{ticket}", scopes.TRACKING_CODE_SCOPES, ticket=ticket)

    async def seeds(self, tickets: Sequence[str]) -> dict[str, str]:
        """Return what the valid codes of these tickets are derived from."""
        async with self._database.read() as db:
            return await tracking_codes.active_seeds(db, tickets)

    async def _is_correct(self, ticket: str, code: str) -> bool:
        async with self._database.read() as db:
            seed = await tracking_codes.active_seed(db, ticket)
        correct = is_tracking_code(code[:MAX_LENGTH], seed or DUMMY_SEED, self._secret)
        return correct and seed is not None
