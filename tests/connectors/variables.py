"""The variables from which a connector's settings were read, for whoever starts another process with them."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from hub.connectors.base import ConnectorSettings


def variables(settings: ConnectorSettings) -> dict[str, str]:
    """What was set, by the names of the environment."""
    prefix = str(type(settings).model_config["env_prefix"])
    told = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {f"{prefix}{name}".upper(): _text(value) for name, value in told.items()}


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
