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

_NONCE = 12


class Seal:
    """Seals and opens what identifies a person.

    ``keys`` are 32 bytes each. The sealed form is key id (4 bytes of the key's SHA-256), nonce,
    ciphertext; the key id is authenticated with it.
    """

    def __init__(self, keys: Sequence[bytes], secret: bytes) -> None:
        self._keys = {hashlib.sha256(key).digest()[:4]: AESGCM(key) for key in keys}
        self._first = hashlib.sha256(keys[0]).digest()[:4]
        self._hash_key = hmac.digest(secret, b"personal-key-hash", "sha256")

    def seal(self, value: dict[str, str | None], place: str = "") -> bytes:
        """``value`` as JSON, encrypted with the first key; it opens at ``place`` only, such as ``reporters:7``."""
        nonce = os.urandom(_NONCE)
        bound = self._first + place.encode()
        return self._first + nonce + self._keys[self._first].encrypt(nonce, orjson.dumps(value), bound)

    def open(self, sealed: bytes, place: str = "") -> dict[str, str | None]:
        """What ``seal`` was given; raises ``Stop`` when its key is not among ours any more, or it lies elsewhere."""
        key_id, nonce, box = sealed[:4], sealed[4 : 4 + _NONCE], sealed[4 + _NONCE :]
        if key_id not in self._keys:
            raise Stop("a reporter was sealed with a key that HUB_PII_KEYS no longer holds; add it back")
        try:
            opened: dict[str, str | None] = orjson.loads(
                self._keys[key_id].decrypt(nonce, box, key_id + place.encode())
            )
        except InvalidTag:
            raise Stop("a sealed reporter was tampered with, or its key has changed") from None
        return opened

    def hash(self, name: str, value: str) -> bytes:
        """The keyed hash by which a normalised value (a phone number, a NIK) is found."""
        return hmac.digest(self._hash_key, f"{name}={value}".encode(), "sha256")
