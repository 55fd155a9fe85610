"""The signatures of SNAP BI as pure functions: RSA for the token and for notifications, HMAC for everything else.

Contracts B.1, B.2 and B.6.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

JAKARTA = timezone(timedelta(hours=7), "WIB")
"""Western Indonesian time, which knows no summer time."""

_STRING_OR_SPACE = re.compile(rb'("(?:[^"\\]|\\.)*+"?)|[ \t\r\n]+', re.DOTALL)
# A string that does not end is taken whole too: anybody may send a body, and to look from each of its quotes
# anew to its end would take minutes.


def timestamp(at: datetime) -> str:
    """``at`` as the contract writes times: 25 characters, no fractions, ``2025-01-02T08:00:00+07:00``."""
    return at.astimezone(JAKARTA).isoformat(timespec="seconds")


def dumped(body: Mapping[str, Any]) -> bytes:
    """``body`` as JSON without insignificant space, in the order of its fields: what is sent is what is signed."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def minified(body: bytes) -> bytes:
    """JSON text without the space between its tokens; nothing else changes, neither order nor escapes."""
    return _STRING_OR_SPACE.sub(lambda match: match[1] or b"", body)


def string_to_sign(method: str, endpoint: str, token: str, body: bytes, at: str) -> str:
    """``METHOD:endpoint:token:hash:timestamp``: ``endpoint`` with its query, ``body`` minified or empty."""
    return f"{method.upper()}:{endpoint}:{token}:{hashlib.sha256(body).hexdigest()}:{at}"


def symmetric_signature(secret: str, method: str, endpoint: str, token: str, body: bytes, at: str) -> str:
    """Base64 of HMAC-SHA512 over ``string_to_sign``: X-SIGNATURE of every call with a token."""
    signed = string_to_sign(method, endpoint, token, body, at)
    return base64.b64encode(hmac.digest(secret.encode(), signed.encode(), "sha512")).decode()


def is_symmetric_signature(
    signature: str, secret: str, method: str, endpoint: str, token: str, body: bytes, at: str
) -> bool:
    """Whether ``signature`` covers the call, with ``body`` as it was received or minified."""
    return any(
        hmac.compare_digest(signature.encode(), symmetric_signature(secret, method, endpoint, token, form, at).encode())
        for form in (body, minified(body))
    )


def asymmetric_signature(key: RSAPrivateKey, client_key: str, at: str) -> str:
    """Base64 of SHA256withRSA over ``client key|timestamp``: X-SIGNATURE of the token request."""
    return _signed(key, f"{client_key}|{at}")


def is_asymmetric_signature(signature: str, key: RSAPublicKey, client_key: str, at: str) -> bool:
    """Whether the holder of ``key`` signed this token request."""
    return _is_signed(signature, key, f"{client_key}|{at}")


def notice_signature(key: RSAPrivateKey, method: str, endpoint: str, body: bytes, at: str) -> str:
    """Base64 of SHA256withRSA over ``METHOD:endpoint:hash:timestamp``: X-SIGNATURE of a notification."""
    return _signed(key, notice_to_sign(method, endpoint, minified(body), at))


def is_notice_signature(signature: str, key: RSAPublicKey, method: str, endpoint: str, body: bytes, at: str) -> bool:
    """Whether the holder of ``key`` signed this notification, with ``body`` as it was received or minified."""
    # What is minified already is checked once; a dict keeps the order, so the raw bytes come first.
    forms = dict.fromkeys((body, minified(body)))
    return any(_is_signed(signature, key, notice_to_sign(method, endpoint, form, at)) for form in forms)


def notice_to_sign(method: str, endpoint: str, body: bytes, at: str) -> str:
    """What a notification's signature covers; there is no token in it. ``endpoint`` is the whole path as called."""
    return f"{method.upper()}:{endpoint}:{hashlib.sha256(body).hexdigest()}:{at}"


def _signed(key: RSAPrivateKey, said: str) -> str:
    return base64.b64encode(key.sign(said.encode(), PKCS1v15(), SHA256())).decode()


def _is_signed(signature: str, key: RSAPublicKey, said: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), said.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
