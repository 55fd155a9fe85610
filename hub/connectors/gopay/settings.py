"""The settings of the payment provider (contract L.4), and the key they name."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from hub.connectors.base import ConnectorSettings
from hub.errors import BadSetting


def variable(name: str) -> str:
    """The environment variable of the setting ``name``."""
    return f"HUB_GOPAY_{name.upper()}"


class GopaySettings(ConnectorSettings):
    """Names of contract L.4; all but ``url`` and ``every`` are needed as soon as the provider is called.

    ``private_key_file`` is a PEM file with the RSA key of the token request. The notification settings
    are for what the provider sends to us: ``notify_public_key_file`` its key, ``server_key`` for
    Midtrans' classic form, ``notify_tolerance`` how many seconds a call may be old (contract B.2).
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

    def has(self, name: str) -> bool:
        """Whether the setting ``name`` is set."""
        return bool(self._clear(name))

    def need(self, name: str) -> str:
        """The setting ``name`` in clear, or ``BadSetting`` with the variable to set."""
        text = self._clear(name)
        if not text:
            why = "it is one of the credentials agreed with the payment provider"
            raise BadSetting(f"{variable(name)} is not set; {why}.")
        return text

    def _clear(self, name: str) -> str:
        value = getattr(self, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    def private_key(self) -> RSAPrivateKey:
        """The key that signs token requests; ``BadSetting`` when the file holds no readable RSA key."""
        return private_key(self.need("private_key_file"), "private_key_file")

    def notify_public_key(self) -> RSAPublicKey:
        """The key that notifications are checked with; ``BadSetting`` when the file holds no readable RSA key."""
        name = self.need("notify_public_key_file")
        try:
            key = load_pem_public_key(Path(name).read_bytes())
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            why = f"{name} cannot be read ({type(error).__name__})"
            raise BadSetting(f"HUB_GOPAY_NOTIFY_PUBLIC_KEY_FILE: {why}; set it to a PEM file.") from None
        if not isinstance(key, RSAPublicKey):
            raise BadSetting(f"HUB_GOPAY_NOTIFY_PUBLIC_KEY_FILE: {name} holds no RSA key; the contract asks for one.")
        return key


def private_key(name: str, setting: str) -> RSAPrivateKey:
    """The RSA key in the PEM file ``name``; ``BadSetting`` of ``setting`` when there is none."""
    try:
        key = load_pem_private_key(Path(name).read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadSetting(f"{variable(setting)}: {name} cannot be read ({type(error).__name__}).") from None
    if not isinstance(key, RSAPrivateKey):
        raise BadSetting(f"{variable(setting)}: {name} holds no RSA key; the contract asks for one.")
    return key


def make_key(file: Path) -> None:
    """An RSA key in a new file that only its owner may read, its public half beside it as ``.pub``."""
    key = generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(file.with_suffix(".pub"), public)
    _write(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _write(file: Path, pem: bytes) -> None:
    """A half-written file is never seen under its name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(pem)
    draft.replace(file)
