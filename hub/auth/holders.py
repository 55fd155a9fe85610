"""Reporters without an account: ticket and tracking code open the one complaint they belong to.

They come in the header ``Hub-Tracking-Code: LG-2026-000123 XXXX-XXXX-XXXX-XXXX-XXXX``, never in an
address. Wrong ones are counted, by address and by ticket, and soon refused unread.
"""

from __future__ import annotations

from typing import Protocol

from hub.auth import scopes
from hub.complaints.tickets import Ticket, is_tracking_code
from hub.store.complaints import timeline
from hub.store.database import Database
from hub.viewer import Viewer, ViewerKind

HEADER = "hub-tracking-code"
LONGEST = 100
"""Characters of a code with all that people put between them."""
NOBODY = "0"
"""The id that a code is compared with when there is no such complaint, so that it takes as long."""


class Guesses(Protocol):
    """Counts wrong codes, as ``hub.web.rates.Rates`` does. Both raise ``TooMany``."""

    async def tracking(self, address: str, ticket: str) -> None:
        """Ask whether one more may be tried."""

    async def tracking_failed(self, address: str, ticket: str) -> None:
        """One was wrong."""


class Holders:
    """Knows holders of tracking codes; ``secret`` is the key the codes are made with."""

    def __init__(self, database: Database, guesses: Guesses, secret: bytes) -> None:
        self._database, self._guesses, self._secret = database, guesses, secret

    async def of(self, told: str, address: str) -> Viewer | None:
        """The holder who tells a ticket and its code; None for a wrong one. Raises ``TooMany``."""
        first, _, code = told.strip().partition(" ")
        ticket = str(Ticket.parse(first) or "")
        await self._guesses.tracking(address, ticket)
        if not await self._fits(ticket, code):
            await self._guesses.tracking_failed(address, ticket)
            return None
        return Viewer(ViewerKind.HOLDER, f"holder:{ticket}", scopes.HOLDER, ticket=ticket)

    async def _fits(self, ticket: str, code: str) -> bool:
        async with self._database.read() as db:
            complaint_id = await timeline.id_of(db, ticket)
        right = is_tracking_code(code[:LONGEST], NOBODY if complaint_id is None else str(complaint_id), self._secret)
        return right and complaint_id is not None
