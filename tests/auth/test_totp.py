"""Time-based one-time codes, with the vectors of RFC 6238."""

from __future__ import annotations

import base64

import pytest

from hub.auth import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(at: int, code: str) -> None:
    assert totp.code(SECRET, at // 30) == code[2:]
    assert totp.find_step(SECRET, f" {code[2:5]} {code[5:]}", at) == at // 30


@pytest.mark.parametrize(("away", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_one_step_off(away: int, fits: bool) -> None:
    code = totp.code(SECRET, 1_800_000_000 // 30)
    assert (totp.find_step(SECRET, code, 1_800_000_000 + away) == 60_000_000) is fits


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "\uff11" * 6, "\ud800", "0" * 10_000])
def test_what_is_no_code(typed: str) -> None:
    assert totp.find_step(SECRET, typed, 59) is None


def test_secrets_and_recovery_codes_are_long_and_differ() -> None:
    assert len({totp.generate_secret() for _ in range(50)}) == 50
    assert len(base64.b32decode(totp.generate_secret())) == 20
    codes = totp.generate_recovery_codes()
    assert len({*codes}) == 10
    assert {len(totp.normalize_recovery_code(code)) for code in codes} == {16}
    assert totp.normalize_recovery_code(f" {codes[0].lower().replace('-', ' ')}\n") == codes[0].replace("-", "")


def test_the_address_for_apps_is_escaped() -> None:
    uri = totp.provisioning_uri("ABC", "Simpul", "siti@dinas.go.id")
    assert uri == "otpauth://totp/Simpul:siti%40dinas.go.id?secret=ABC&issuer=Simpul"
