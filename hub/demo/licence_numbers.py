"""The made-up numbers of businesses and permits, and the way back (contract reference-data#identity-numbers).

Numbers that a real business could have do not occur: a NIB begins with 3399 (no such region), an NPWP with 99. The
last digits of a number hold the place of its owner in the demo world, so that nothing needs an index.
"""

from __future__ import annotations

import re
from datetime import datetime

from hub.demo.months import JAKARTA

_NIB, _NPWP = re.compile(r"3399(\d{9})", re.ASCII), re.compile(r"99(\d{6})\d999000", re.ASCII)
_PERMIT = re.compile(r"I-\d*(\d{7})", re.ASCII)


def nib(business: int) -> str:
    """Return the 13 digits of a business's NIB."""
    return f"3399{business:09}"


def npwp(business: int) -> str:
    """Return the 15 digits of a business's NPWP; the ninth is a Luhn digit."""
    digits = f"99{business:06}"
    return f"{digits}{_luhn(digits)}999000"


def business_of_nib(text: str) -> int | None:
    """Return the business that would have this NIB."""
    return int(found[1]) if (found := _NIB.fullmatch(text)) else None


def business_of_npwp(text: str) -> int | None:
    """Return the business that would have this NPWP."""
    return int(found[1]) if (found := _NPWP.fullmatch(text)) and npwp(int(found[1])) == text else None


def oss_id(business: int, at: datetime) -> str:
    """Return ``P-`` and 21 digits, the time first."""
    return f"P-{_stamp(at)}{business:07}"


def project_id(business: int, place: int, at: datetime) -> str:
    """Return ``R-`` and 21 digits of the business's project number ``place``."""
    return f"R-{_stamp(at)}{business:06}{place}"


def permit_id(permit: int, at: datetime) -> str:
    """Return ``I-`` and 21 digits; of five hundred one has 13 characters in all, and another one 30."""
    if permit % 500 == 77:
        return f"I-{at.astimezone(JAKARTA):%y%m}{permit:07}"
    if permit % 500 == 277:
        return f"I-{_stamp(at)}0000000{permit:07}"
    return f"I-{_stamp(at)}{permit:07}"


def permit_of_id(text: str) -> int | None:
    """Return the permit that may have this id."""
    return int(found[1]) if (found := _PERMIT.fullmatch(text)) else None


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(JAKARTA):%Y%m%d%H%M%S}"


def _luhn(digits: str) -> int:
    """Return the digit that makes ``digits`` with it pass the Luhn check."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10
