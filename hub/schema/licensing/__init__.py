"""The part ``licensing``: businesses and their permits, without the people behind them."""

from __future__ import annotations

from hub.kinds import (
    BusinessScale,
    BusinessStatus,
    LegalForm,
    PermitAuthority,
    PermitClock,
    PermitSector,
    PermitStatus,
)
from hub.schema.nodes import code_enum
from hub.schema.part import Part

part = Part("licensing", "Businesses and their permits.")

SCOPE = "licensing:read"
"""The scope that is required to see businesses and permits."""

for _codes, _description in (
    (PermitStatus, "The status of a permit, the same for all systems; new values may be added."),
    (PermitClock, "Whether the time that the office has for a permit is running."),
    (PermitSector, "What a permit is for."),
    (PermitAuthority, "The level of government that decides a permit."),
    (BusinessScale, "The size of a business."),
    (BusinessStatus, "The status of a business in the national register; new values may be added."),
    (LegalForm, "The legal form of a business."),
):
    code_enum(_codes, _description)
