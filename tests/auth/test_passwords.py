"""The work of hashing a password (RFC 9106, section 4)."""

from __future__ import annotations

import pytest
from argon2 import Type, extract_parameters
from argon2.exceptions import VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from hub.auth import passwords

HASHER, NOBODYS = passwords._HASHER, passwords._DUMMY_HASH
"""The parameters outside of tests."""


def test_hashing_costs_what_the_rfc_recommends_for_any_user() -> None:
    of_nobody = extract_parameters(NOBODYS)
    assert of_nobody == extract_parameters(HASHER.hash("kata sandi yang panjang"))
    assert of_nobody.type is Type.ID
    assert of_nobody.time_cost >= RFC_9106_LOW_MEMORY.time_cost
    assert of_nobody.memory_cost >= RFC_9106_LOW_MEMORY.memory_cost
    assert of_nobody.parallelism >= RFC_9106_LOW_MEMORY.parallelism


def test_the_hash_of_nobody_is_compared_to_the_end() -> None:
    with pytest.raises(VerifyMismatchError):
        HASHER.verify(NOBODYS, "kata sandi yang panjang")


async def test_a_hash_with_less_work_is_dated() -> None:
    assert HASHER.check_needs_rehash(await passwords.hash_password("kata sandi yang panjang"))
    assert not HASHER.check_needs_rehash(NOBODYS)
