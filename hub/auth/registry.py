"""The outside issuers the hub trusts, read from the file ``HUB_ISSUERS_FILE`` names (TOML, or JSON by its name).

``[[issuers]]`` rows are issuers of access tokens; ``[[logins]]`` rows are OpenID providers that
people sign in through. Everything that is ever fetched stands here, so nothing is fetched from an
address found in a token.
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

from hub.connectors.http import checked_url
from hub.errors import BadSetting
from hub.viewer import ViewerKind

Algorithm = Literal["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512", "Ed25519"]
"""Signatures by a private key; an issuer's row names those it uses, and never one with a shared secret."""


def _url(told: str) -> str:
    try:
        checked_url(told)
    except (BadSetting, ValueError) as error:
        raise ValueError("it has to be an https URL, or http on this machine") from error
    return told


Url = Annotated[str, AfterValidator(_url)]
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

    ``type`` is the header's ``typ``. Where it is only ``JWT``, ``marks`` names claims and the values
    they must have, so that an ID token is not taken for an access token. ``client_claim`` says whom
    the token was issued to. The words at ``scope_claims`` (``realm_access.roles`` leads into an
    object) become the scopes that ``scopes`` lists for them; any other word is worth nothing.
    """

    audience: str = Field(min_length=1)
    kind: Literal["PARTNER", "OFFICER", "CITIZEN"] = "PARTNER"
    type: Literal["at+jwt", "JWT"] = "at+jwt"
    marks: dict[str, str] = {}
    client_claim: str = "client_id"
    scope_claims: tuple[str, ...] = ("scope",)
    scopes: dict[str, tuple[str, ...]]

    @property
    def viewer_kind(self) -> ViewerKind:
        """What a viewer with such a token is."""
        return ViewerKind[self.kind]

    @model_validator(mode="after")
    def _tells_tokens_apart(self) -> Self:
        if self.type == "JWT" and not self.marks:
            raise ValueError('type "JWT" needs marks, such as { typ = "Bearer" }, or an ID token would do')
        return self


class LoginRow(_Row):
    """An OpenID provider that officers or citizens sign in through.

    The hub shows who it is by the EC key in the PEM file ``client_key`` or by ``client_secret``.
    ``scopes`` are what a citizen is granted at the first sign-in; an officer is linked by an operator.
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
    def _shows_who_it_is(self) -> Self:
        if bool(self.client_key) == bool(self.client_secret):
            raise ValueError("it needs either client_key or client_secret")
        if "openid" not in self.scope.split():
            raise ValueError('scope needs "openid"')
        if self.client_key:
            self.key()
        return self

    def key(self) -> ECKey:
        """The private key of ``client_key``; its id is its thumbprint (RFC 7638)."""
        assert self.client_key
        try:
            key = ECKey.import_key(self.client_key.read_bytes())
        except (OSError, JoseError, ValueError, TypeError) as error:
            raise ValueError(f"client_key cannot be read ({type(error).__name__})") from None
        if not key.is_private:
            raise ValueError("client_key is no private key")
        key.ensure_kid()
        return key


class Registry(BaseModel):
    """Everything the file says."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    issuers: tuple[IssuerRow, ...] = ()
    logins: tuple[LoginRow, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _once("issuers", [row.name for row in self.issuers])
        _once("issuers", [row.issuer for row in self.issuers])
        _once("logins", [row.name for row in self.logins])
        return self


def _once(table: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise ValueError(f"two rows of {table} have the same name or issuer")


def read(file: Path | None, scopes: Collection[str]) -> Registry:
    """The registry in ``file``; empty without one. ``BadSetting`` says which row is wrong and why, without values.

    ``scopes`` are those there are: a row that grants another one is wrong.
    """
    if file is None:
        return Registry()
    try:
        registry = Registry.model_validate(_parsed(file))
    except ValidationError as error:
        raise BadSetting(_sentence(error)) from None
    except (OSError, ValueError) as error:
        raise BadSetting(f"HUB_ISSUERS_FILE cannot be read ({type(error).__name__}): set it to a TOML file.") from None
    granted = {scope for row in registry.issuers for own in row.scopes.values() for scope in own}
    granted |= {scope for row in registry.logins for scope in row.scopes}
    if strange := sorted(granted - {*scopes}):
        raise BadSetting(f"HUB_ISSUERS_FILE grants {strange[0]}, which is no scope: see the README's table of scopes.")
    return registry


def _parsed(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    return json.loads(text) if file.suffix == ".json" else tomllib.loads(text)


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    told = first["msg"].removeprefix("Value error, ")
    where = ".".join(map(str, first["loc"])) or "the file"
    return f"HUB_ISSUERS_FILE is wrong at {where}: {told[0].lower()}{told[1:]}."
