"""Every setting of the hub, read once from ``HUB_*`` variables; a connector's are read by its own class.

A wrong setting is one sentence that names the variable, what is wrong and how to mend it. Values
are never repeated in it, because they may be secret.
"""

from __future__ import annotations

import base64
import binascii
import difflib
from collections.abc import Iterable, Mapping
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hub.complaints.forwarding import Rule
from hub.errors import BadSetting

AnySettings = TypeVar("AnySettings", bound=BaseSettings)

KEY_BYTES = 32


def _split(told: object) -> object:
    return tuple(part for part in (p.strip() for p in told.split(",")) if part) if isinstance(told, str) else told


def _is_key(told: SecretStr) -> SecretStr:
    try:
        size = len(base64.b64decode(told.get_secret_value(), validate=True))
    except binascii.Error:
        size = 0
    if size != KEY_BYTES:
        raise ValueError("each key has to be 32 bytes in base64")
    return told


def _is_long(told: SecretStr | None) -> SecretStr | None:
    if told is not None and len(told.get_secret_value()) < KEY_BYTES:
        raise ValueError("it has fewer than 32 characters")
    return told


def _is_redis(told: str | None) -> str | None:
    if told is not None and not told.startswith(("redis://", "rediss://")):
        raise ValueError("it does not begin with redis:// or rediss://")
    return told


def _are_networks(told: tuple[str, ...] | None) -> tuple[str, ...] | None:
    for each in told or ():
        try:
            ip_network(each)
        except ValueError:
            raise ValueError("one of them is no network") from None
    return told


def _is_origin(told: str | None) -> str | None:
    if told is None:
        return None
    try:
        parts = urlsplit(told)
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        whole = told.rstrip("/") == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        whole = local = False
    if not whole or not parts.hostname or parts.scheme not in ("https", "http"):
        raise ValueError("it is no origin: scheme, host and port, without a path")
    if parts.scheme == "http" and not local:
        raise ValueError("without https tokens could be read on the way")
    return told.rstrip("/")


def _rules(told: object) -> object:
    split = _split(told)
    return tuple(Rule.read(each) for each in split) if isinstance(split, tuple) and split is not told else told


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Rules = Annotated[tuple[Rule, ...], NoDecode, BeforeValidator(_rules)]
Keys = Annotated[tuple[Annotated[SecretStr, AfterValidator(_is_key)], ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """The hub's settings; the variable of ``port`` is ``HUB_PORT``. Times are in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix="HUB_", env_ignore_empty=True, extra="ignore", frozen=True)

    env: Literal["development", "production"] = Field("development", description="development or production")
    database_url: str | None = Field(
        None, repr=False, description="a postgresql:// URL; unset, a private PostgreSQL is started (development only)"
    )
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="the TCP port to listen on, 0 for a free one")
    public_url: Annotated[str | None, AfterValidator(_is_origin)] = Field(
        None,
        description="the origin clients reach the hub at, such as https://hub.example; unset, of this machine",
    )
    data_dir: Path = Field(Path(".hub"), description="the folder for what the hub keeps on this machine")

    connectors: Names | None = Field(None, description="names of connectors, separated by commas; unset, all of them")
    connectors_path: Path | None = Field(None, description="one more folder with connector folders")

    issuers_file: Path | None = Field(
        None, description="a TOML file of the outside issuers that are trusted, as docs/issuers.md shows"
    )

    keys_rotate_days: int = Field(90, ge=1, description="after how many days a new key signs tokens")
    pii_keys: Keys = Field(
        (), description="keys of 32 bytes in base64, separated by commas, such as `openssl rand -base64 32` makes"
    )
    secret_key: Annotated[SecretStr | None, AfterValidator(_is_long)] = Field(
        None, description="at least 32 characters nobody can guess, such as `openssl rand -base64 32` makes"
    )
    demo_officer_token: SecretStr | None = Field(
        None, description="a word to take for the demo officer's token; not for production"
    )
    query_token: SecretStr | None = Field(None, description="a token to fill in on the query page; not for production")
    demo_day: date | None = Field(None, description="the day the demo world ends, as YYYY-MM-DD; unset, today")

    pull_tick: float = Field(5, gt=0, description="how often the worker looks for pulls that are due, in seconds")
    stalled_after: float = Field(60, gt=0, description="after how many seconds of silence a worker's job is retried")
    feed_tick: float = Field(1, gt=0, description="how often changes get their positions in the feed, in seconds")
    feed_days: int = Field(30, ge=1, description="for how many days a change can be read in the feed")
    forward: Rules = Field(
        (),
        description="rules system:category:CODE or system:agency:CODE, separated by commas: which complaints are"
        " forwarded to which system by themselves",
    )
    delivery_attempts: int = Field(
        20, ge=1, description="how often a delivery to another system is tried before it waits for a person"
    )
    pool_size: int = Field(10, ge=1, description="how many database connections a process may hold")

    body_limit: int = Field(262_144, ge=1, description="the greatest size of a request's body in bytes")
    bulk_limit: int = Field(268_435_456, ge=1, description="the greatest size of a bulk upload in bytes")
    token_limit: int = Field(2_000, ge=1, description="how many tokens a GraphQL document may have")
    depth_limit: int = Field(12, ge=1, description="how deeply fields may be nested")
    alias_limit: int = Field(30, ge=0, description="how many aliases a GraphQL document may have")
    cost_limit: int = Field(25_000, ge=1, description="how costly an operation may be estimated")
    redis_url: Annotated[str | None, AfterValidator(_is_redis)] = Field(
        None, repr=False, description="a redis:// or rediss:// URL; unset, each process counts requests for itself"
    )
    rate_address: int = Field(1_200, ge=1, description="how many requests a minute one address may make")
    rate_requests: int = Field(1_200, ge=1, description="how many operations a minute a viewer may send")
    rate_cost: int = Field(500_000, ge=1, description="how much a minute the operations of a viewer may cost")
    rate_token: int = Field(60, ge=1, description="how many tokens a minute a client may ask for at one address")
    rate_spared: Annotated[Names | None, AfterValidator(_are_networks)] = Field(
        None, description="networks whose addresses are not counted, separated by commas; unset, this machine's own"
    )
    operation_timeout: float = Field(10, gt=0, description="how many seconds an operation may take")

    introspection: bool | None = Field(None, description="true or false; unset, true in development only")
    ide: bool | None = Field(None, description="true or false; unset, true in development only")
    cors_origins: Names | None = Field(
        None, description="origins that browsers may call from, separated by commas; unset, localhost in development"
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least level to log")
    log_format: Literal["auto", "json", "console"] = Field("auto", description="auto, json or console")

    @property
    def production(self) -> bool:
        """Whether this hub serves the public."""
        return self.env == "production"

    @property
    def issuer(self) -> str:
        """The origin that tokens name as who issued them, and for whom."""
        return self.public_url or f"http://127.0.0.1:{self.port}"

    @property
    def introspective(self) -> bool:
        """Whether the schema may be asked for."""
        return not self.production if self.introspection is None else self.introspection

    @property
    def with_ide(self) -> bool:
        """Whether browsers get a query page."""
        return not self.production if self.ide is None else self.ide

    @property
    def sealing_keys(self) -> tuple[bytes, ...]:
        """The keys of personal data, 32 bytes each; the first one seals."""
        return tuple(base64.b64decode(key.get_secret_value()) for key in self.pii_keys)

    @property
    def secret(self) -> bytes:
        """The hub's secret key, for tracking codes and keyed hashes."""
        return self.secret_key.get_secret_value().encode() if self.secret_key else b""

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        if not self.production:
            return self
        for name in ("database_url", "public_url", "pii_keys", "secret_key"):
            if not getattr(self, name):
                raise ValueError(
                    f"{variable(type(self), name)} is missing in production: set it to {_meaning(type(self), name)}"
                )
        if not self.issuer.startswith("https:"):
            raise ValueError(
                "HUB_PUBLIC_URL is refused in production without https: set it to where a proxy serves the hub"
            )
        for name in ("demo_officer_token", "query_token", "demo_day"):
            if getattr(self, name):
                raise ValueError(f"{variable(type(self), name)} is refused in production: unset it")
        return self


def read(kind: type[AnySettings]) -> AnySettings:
    """The settings of ``kind`` from the environment; ``BadSetting`` with one sentence about the first wrong one."""
    try:
        return kind()
    except ValidationError as error:
        raise BadSetting(_sentence(kind, error.errors(include_url=False, include_input=False)[0])) from None


def variable(kind: type[BaseSettings], name: str) -> str:
    """The environment variable of the field ``name``."""
    return f"{kind.model_config.get('env_prefix', '')}{name}".upper()


def unknown(environ: Mapping[str, str], kinds: Iterable[type[BaseSettings]]) -> list[str]:
    """One sentence for each ``HUB_*`` variable that none of ``kinds`` reads, naming what may have been meant."""
    known = {variable(kind, name) for kind in kinds for name in kind.model_fields}
    told = []
    for name in sorted(name for name in environ if name.startswith("HUB_") and name.upper() not in known | OTHERS):
        near = difflib.get_close_matches(name, sorted(known), n=2, cutoff=0.8)
        told.append(f"{name} is not a setting of the hub" + (f"; is {' or '.join(near)} meant?" if near else "."))
    return told


OTHERS = frozenset({"HUB_TEST_DATABASE_URL"})
"""Variables that are no settings: of the tests."""


def _sentence(kind: type[BaseSettings], error: ErrorDetails) -> str:
    told = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return f"{told}."
    name = str(error["loc"][0])
    meaning = _meaning(kind, name)
    mend = f"set it to {meaning}" if meaning else "see the connector's README"
    return f"{variable(kind, name)} is wrong ({told[0].lower()}{told[1:]}): {mend}."


def _meaning(kind: type[BaseSettings], name: str) -> str | None:
    """What the variable should be, without what holds when it is unset."""
    told = kind.model_fields[name].description if name in kind.model_fields else None
    return told.partition(";")[0] if told else None
