"""What OSS declares as a register, which depends on its settings."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from hub.connectors.oss.connector import Oss
from hub.connectors.oss.register import OF_LICENCE, REGISTER, missing_settings
from hub.connectors.oss.settings import OssSettings, Signatory
from hub.connectors.oss.statuses import LOST_IN_STATUS, STATUS, WITHOUT_CODE
from hub.contract import Coverage
from hub.kinds import PermitStatus

OFFICIAL = {"signatory_name": "Pejabat Rekaan", "signatory_number": "1", "signatory_position": "Kepala"}


def settings(**given: Any) -> OssSettings:
    return OssSettings(**{"instansi": "3300000000", **OFFICIAL, **given})


def test_every_status_is_shown_as_it_is_or_declared_as_lost() -> None:
    assert {PermitStatus(status) for status in REGISTER.shows} == set(PermitStatus) - WITHOUT_CODE
    assert all(status == shown for status, shown in REGISTER.shows.items())
    assert LOST_IN_STATUS.keys() < STATUS.keys()


def test_with_all_settings_everything_is_taken() -> None:
    declared = Oss.declaration(settings())
    assert (declared.register, declared.coverage) == (REGISTER, Coverage.KNOWN_ONLY)
    assert missing_settings(settings()) == []


@pytest.mark.parametrize("part", ["name", "number", "position"])
def test_without_a_signatory_only_the_status_is_taken(part: str) -> None:
    lacking = settings(**{f"signatory_{part}": ""})
    declared = Oss.declaration(lacking).register
    assert declared
    assert declared.takes == {"status"} == REGISTER.takes - OF_LICENCE
    assert declared.shows == REGISTER.shows
    (sentence,) = missing_settings(lacking)
    assert sentence.startswith(f"HUB_OSS_SIGNATORY_{part.upper()} is not set, so ")


def test_without_the_office_nothing_is_taken() -> None:
    declared = Oss.declaration(settings(instansi="")).register
    assert declared
    assert declared.takes == frozenset()
    assert missing_settings(settings(instansi="")) == [
        "HUB_OSS_INSTANSI is not set, so nothing that the region decides is reported to OSS"
    ]


def test_the_signatory_is_complete_or_missing() -> None:
    assert settings().signatory == Signatory(name="Pejabat Rekaan", number="1", position="Kepala")
    assert OssSettings().missing_of_signatory == ["NAME", "NUMBER", "POSITION"]


@pytest.mark.parametrize(("part", "most"), [("number", 25), ("position", 150)])
def test_a_signatory_that_oss_would_refuse_is_a_wrong_setting(part: str, most: int) -> None:
    settings(**{f"signatory_{part}": "9" * most})
    with pytest.raises(ValidationError):
        settings(**{f"signatory_{part}": "9" * (most + 1)})
