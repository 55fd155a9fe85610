"""The licences that the check accepts, and its message for the others."""

from __future__ import annotations

import pytest

from tools import licences


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [
        ("MIT", True),
        ("AGPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR GPL-2.0-only)", True),
        ("(MIT AND GPL-3.0-only) OR ISC", True),
        ("MIT OR GPL-3.0-only AND GPL-2.0-only", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
    ],
)
def test_an_expression_is_accepted_if_one_can_comply(expression: str, accepted: bool) -> None:
    assert (licences.fault_of("some", expression) is None) is accepted


@pytest.mark.parametrize(
    "licence", ["unknown", "Proprietary, all rights reserved", "(MIT", "MIT OR", "MIT)", "", "(C)\n2020"]
)
def test_what_is_no_known_licence_is_refused(licence: str) -> None:
    fault = licences.fault_of("some", licence)
    assert fault is not None
    assert "\n" not in fault
    assert fault.startswith("some: its licence ")


def test_the_lgpl_is_accepted_of_psycopg_alone() -> None:
    assert licences.fault_of("psycopg", "LGPL-3.0-only") is None
    assert licences.fault_of("some", "LGPL-3.0-only") is not None


def test_a_package_that_is_not_there_is_refused() -> None:
    assert licences.fault_of("no-such-package", licences.declared("no-such-package")) is not None


def test_every_package_the_hub_runs_on_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    assert licences.main() == 0, capsys.readouterr().err
