"""The token of calls: the sums of the contract, the day in Jakarta, and the minutes around midnight."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hub.connectors.oss.tokens import is_token_form, is_valid, token
from tests.connectors.oss.signed_calls import NIB, NOON, NPWP, SETTINGS, TODAY

BY_NPWP = SETTINGS.model_copy(update={"token_form": "npwp"})


def test_the_token_is_that_of_the_contract() -> None:
    assert token(SETTINGS, NIB, TODAY) == "c5a719203592b3e142d46013c43dcb88d60eaaa3"
    assert token(SETTINGS, NPWP, TODAY) == "716e73acb537152bdd0dee7c1088e4202d585e77"


@pytest.mark.parametrize(
    ("now", "day", "valid"),
    [
        (NOON, date(2025, 1, 2), True),
        (NOON, date(2025, 1, 1), False),
        (NOON, date(2025, 1, 3), False),
        (datetime(2025, 1, 1, 17, 0, tzinfo=UTC), date(2025, 1, 2), True),
        (datetime(2025, 1, 1, 17, 4, 59, tzinfo=UTC), date(2025, 1, 1), True),
        (datetime(2025, 1, 1, 17, 6, tzinfo=UTC), date(2025, 1, 1), False),
        (datetime(2025, 1, 1, 16, 56, tzinfo=UTC), date(2025, 1, 2), True),
        (datetime(2025, 1, 1, 16, 54, tzinfo=UTC), date(2025, 1, 2), False),
    ],
)
def test_a_token_holds_on_its_day_and_near_midnight(now: datetime, day: date, valid: bool) -> None:
    assert is_valid(token(SETTINGS, NIB, day), SETTINGS, NIB, NPWP, now) is valid


def test_the_tax_number_signs_only_where_a_setting_says_so() -> None:
    older = token(SETTINGS, NPWP, TODAY)
    assert not is_valid(older, SETTINGS, NIB, NPWP, NOON)
    assert is_valid(older, BY_NPWP, NIB, NPWP, NOON)
    assert is_valid(token(SETTINGS, NIB, TODAY), BY_NPWP, NIB, NPWP, NOON)
    assert not is_valid(token(SETTINGS, "", TODAY), BY_NPWP, NIB, "", NOON)


@pytest.mark.parametrize("received", ["", "x" * 40, "a" * 39, "a" * 41, "ā" * 40])
def test_other_texts_have_not_the_form_of_a_token(received: str) -> None:
    assert not is_token_form(received)
    assert not is_valid(received, SETTINGS, NIB, NPWP, NOON)


def test_upper_case_and_blanks_do_not_matter() -> None:
    received = f" {token(SETTINGS, NIB, TODAY).upper()} "
    assert is_token_form(received)
    assert is_valid(received, SETTINGS, NIB, NPWP, NOON)
