"""Time-based one-time passwords (TOTP, RFC 6238): SHA-1, six digits, 30 seconds, as all authenticator apps support."""

from __future__ import annotations

import base64
import hmac
import secrets
from urllib.parse import quote, urlencode

STEP_SECONDS, DIGITS = 30, 6
WINDOW = 1
"""Steps by which a clock may be behind or ahead (RFC 6238, 5.2)."""
SECRET_BYTES = 20
"""The length of the hash (RFC 4226, 4)."""
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10


def generate_secret() -> str:
    """Return a new secret in base32."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code(secret: str, step: int) -> str:
    """Return the code of one step of 30 seconds since 1970 (RFC 4226, 5.3)."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def find_step(secret: str, typed: str, at: float) -> int | None:
    """Return the step near the time ``at`` whose code was typed, or None."""
    code_typed = "".join(typed.split()).encode(errors="replace")
    now = int(at) // STEP_SECONDS
    steps = [step for step in range(now - WINDOW, now + WINDOW + 1) if step >= 0]
    # All are compared, so that the time does not depend on the match.
    matching = [step for step in steps if hmac.compare_digest(code(secret, step).encode(), code_typed)]
    return matching[-1] if matching else None


def provisioning_uri(secret: str, issuer: str, account: str) -> str:
    """Return the URI by which an app on the same device imports the secret."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer})}"


def generate_recovery_codes() -> list[str]:
    """Return recovery codes of 80 random bits, each valid once: ``XXXX-XXXX-XXXX-XXXX``."""
    codes = (base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES))
    return ["-".join(each[at : at + 4] for at in range(0, len(each), 4)) for each in codes]


def normalize_recovery_code(typed: str) -> str:
    """Return a typed recovery code in its stored form: capital letters and digits only."""
    return "".join(character for character in typed[:100].upper() if character.isascii() and character.isalnum())
