"""Reads the body of an answer: decompression within a limit, and JSON."""

from __future__ import annotations

import json
import math
import zlib
from typing import Any

import httpx

CODING = "gzip"
"""The only content coding that requests accept: its decompressed size can be limited piece by piece."""
_LONGEST_INTEGER = 19
_GZIP = 16 + zlib.MAX_WBITS


class Unreadable(ValueError):
    """The body cannot be decompressed, or is not JSON. The message repeats nothing of the body."""


class TooLarge(Unreadable):
    """The body is larger than the limit."""


async def read(response: httpx.Response, most: int) -> bytes:
    """Return the decompressed body; raise ``TooLarge``, and stop reading, if it exceeds ``most`` bytes."""
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding not in {"", "identity", CODING, f"x-{CODING}"}:
        raise Unreadable("is compressed in a way that was not requested")
    packed = coding.endswith(CODING)
    if not packed and _announced(response) > most:
        raise TooLarge(f"is larger than {most} bytes")
    body, unpacking = bytearray(), zlib.decompressobj(_GZIP)
    async for part in response.aiter_raw():
        body += _unpacked(unpacking, part, most + 1 - len(body)) if packed else part
        if len(body) > most:
            raise TooLarge(f"is larger than {most} bytes")
    if packed and body and not unpacking.eof:
        raise Unreadable("is compressed and incomplete")
    return bytes(body)


def _announced(response: httpx.Response) -> int:
    length = response.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) <= _LONGEST_INTEGER else 0


def _unpacked(unpacking: zlib._Decompress, part: bytes, most: int) -> bytes:
    try:
        return unpacking.decompress(part, most)
    except zlib.error:
        raise Unreadable("cannot be decompressed") from None


def json_of(content: bytes) -> Any:
    """Return the JSON in ``content``, which may begin with a byte order mark; raise ``Unreadable`` if there is none.

    A bad number affects its own value only: NaN, infinity and numbers too large for a column become their text. Of a
    repeated name the last value counts.
    """
    try:
        return json.loads(content, parse_constant=str, parse_float=_float, parse_int=_integer)
    except UnicodeDecodeError:
        raise Unreadable("is not in UTF-8") from None
    except RecursionError:
        raise Unreadable("is nested too deep") from None
    except ValueError:
        raise Unreadable("is not JSON") from None


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= _LONGEST_INTEGER else text
