"""What the OSS connector and its sandbox share: environment variables, and the token of calls (oss#transport)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from hub.connectors.oss.settings import OssSettings

INSTANSI = "3300000000"


def variables(url: str, folder: Path) -> dict[str, str]:
    """Return made-up credentials."""
    return {
        "HUB_OSS_URL": url,
        "HUB_OSS_USER_KEY": secrets.token_hex(16),
        "HUB_OSS_USERNAME": "hub-demo",
        "HUB_OSS_PASSWORD": secrets.token_urlsafe(18),
        "HUB_OSS_INSTANSI": INSTANSI,
        "HUB_OSS_INQUIRIES": "6000",
        "HUB_OSS_SIGNATORY_NAME": "Pejabat Rekaan",
        "HUB_OSS_SIGNATORY_NUMBER": "990001010000990001",
        "HUB_OSS_SIGNATORY_POSITION": "Kepala DPMPTSP",
    }


@dataclass(frozen=True, slots=True)
class Credentials:
    """What both sides know; ``token_form`` is ``nib`` or ``npwp``, ``instansi`` the hub's ``kd_instansi``."""

    user_key: SecretStr
    username: str
    password: SecretStr
    token_form: str
    instansi: str

    @classmethod
    def of(cls, settings: OssSettings) -> Self:
        """Return those of the connector's settings."""
        return cls(settings.user_key, settings.username, settings.password, settings.token_form, settings.instansi)

    def token(self, number: str, day: date) -> str:
        """Return the token of a call about the NIB or NPWP ``number`` on ``day``."""
        text = f"{self.username}{self.password.get_secret_value()}{number}{day:%Y%m%d}"
        return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324  (the contract's own)
