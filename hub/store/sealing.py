"""Personal data at rest: sealed with AES-GCM, found by keyed hash.

The first of ``HUB_PII_KEYS`` seals, all of them open. Hashes use a key derived from the hub's
secret key, so that they cannot be reversed by trying every phone number.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import Stop

KEY_ID = 4
"""Bytes at the begin of what is sealed that tell its key."""
_NONCE = 12


class Seal:
    """Seals and opens what identifies a person.

    ``keys`` are 32 bytes each. The sealed form is key id (``KEY_ID`` bytes of the key's SHA-256), nonce,
    ciphertext; the key id is authenticated with it.
    """

    def __init__(self, keys: Sequence[bytes], secret: bytes) -> None:
        self._keys = {hashlib.sha256(key).digest()[:KEY_ID]: AESGCM(key) for key in keys}
        self.first = next(iter(self._keys))
        self._hash_key = hmac.digest(secret, b"personal-key-hash", "sha256")

    @property
    def older(self) -> tuple[bytes, ...]:
        """The ids of the keys that open only."""
        return tuple(key_id for key_id in self._keys if key_id != self.first)

    def seal(self, value: dict[str, str | None], place: str = "") -> bytes:
        """``value`` as JSON, encrypted with the first key; it opens at ``place`` only, such as ``reporters:7``."""
        return self._lock(orjson.dumps(value), place)

    def open(self, sealed: bytes, place: str = "") -> dict[str, str | None]:
        """What ``seal`` was given; raises ``Stop`` when its key is not among ours any more, or it lies elsewhere."""
        opened: dict[str, str | None] = orjson.loads(self._unlock(sealed, place))
        return opened

    def again(self, sealed: bytes, place: str = "") -> bytes:
        """The same, sealed with the first key; raises as ``open`` does."""
        return self._lock(self._unlock(sealed, place), place)

    def _lock(self, content: bytes, place: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return self.first + nonce + self._keys[self.first].encrypt(nonce, content, self.first + place.encode())

    def _unlock(self, sealed: bytes, place: str) -> bytes:
        key_id, nonce, box = sealed[:KEY_ID], sealed[KEY_ID : KEY_ID + _NONCE], sealed[KEY_ID + _NONCE :]
        if key_id not in self._keys:
            raise Stop("something was sealed with a key that HUB_PII_KEYS no longer holds; add it back")
        try:
            return self._keys[key_id].decrypt(nonce, box, key_id + place.encode())
        except InvalidTag:
            raise Stop("something sealed was tampered with, or lies where it does not belong") from None

    def hash(self, name: str, value: str) -> bytes:
        """The keyed hash by which a normalised value (a phone number, a NIK) is found."""
        return hmac.digest(self._hash_key, f"{name}={value}".encode(), "sha256")
