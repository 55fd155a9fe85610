"""The variables from which a connector's settings were read, for the start of another process."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from hub.connectors.base import ConnectorSettings


def variables(settings: ConnectorSettings) -> dict[str, str]:
    """Return the set values by the names of their variables."""
    prefix = str(type(settings).model_config["env_prefix"])
    values = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {f"{prefix}{name}".upper(): _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
