"""The settings of the payment provider (contract shared#transport), and its keys."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from hub.connectors.base import ConnectorSettings
from hub.errors import BadSetting


def variable(name: str) -> str:
    """Return the environment variable of the setting ``name``."""
    return f"HUB_GOPAY_{name.upper()}"


class GopaySettings(ConnectorSettings):
    """``HUB_GOPAY_*``; all but ``url`` and ``every`` are required for calls to the provider.

    ``private_key_file`` is a PEM file with the RSA key of the token request. The notification settings
    are for calls of the provider to the hub: ``notify_public_key_file`` is its key, ``server_key`` is for Midtrans'
    classic form, ``status_url`` is the base URL of Midtrans' Core API for inquiries about calls in that form (``url``
    by default), and ``notify_tolerance`` is how many seconds old a call may be.
    """

    model_config = SettingsConfigDict(env_prefix="HUB_GOPAY_")

    client_key: str = ""
    private_key_file: str = ""
    client_secret: SecretStr = SecretStr("")
    partner_id: str = ""
    channel_id: str = ""
    notify_public_key_file: str = ""
    notify_tolerance: float = 120
    server_key: SecretStr = SecretStr("")
    status_url: str = ""

    def has(self, name: str) -> bool:
        """Return whether the setting ``name`` is set."""
        return bool(self._clear(name))

    def need(self, name: str) -> str:
        """Return the setting ``name`` in clear; raise ``BadSetting`` with the variable if it is not set."""
        text = self._clear(name)
        if not text:
            why = "it is one of the credentials agreed with the payment provider"
            raise BadSetting(f"{variable(name)} is not set; {why}.")
        return text

    def _clear(self, name: str) -> str:
        value = getattr(self, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    def private_key(self) -> RSAPrivateKey:
        """Return the key that signs token requests; raise ``BadSetting`` if the file has no readable RSA key."""
        return private_key(self.need("private_key_file"), "private_key_file")

    def notify_public_key(self) -> RSAPublicKey:
        """Return the key that verifies notifications; raise ``BadSetting`` if the file has no readable RSA key."""
        name = self.need("notify_public_key_file")
        try:
            key = load_pem_public_key(Path(name).read_bytes())
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            why = f"{name} cannot be read ({type(error).__name__})"
            raise BadSetting(f"HUB_GOPAY_NOTIFY_PUBLIC_KEY_FILE: {why}; set it to a PEM file.") from None
        if not isinstance(key, RSAPublicKey):
            raise BadSetting(f"HUB_GOPAY_NOTIFY_PUBLIC_KEY_FILE: {name} has no RSA key; the contract requires one.")
        return key


def private_key(name: str, setting: str) -> RSAPrivateKey:
    """Return the RSA key in the PEM file ``name``; raise ``BadSetting`` for ``setting`` if there is none."""
    try:
        key = _loaded(Path(name).read_bytes())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadSetting(f"{variable(setting)}: {name} cannot be read ({type(error).__name__}).") from None
    if not isinstance(key, RSAPrivateKey):
        raise BadSetting(f"{variable(setting)}: {name} has no RSA key; the contract requires one.")
    return key


@lru_cache(maxsize=4)
def _loaded(pem: bytes) -> PrivateKeyTypes:
    """Return the key in ``pem``; cached, because OpenSSL checks an RSA key for primes each time, for 50 ms."""
    return load_pem_private_key(pem, password=None)
