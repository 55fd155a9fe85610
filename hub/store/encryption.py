"""Encryption of personal data at rest with AES-GCM, and keyed hashes to look it up by.

The first of ``HUB_PII_KEYS`` encrypts, all of them decrypt. The key of the hashes is derived from the hub's secret key,
so that a hash cannot be reversed by trying every telephone number.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import ConfigurationError

KEY_ID_LENGTH = 4
"""Length in bytes of the key id at the beginning of a ciphertext."""
_NONCE = 12


class FieldCipher:
    """A cipher for fields that identify a person.

    ``keys`` have 32 bytes each. A ciphertext begins with the key id (the first ``KEY_ID_LENGTH`` bytes of the key's
    SHA-256, authenticated with the content) and a nonce.
    """

    def __init__(self, keys: Sequence[bytes], secret: bytes) -> None:
        self._keys = {hashlib.sha256(key).digest()[:KEY_ID_LENGTH]: AESGCM(key) for key in keys}
        self.key_id = next(iter(self._keys))
        self._hash_key = hmac.digest(secret, b"personal-key-hash", "sha256")

    @property
    def older_key_ids(self) -> tuple[bytes, ...]:
        """The ids of the keys that only decrypt."""
        return tuple(key_id for key_id in self._keys if key_id != self.key_id)

    def encrypt(self, value: Mapping[str, Any], context: str = "") -> bytes:
        """Return ``value`` as JSON, encrypted with the first key and bound to ``context``, such as ``reporters:7``."""
        return self._encrypt(orjson.dumps(value), context)

    def decrypt(self, ciphertext: bytes, context: str = "") -> dict[str, Any]:
        """Return the value; raises ``ConfigurationError`` for an unknown key or another ``context``."""
        value: dict[str, Any] = orjson.loads(self._decrypt(ciphertext, context))
        return value

    def reencrypt(self, ciphertext: bytes, context: str = "") -> bytes:
        """Return the value encrypted with the first key; raises as ``decrypt`` does."""
        return self._encrypt(self._decrypt(ciphertext, context), context)

    def _encrypt(self, content: bytes, context: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return self.key_id + nonce + self._keys[self.key_id].encrypt(nonce, content, self.key_id + context.encode())

    def _decrypt(self, ciphertext: bytes, context: str) -> bytes:
        key_id, nonce, encrypted = (
            ciphertext[:KEY_ID_LENGTH],
            ciphertext[KEY_ID_LENGTH : KEY_ID_LENGTH + _NONCE],
            ciphertext[KEY_ID_LENGTH + _NONCE :],
        )
        if key_id not in self._keys:
            raise ConfigurationError("data was encrypted with a key that is missing in HUB_PII_KEYS; add it again")
        try:
            return self._keys[key_id].decrypt(nonce, encrypted, key_id + context.encode())
        except InvalidTag:
            raise ConfigurationError("encrypted data was changed, or moved to where it does not belong") from None

    def hash(self, name: str, value: str) -> bytes:
        """Return the keyed hash by which a normalised value, such as a telephone number or a NIK, is looked up."""
        return hmac.digest(self._hash_key, f"{name}={value}".encode(), "sha256")
