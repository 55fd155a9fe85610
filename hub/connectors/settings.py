"""The base of every connector's settings."""

from __future__ import annotations

from pydantic import SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from hub.errors import BadSetting
from hub.http_client import checked_url


class ConnectorSettings(BaseSettings):
    """Base of a connector's settings; the subclass sets ``env_prefix="HUB_<NAME>_"``.

    While ``url`` is empty, the demonstration uses the sandbox. Secrets are ``SecretStr``. ``every`` is the period of
    the pull in seconds. Text must be printable ASCII, because it may go into a header; a name that ends with ``url``
    has a URL, and one that ends with ``_file`` a path, which may be any text.
    """

    url: str = ""
    every: float = 60

    @field_validator("*")
    @classmethod
    def _may_be_sent(cls, value: object, info: ValidationInfo) -> object:
        text, name = value.get_secret_value() if isinstance(value, SecretStr) else value, info.field_name or ""
        if not isinstance(text, str) or not text or name.endswith("_file"):
            return value
        if name.endswith("url"):
            try:
                checked_url(text)
            except BadSetting as bad:
                raise ValueError(str(bad)) from None
        elif not (text.isascii() and text.isprintable() and text == text.strip()):
            raise ValueError("it may have printable ASCII characters only, and no blanks around them")
        return value
