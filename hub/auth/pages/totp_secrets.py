"""Secrets of authenticator apps: encrypted per user, and checked against a clock."""

from __future__ import annotations

import time
from collections.abc import Callable

from hub.auth import totp
from hub.store.encryption import FieldCipher


class TotpSecrets:
    """``clock`` returns Unix seconds."""

    def __init__(self, cipher: FieldCipher, clock: Callable[[], float] = time.time) -> None:
        self._cipher, self._clock = cipher, clock

    def encrypt(self, user_id: str, secret: str) -> bytes:
        """Return the secret as it is stored."""
        return self._cipher.encrypt({"secret": secret}, f"totp:{user_id}")

    def decrypt(self, user_id: str, ciphertext: bytes) -> str:
        """Return the secret."""
        return str(self._cipher.decrypt(ciphertext, f"totp:{user_id}")["secret"])

    def find_step(self, user_id: str, ciphertext: bytes, typed: str) -> int | None:
        """Return the step whose code was typed, if it is a current one."""
        return totp.find_step(self.decrypt(user_id, ciphertext), typed, self._clock())
