"""Reads the trusted issuers from the file of ``HUB_ISSUERS_FILE`` (TOML, or JSON by its suffix).

``[[issuers]]`` rows are issuers of access tokens; ``[[logins]]`` rows are OpenID providers for signing in. Every URL
that the hub fetches is in this file; URLs in tokens are never fetched.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from hub.complaints.enums import Channel
from hub.errors import BadSetting
from hub.http_client import checked_url
from hub.viewer import ViewerKind

SUBMIT = "complaints:submit"
Algorithm = Literal["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512", "Ed25519"]
"""Asymmetric signature algorithms; shared secrets are never accepted."""


def _check_url(url: str) -> str:
    try:
        checked_url(url)
    except (BadSetting, ValueError) as error:
        raise ValueError("it has to be an https URL, or http on this machine") from error
    return url


Url = Annotated[str, AfterValidator(_check_url)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Algorithms = Annotated[tuple[Algorithm, ...], Field(min_length=1)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Name
    issuer: Url
    jwks_uri: Url
    algorithms: Algorithms
    cooldown: float = Field(60, gt=0, le=3600)


class IssuerRow(_Row):
    """An issuer whose access tokens the hub accepts.

    ``type`` is the header's ``typ``. If it is only ``JWT``, ``marks`` names claims and their required values, so that
    an ID token is not accepted as an access token. ``client_claim`` is the claim with the client. The values at
    ``scope_claims`` (a path such as ``realm_access.roles`` leads into an object) are mapped to the hub's scopes by
    ``scopes``; others are ignored. ``channels`` are those by which its clients may submit complaints.
    """

    audience: str = Field(min_length=1)
    kind: Literal["PARTNER", "OFFICER", "CITIZEN"] = "PARTNER"
    type: Literal["at+jwt", "JWT"] = "at+jwt"
    marks: dict[str, str] = {}
    client_claim: str = "client_id"
    scope_claims: tuple[str, ...] = ("scope",)
    scopes: dict[str, tuple[str, ...]]
    channels: tuple[Channel, ...] = ()

    @property
    def viewer_kind(self) -> ViewerKind:
        """The kind of the viewer of such a token."""
        return ViewerKind[self.kind]

    @model_validator(mode="after")
    def _check_marks(self) -> Self:
        if self.type == "JWT" and not self.marks:
            raise ValueError('type "JWT" needs marks, such as { typ = "Bearer" }, or an ID token would do')
        return self

    @model_validator(mode="after")
    def _check_channels(self) -> Self:
        submits = any(SUBMIT in scopes for scopes in self.scopes.values())
        if self.kind == "PARTNER" and submits and not self.channels:
            raise ValueError(f"its clients may submit complaints, so it needs channels, some of {', '.join(Channel)}")
        return self


class LoginRow(_Row):
    """An OpenID provider for signing in officers or citizens.

    The hub authenticates by the EC key in the PEM file ``client_key`` or by ``client_secret``. ``scopes`` are granted
    to a citizen at the first sign-in; an officer is linked by an operator.
    """

    title_id: str = Field(min_length=1)
    title_en: str = Field(min_length=1)
    kind: Literal["OFFICER", "CITIZEN"]
    client_id: str = Field(min_length=1)
    client_key: Path | None = None
    client_secret: SecretStr | None = None
    authorization_endpoint: Url
    token_endpoint: Url
    scope: str = "openid"
    scopes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check_credentials(self) -> Self:
        if bool(self.client_key) == bool(self.client_secret):
            raise ValueError("it needs either client_key or client_secret")
        if "openid" not in self.scope.split():
            raise ValueError('scope needs "openid"')
        if self.client_key:
            self.key()
        return self

    def key(self) -> ECKey:
        """Return the private key of ``client_key``; its id is its thumbprint (RFC 7638)."""
        assert self.client_key
        try:
            key = ECKey.import_key(self.client_key.read_bytes())
        except (OSError, JoseError, ValueError, TypeError) as error:
            raise ValueError(f"client_key cannot be read ({type(error).__name__})") from None
        if not key.is_private:
            raise ValueError("client_key is no private key")
        key.ensure_kid()
        return key


class IssuerConfig(BaseModel):
    """The content of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    issuers: tuple[IssuerRow, ...] = ()
    logins: tuple[LoginRow, ...] = ()

    @model_validator(mode="after")
    def _check_unique(self) -> Self:
        _check_unique_names("issuers", [row.name for row in self.issuers])
        _check_unique_names("issuers", [row.issuer for row in self.issuers])
        _check_unique_names("logins", [row.name for row in self.logins])
        return self


def _check_unique_names(table: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise ValueError(f"two rows of {table} have the same name or issuer")


def read(file: Path | None, scopes: Collection[str]) -> IssuerConfig:
    """Return the configuration in ``file``, empty without a file.

    Raises ``BadSetting``, which names the wrong row and the reason, without values; also for a granted scope that is
    not in ``scopes``.
    """
    if file is None:
        return IssuerConfig()
    try:
        config = IssuerConfig.model_validate(_parse(file))
    except ValidationError as error:
        raise BadSetting(_sentence(error)) from None
    except (OSError, ValueError) as error:
        raise BadSetting(f"HUB_ISSUERS_FILE cannot be read ({type(error).__name__}): set it to a TOML file.") from None
    granted = {scope for row in config.issuers for scopes_of_value in row.scopes.values() for scope in scopes_of_value}
    granted |= {scope for row in config.logins for scope in row.scopes}
    if unknown := sorted(granted - {*scopes}):
        raise BadSetting(f"HUB_ISSUERS_FILE grants {unknown[0]}, which is no scope: see docs/access.md.")
    return config


def _parse(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    return json.loads(text) if file.suffix == ".json" else tomllib.loads(text)


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    where = ".".join(map(str, first["loc"])) or "the file"
    return f"HUB_ISSUERS_FILE is wrong at {where}: {message[0].lower()}{message[1:]}."
