"""What the licensing app declares as a register."""

from __future__ import annotations

from hub.connectors.perizinan.connector import Perizinan
from hub.connectors.perizinan.register import REGISTER
from hub.connectors.perizinan.settings import PerizinanSettings
from hub.connectors.perizinan.statuses import LOST_IN_CODE, WITHOUT_CODE
from hub.kinds import PermitStatus


def test_every_status_is_shown_as_it_is_or_declared_as_lost() -> None:
    assert {PermitStatus(status) for status in REGISTER.shows} == set(PermitStatus) - WITHOUT_CODE
    changed = {status for status, shown in REGISTER.shows.items() if status != shown}
    assert changed == {status.value for status in LOST_IN_CODE} == {"WARNED"}


def test_the_declaration_is_the_register() -> None:
    assert Perizinan.declaration(PerizinanSettings()).register == REGISTER
    assert REGISTER.creates
