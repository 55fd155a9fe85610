"""The settings of the payment provider (contract L.4), and the key they name."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from hub.connectors.base import ConnectorSettings
from hub.errors import BadSetting


class GopaySettings(ConnectorSettings):
    """Names of contract L.4; all but ``url`` and ``every`` are needed as soon as the provider is called.

    ``private_key_file`` is a PEM file with the RSA key of the token request. The notification settings
    (``notify_public_key_file``, ``server_key`` for Midtrans' classic form) are for what the provider sends to us.
    """

    model_config = SettingsConfigDict(env_prefix="HUB_GOPAY_")

    client_key: str = ""
    private_key_file: str = ""
    client_secret: SecretStr = SecretStr("")
    partner_id: str = ""
    channel_id: str = ""
    notify_public_key_file: str = ""
    server_key: SecretStr = SecretStr("")

    def need(self, name: str) -> str:
        """The setting ``name`` in clear, or ``BadSetting`` with the variable to set."""
        value = getattr(self, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        if not text:
            raise BadSetting(
                f"HUB_GOPAY_{name.upper()} is not set; it is one of the credentials agreed with the payment provider."
            )
        return text

    def private_key(self) -> RSAPrivateKey:
        """The key that signs token requests; ``BadSetting`` when the file holds no readable RSA key."""
        name = self.need("private_key_file")
        try:
            key = load_pem_private_key(Path(name).read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise BadSetting(f"HUB_GOPAY_PRIVATE_KEY_FILE: {name} cannot be read ({type(error).__name__}).") from None
        if not isinstance(key, RSAPrivateKey):
            raise BadSetting(f"HUB_GOPAY_PRIVATE_KEY_FILE: {name} holds no RSA key; the contract asks for one.")
        return key


def make_key(file: Path) -> None:
    """An RSA key in a new file that only its owner may read; a half-written one is never seen under that name."""
    pem = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(pem)
    draft.replace(file)
