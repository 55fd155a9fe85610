"""The signatures of SNAP BI as pure functions: RSA for the token and for notifications, HMAC for everything else.

Contract gopay#access-token, gopay#signed-requests, gopay#notifications.
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
"""Western Indonesian time, which has no daylight saving time."""

_STRING_OR_SPACE = re.compile(rb'("(?:[^"\\]|\\.)*+"?)|[ \t\r\n]+', re.DOTALL)
# An unterminated string matches as a whole too: otherwise the search for its end would restart at each quote, and
# take minutes for a malicious body.


def timestamp(at: datetime) -> str:
    """Format ``at`` as the contract writes times: 25 characters, no fractions, ``2025-01-02T08:00:00+07:00``."""
    return at.astimezone(JAKARTA).isoformat(timespec="seconds")


def dumped(body: Mapping[str, Any]) -> bytes:
    """Return ``body`` as JSON without insignificant space, in the order of its fields: the bytes to sign and send."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def minified(body: bytes) -> bytes:
    """Return JSON text without space between its tokens; order and escapes do not change."""
    return _STRING_OR_SPACE.sub(lambda match: match[1] or b"", body)


def string_to_sign(method: str, endpoint: str, token: str, body: bytes, at: str) -> str:
    """Return ``METHOD:endpoint:token:hash:timestamp``: ``endpoint`` with its query, ``body`` minified or empty."""
    return f"{method.upper()}:{endpoint}:{token}:{hashlib.sha256(body).hexdigest()}:{at}"


def symmetric_signature(secret: str, method: str, endpoint: str, token: str, body: bytes, at: str) -> str:
    """Return Base64 of HMAC-SHA512 over ``string_to_sign``: X-SIGNATURE of every call with a token."""
    signed = string_to_sign(method, endpoint, token, body, at)
    return base64.b64encode(hmac.digest(secret.encode(), signed.encode(), "sha512")).decode()


def is_symmetric_signature(
    signature: str, secret: str, method: str, endpoint: str, token: str, body: bytes, at: str
) -> bool:
    """Return whether ``signature`` covers the call, with ``body`` as received or minified."""
    return any(
        hmac.compare_digest(signature.encode(), symmetric_signature(secret, method, endpoint, token, form, at).encode())
        for form in (body, minified(body))
    )


def asymmetric_signature(key: RSAPrivateKey, client_key: str, at: str) -> str:
    """Return Base64 of SHA256withRSA over ``client key|timestamp``: X-SIGNATURE of the token request."""
    return _sign(key, f"{client_key}|{at}")


def is_asymmetric_signature(signature: str, key: RSAPublicKey, client_key: str, at: str) -> bool:
    """Return whether the holder of ``key`` signed this token request."""
    return _verify(signature, key, f"{client_key}|{at}")


def notification_signature(key: RSAPrivateKey, method: str, endpoint: str, body: bytes, at: str) -> str:
    """Return Base64 of SHA256withRSA over ``METHOD:endpoint:hash:timestamp``: X-SIGNATURE of a notification."""
    return _sign(key, notification_to_sign(method, endpoint, minified(body), at))


def is_notification_signature(
    signature: str, key: RSAPublicKey, method: str, endpoint: str, body: bytes, at: str
) -> bool:
    """Return whether the holder of ``key`` signed this notification, with ``body`` as received or minified."""
    # A body that is already minified is verified once; a dict keeps the order, so the raw bytes come first.
    forms = dict.fromkeys((body, minified(body)))
    return any(_verify(signature, key, notification_to_sign(method, endpoint, form, at)) for form in forms)


def notification_to_sign(method: str, endpoint: str, body: bytes, at: str) -> str:
    """Return what the signature of a notification covers, without a token; ``endpoint`` is the path as called."""
    return f"{method.upper()}:{endpoint}:{hashlib.sha256(body).hexdigest()}:{at}"


def _sign(key: RSAPrivateKey, text: str) -> str:
    return base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


def _verify(signature: str, key: RSAPublicKey, text: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), text.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
