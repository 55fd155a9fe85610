"""The hub's settings, read once from ``HUB_*`` variables; a connector's settings have their own class."""

from hub.settings.model import Settings
from hub.settings.reading import read_settings, unknown_variables, variable_name
from hub.settings.values import KEY_BYTES

__all__ = ["KEY_BYTES", "Settings", "read_settings", "unknown_variables", "variable_name"]
