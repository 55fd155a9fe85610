"""Secrets and signatures of webhooks, as the specification of Standard Webhooks 1.0 has them.

A symmetric secret is ``whsec_`` and the base64 of its bytes, and signs as ``v1`` (HMAC-SHA256). An asymmetric key signs
as ``v1a`` (Ed25519); its public half is ``whpk_`` and base64. What is signed is ``id.timestamp.body``.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_PREFIX, PUBLIC_PREFIX = "whsec_", "whpk_"
SECRET_BYTES = 32
MAX_SECRETS = 3
"""How many symmetric secrets sign at once, at most: the latest ones."""
OVERLAP = timedelta(days=1)
"""How long an earlier secret signs as well after a rotation, unless its client asks for another time."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret in its text form, and when it ends; the latest one has no end."""

    text: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SigningSecrets:
    """The secrets of a webhook, the latest first; ``private_keys`` are the seeds of its Ed25519 keys, if it has any."""

    secrets: tuple[Secret, ...]
    private_keys: tuple[Secret, ...] = ()

    @classmethod
    def generate(cls, *, asymmetric: bool) -> Self:
        """Return a new secret, and if ``asymmetric`` a new key."""
        return cls((_new_secret(),), (_new_key(),) if asymmetric else ())

    @property
    def public_key(self) -> str | None:
        """The public half of the latest asymmetric key."""
        return public_half(self.private_keys[0].text) if self.private_keys else None

    def rotate(self, now: datetime, overlap: timedelta, *, asymmetric: bool) -> Self:
        """Return new secrets; the earlier ones go on signing until ``now`` + ``overlap``."""
        keys = _ending(self.private_keys, now, overlap)
        return type(self)(
            (_new_secret(), *_ending(self.secrets, now, overlap))[:MAX_SECRETS],
            (_new_key(), *keys)[:MAX_SECRETS] if asymmetric else keys[:MAX_SECRETS],
        )

    def sign(self, message_id: str, now: datetime, body: bytes) -> str:
        """Return the header ``webhook-signature``: a signature with each secret that is valid, separated by spaces."""
        content = f"{message_id}.{int(now.timestamp())}.".encode() + body
        macs = [hmac.digest(_decoded(each.text), content, "sha256") for each in _valid(self.secrets, now)]
        signatures = [_key_of(each.text).sign(content) for each in _valid(self.private_keys, now)]
        return " ".join([*(f"v1,{_encoded(mac)}" for mac in macs), *(f"v1a,{_encoded(each)}" for each in signatures)])

    def proves(self, challenge: str, signature: str) -> bool:
        """Return whether ``signature`` is that of ``challenge`` with one of the secrets, as ``v1,`` and base64."""
        macs = (hmac.digest(_decoded(each.text), challenge.encode(), "sha256") for each in self.secrets)
        return any(hmac.compare_digest(f"v1,{_encoded(mac)}".encode(), signature.encode()) for mac in macs)

    def to_json(self) -> dict[str, Any]:
        """Return the secrets for encryption."""
        return {
            name: [{"text": each.text, "until": each.until and each.until.isoformat()} for each in values]
            for name, values in (("secrets", self.secrets), ("private_keys", self.private_keys))
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return what ``to_json`` stored."""
        return cls(*(tuple(map(_read, stored[name])) for name in ("secrets", "private_keys")))


def public_half(private_key: str) -> str:
    """Return the public key (``whpk_``) of a private one."""
    return PUBLIC_PREFIX + _encoded(_key_of(private_key).public_key().public_bytes_raw())


def _read(stored: Mapping[str, Any]) -> Secret:
    return Secret(stored["text"], datetime.fromisoformat(stored["until"]) if stored["until"] else None)


def _new_secret() -> Secret:
    return Secret(SECRET_PREFIX + _encoded(secrets.token_bytes(SECRET_BYTES)))


def _new_key() -> Secret:
    return Secret(_encoded(Ed25519PrivateKey.generate().private_bytes_raw()))


def _ending(earlier: tuple[Secret, ...], now: datetime, overlap: timedelta) -> tuple[Secret, ...]:
    ends = now + overlap
    return tuple(Secret(each.text, min(each.until or ends, ends)) for each in _valid(earlier, now))


def _valid(all_: tuple[Secret, ...], now: datetime) -> list[Secret]:
    return [each for each in all_ if each.until is None or now < each.until]


def _key_of(text: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text))


def _decoded(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX))


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
