"""Tickets have one spelling; tracking codes are derived, accepted in any spelling, and valid for one complaint only."""

from __future__ import annotations

import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.complaints.tickets import Ticket, is_tracking_code, tracking_code

KEY = b"a key of thirty-two bytes, no less"
CODE = tracking_code("complaint-1", KEY)


@pytest.mark.parametrize(
    ("ticket", "text"),
    [
        (Ticket(2026, 123), "LG-2026-000123"),
        (Ticket(2026, 999_999), "LG-2026-999999"),
        (Ticket(2026, 1_000_000), "LG-2026-1000000"),
    ],
)
def test_a_ticket_has_at_least_six_digits(ticket: Ticket, text: str) -> None:
    assert str(ticket) == text
    assert Ticket.parse(text) == ticket


@pytest.mark.parametrize("typed", ["lg-2026-000123", "  LG-2026-000123\n", "#LG-2026-000123"])
def test_a_ticket_is_read_as_people_type_it(typed: str) -> None:
    assert Ticket.parse(typed) == Ticket(2026, 123)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "LG-2026-123",
        "LG-26-000123",
        "LG-2026-000000",
        "LG-2026-0000123",
        "LB-2026-000123",
        "LG-2026-00012٣",
        "LG2026000123",
        "LG-2026-" + "9" * 5000,
    ],
)
def test_what_is_no_ticket_is_none(typed: str) -> None:
    assert Ticket.parse(typed) is None


@given(st.integers(2013, 9999), st.integers(1, 10**9))
def test_every_ticket_reads_back(year: int, number: int) -> None:
    assert Ticket.parse(str(Ticket(year, number))) == (year, number)


def test_a_tracking_code_is_a_hundred_bits_of_hmac_in_fours() -> None:
    digest = hmac.new(KEY, b"tracking-code:complaint-1", hashlib.sha256).digest()
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    bits = "".join(f"{byte:08b}" for byte in digest)
    expected = "".join(alphabet[int(bits[at : at + 5], 2)] for at in range(0, 100, 5))
    assert CODE.replace("-", "") == expected
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}", CODE)


def test_a_tracking_code_depends_on_the_complaint_alone() -> None:
    assert tracking_code("complaint-1", KEY) == CODE
    assert tracking_code("complaint-2", KEY) != CODE
    assert tracking_code("complaint-1", KEY[::-1]) != CODE


@pytest.mark.parametrize(
    "spelling", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code} ".replace("-", " – ")]
)
def test_case_spaces_and_dashes_do_not_matter(spelling: object) -> None:
    assert callable(spelling)
    assert is_tracking_code(spelling(CODE), "complaint-1", KEY)


@pytest.mark.parametrize(("typed", "meant"), [("O", "0"), ("o", "0"), ("I", "1"), ("l", "1"), ("U", "V")])
def test_look_alike_letters_are_taken_for_what_they_look_like(typed: str, meant: str) -> None:
    complaint = next(str(i) for i in range(1000) if meant in tracking_code(str(i), KEY))
    assert is_tracking_code(tracking_code(complaint, KEY).replace(meant, typed), complaint, KEY)


@pytest.mark.parametrize("typed", ["", CODE[:-1], CODE + "0", "\ud800", "ＡＢＣＤ", tracking_code("complaint-2", KEY)])
def test_another_code_does_not_open_it(typed: str) -> None:
    assert not is_tracking_code(typed, "complaint-1", KEY)


@given(st.integers(0, 23))
def test_one_wrong_character_does_not_open_it(place: int) -> None:
    if CODE[place] != "-":
        wrong = "A" if CODE[place] != "A" else "B"
        assert not is_tracking_code(CODE[:place] + wrong + CODE[place + 1 :], "complaint-1", KEY)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes or more, not 5"):
        tracking_code("complaint-1", b"short")
