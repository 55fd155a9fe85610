"""The forms in which OSS answers: its wrappers and types vary within the official document (contract oss#variants)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any
from zlib import crc32

Json = dict[str, Any]
_OTHER_WRAPPERS = {"checkLicenseStatus": ("responcheckStatusLicense", "responsecheckStatusLicense")}


@dataclass(frozen=True, slots=True)
class Form:
    """One form: which of a method's wrappers, whether ``kode`` is a string, and whether ``meta`` is an array."""

    wrapper: int
    text_code: bool
    meta_list: bool

    def body(self, method: str, code: int, explanation: str, payload: Json) -> Json:
        """Return the whole body of an answer."""
        wrappers = (f"respon{method}", *_OTHER_WRAPPERS.get(method, ()))
        return {
            wrappers[self.wrapper % len(wrappers)]: {
                "kode": f"{code}" if self.text_code else code,
                "keterangan": explanation,
                **payload,
            },
            "meta": [] if self.meta_list else {},
        }


FORMS = tuple(Form(*values) for values in product((0, 1, 2), (False, True), (False, True)))
"""Every form; the first is the one that the document declares."""


def form_for(key: str) -> Form:
    """Return the form in which answers about ``key`` come, always the same."""
    return FORMS[one_of(len(FORMS), key, "form")]


def one_of(count: int, key: str, purpose: str) -> int:
    """Return a number below ``count`` that depends on ``key`` alone; for another purpose, another one."""
    return crc32(f"{purpose} {key}".encode()) % count
