"""OSS as the centre's register of permits: what it can be told, and what it shows then (contract oss#agreement)."""

from __future__ import annotations

from dataclasses import replace

from hub.agreement.enums import Side
from hub.agreement.pairs import STATUS as STATUS_FIELD
from hub.agreement.pairs import Register
from hub.connectors.oss.settings import OssSettings
from hub.connectors.oss.statuses import CODE, STATUS
from hub.kinds import PermitStatus

OF_LICENCE = frozenset({"number", "issued_on", "valid_until"})
"""The fields that OSS takes with an issued permit only."""
LICENSED = frozenset({PermitStatus.ISSUED, PermitStatus.PROVISIONAL, PermitStatus.SUSPENDED})
"""Statuses of a permit that was issued: it has a number, which OSS has to know even if the permit is suspended."""

REGISTER = Register(
    side=Side.LEFT,
    shows={status.value: STATUS[code].value for status, code in CODE.items()},
    # A document of OSS does not state the last day of a permit; only a look-up does.
    may_omit=frozenset({"valid_until"}),
    takes=OF_LICENCE | {STATUS_FIELD},
    creates=False,
    lists_all=False,
)
"""With all settings. ``statuses.WITHOUT_CODE`` are the statuses that OSS cannot be told."""


def register_of(settings: OssSettings) -> Register:
    """Return the register with these settings: what nobody can sign is not sent, nor anything without the office."""
    if not settings.instansi:
        return replace(REGISTER, takes=frozenset())
    return REGISTER if settings.signatory else replace(REGISTER, takes=frozenset({STATUS_FIELD}))


def missing_settings(settings: OssSettings) -> list[str]:
    """Return a sentence for each kind of report that is not sent because a setting is missing."""
    if not settings.instansi:
        return ["HUB_OSS_INSTANSI is not set, so nothing that the region decides is reported to OSS"]
    if settings.signatory is None:
        names = ", ".join(f"HUB_OSS_SIGNATORY_{name}" for name in settings.missing_of_signatory)
        return [f"{names} is not set, so the number and days of issued permits are not reported to OSS"]
    return []
