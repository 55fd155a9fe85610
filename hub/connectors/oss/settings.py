"""The settings of OSS RBA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from hub.connectors.base import ConnectorSettings
from hub.errors import BadSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """The official who signs permits, in office (``nama_ttd``, ``nip_ttd``, ``jabatan_ttd``)."""

    name: str
    number: str
    position: str


class OssSettings(ConnectorSettings):
    """``HUB_OSS_*``: ``user_key`` is for calls to OSS, ``username`` and ``password`` for the token of its calls.

    ``token_form`` is ``npwp`` if OSS may still sign with the tax number. ``instansi`` is the province's own
    ``kd_instansi``, and ``inquiries`` how many calls a minute the hub may spend on look-ups, of which a quarter is
    reserved for decisions (``budget``). ``signatory_name``, ``_number`` and ``_position`` are the official who signs
    the permits that the hub reports as issued.
    """

    model_config = SettingsConfigDict(env_prefix="HUB_OSS_")

    user_key: SecretStr = SecretStr("")
    username: str = ""
    password: SecretStr = SecretStr("")
    token_form: Literal["nib", "npwp"] = "nib"  # noqa: S105  (a form, no secret)
    instansi: str = ""
    inquiries: int = Field(default=60, ge=1)
    signatory_name: str = ""
    signatory_number: str = Field(default="", max_length=25)
    signatory_position: str = Field(default="", max_length=150)

    @property
    def signatory(self) -> Signatory | None:
        """The official who signs; None unless name, number and position are set."""
        if self.missing_of_signatory:
            return None
        return Signatory(name=self.signatory_name, number=self.signatory_number, position=self.signatory_position)

    @property
    def missing_of_signatory(self) -> list[str]:
        """The parts of the signatory that are not set, as they end their variables."""
        return [part for part in ("NAME", "NUMBER", "POSITION") if not getattr(self, f"signatory_{part.lower()}")]

    def need(self, name: str) -> str:
        """Return the setting ``name`` in clear; raise ``BadSetting`` with its variable if it is not set."""
        value = getattr(self, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        if not text:
            raise BadSetting(f"HUB_OSS_{name.upper()} is not set; it is agreed with the ministry that runs OSS")
        return text
