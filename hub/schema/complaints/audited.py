"""The audit events of mutations of complaints: which mutations are recorded, and with which details."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.workflow import Refusal, RefusalCode
from hub.store import audit
from hub.store.idempotency import Completed
from hub.viewer import Viewer, ViewerKind

ACTIONS: Mapping[str, str] = {
    "verifyComplaint": "complaints:verify",
    "assignComplaint": "complaints:assign",
    "respondToComplaint": "complaints:respond",
    "closeComplaint": "complaints:close",
    "replyToComplaint": "complaints:reply",
    "reopenComplaint": "complaints:reopen",
    "rateComplaint": "complaints:rate",
    "forwardComplaint": "complaints:forward",
    "resolveConflict": "conflicts:resolve",
    "resolveClaim": "claims:resolve",
}
"""Maps mutations to audit actions.

Mutations of tracking codes and deliveries are missing: the store records them, because commands change them too.
"""

_IDS = frozenset({"target", "agency_code", "system", "report"})


async def record(
    db: AsyncConnection, viewer: Viewer, mutation: str, params: Mapping[str, Any], outcome: object
) -> None:
    """Record an action of an officer on a complaint, or an attempt by somebody without the required role.

    Actions of reporters on their own complaints are recorded only in the timeline.
    """
    if mutation not in ACTIONS:
        return
    if isinstance(outcome, Completed) and viewer.kind is ViewerKind.OFFICER:
        await audit.record(db, ACTIONS[mutation], f"complaint:{outcome.ticket}", **_details(params))
    elif isinstance(outcome, Refusal) and outcome.code is RefusalCode.WRONG_ROLE:
        await audit.record(db, ACTIONS[mutation], f"complaint:{params['ticket']}", refused=True)


def _details(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the codes and ids of an input, never its free text."""
    codes = {name: value.value for name, value in params.items() if isinstance(value, Enum)}
    return codes | {name: params[name] for name in _IDS & params.keys() if params[name] is not None}
