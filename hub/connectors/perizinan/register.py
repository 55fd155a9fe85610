"""The app as the region's register of permits: what it can be told, and what it shows then (perizinan#authority)."""

from __future__ import annotations

from hub.agreement.enums import Side
from hub.agreement.pairs import STATUS as STATUS_FIELD
from hub.agreement.pairs import Register
from hub.connectors.perizinan.statuses import CODE, STATUS

REGISTER = Register(
    side=Side.RIGHT,
    shows={status.value: STATUS[code].value for status, code in CODE.items()},
    takes=frozenset({STATUS_FIELD, "number", "issued_on", "valid_until"}),
    creates=True,
)
"""``statuses.LOST_IN_CODE`` is what the app does not learn, and ``statuses.WITHOUT_CODE`` what it has no code for."""
