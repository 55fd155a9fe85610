"""The settings of the licensing app (contract perizinan#access)."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from hub.connectors.base import ConnectorSettings


class PerizinanSettings(ConnectorSettings):
    """``key`` authorises every call; ``agreement`` is whether the app answers the agreement protocol."""

    model_config = SettingsConfigDict(env_prefix="HUB_PERIZINAN_")

    key: SecretStr = SecretStr("")
    agreement: bool = True
