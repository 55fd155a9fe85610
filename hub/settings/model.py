"""The settings themselves, with defaults and descriptions."""

from __future__ import annotations

import base64
from datetime import date
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.settings.production import production_problems
from hub.settings.values import Keys, LongSecret, Names, Networks, Origin, RedisUrl, Rules


class Settings(BaseSettings):
    """The hub's settings; the variable of ``port`` is ``HUB_PORT``. Times are in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix="HUB_", env_ignore_empty=True, extra="ignore", frozen=True)

    env: Literal["development", "production"] = Field("development", description="development or production")
    database_url: str | None = Field(
        None, repr=False, description="a postgresql:// URL; unset, a private PostgreSQL is started (development only)"
    )
    migration_database_url: str | None = Field(
        None,
        repr=False,
        description="a postgresql:// URL of the same database for `hub migrate` alone, whose role owns the tables;"
        " unset, HUB_DATABASE_URL",
    )
    database_pooler_url: str | None = Field(
        None,
        repr=False,
        description="a postgresql:// URL of a pooler of transactions, such as PgBouncer, before the same database, for"
        " what needs no session of its own; unset, HUB_DATABASE_URL",
    )
    database_read_url: str | None = Field(
        None,
        repr=False,
        description="a postgresql:// URL of a streaming replica, which answers what it has; unset, all is read from"
        " HUB_DATABASE_URL",
    )
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="the TCP port to listen on, 0 for a free one")
    public_url: Origin | None = Field(
        None,
        description="the origin clients reach the hub at, such as https://hub.example; unset, of this machine",
    )
    hosts: Names = Field((), description="accepted host names besides that of HUB_PUBLIC_URL, separated by commas")
    data_dir: Path = Field(Path(".hub"), description="the folder for the hub's data on this machine")

    connectors: Names | None = Field(None, description="names of connectors, separated by commas; unset, all of them")
    connectors_path: Path | None = Field(None, description="one more folder with connector folders")

    issuers_file: Path | None = Field(
        None, description="a TOML file with the trusted issuers, as described in docs/issuers.md"
    )

    operator: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="the operator who runs commands, as the audit trail names them: an id such as a staff number, not a"
        " name; unset, the number of the account",
    )
    audit_days: int = Field(1_827, ge=366, description="how many days a row of the audit trail is kept, at least 366")

    keys_rotate_days: int = Field(
        90, ge=1, description="the number of days after which the signing key of tokens is replaced"
    )
    pii_keys: Keys = Field(
        (), description="keys of 32 bytes in base64, separated by commas, such as from `openssl rand -base64 32`"
    )
    secret_key: LongSecret | None = Field(
        None, description="at least 32 random characters, such as from `openssl rand -base64 32`"
    )
    demo_officer_token: SecretStr | None = Field(
        None, description="a fixed token of the demo officer; not for production"
    )
    query_token: SecretStr | None = Field(
        None, description="a token that the query page is prefilled with; not for production"
    )
    demo_day: date | None = Field(None, description="the last day of the demo data, as YYYY-MM-DD; unset, today")

    pull_tick: float = Field(5, gt=0, description="seconds between two checks of the worker for due pulls")
    gone_share: float = Field(
        0.2,
        gt=0,
        le=1,
        description="the share of a system's records that one full run may mark as gone; more than that needs a second"
        " full run or a person",
    )
    unlisted_for: float = Field(
        7 * 86_400,
        ge=0,
        le=365 * 86_400,
        description="for how many seconds a pushed or individually fetched record may be missing from the list",
    )
    stalled_after: float = Field(
        60, gt=0, description="after how many seconds without a heartbeat a worker's job counts as failed"
    )
    feed_tick: float = Field(0.25, gt=0, description="seconds between two assignments of positions in the feed")
    feed_days: int = Field(30, ge=1, description="for how many days a change stays in the feed")
    forward: Rules = Field(
        (),
        description="rules system:category:CODE or system:agency:CODE, separated by commas, for complaints that are"
        " forwarded to a system automatically",
    )
    delivery_attempts: int = Field(
        20, ge=1, description="how many attempts a delivery to another system gets before it waits for a person"
    )
    pool_size: int = Field(
        16, ge=2, description="how many database connections a process may open: half of them for GraphQL operations"
    )

    body_limit: int = Field(262_144, ge=1, description="the maximum size of a request's body in bytes")
    bulk_limit: int = Field(268_435_456, ge=1, description="the maximum size of a bulk upload in bytes")
    token_limit: int = Field(2_000, ge=1, description="how many tokens a GraphQL document may have")
    depth_limit: int = Field(12, ge=1, description="how deeply fields may be nested")
    alias_limit: int = Field(30, ge=0, description="how many aliases a GraphQL document may have")
    cost_limit: int = Field(25_000, ge=1, description="the maximum estimated cost of an operation")
    redis_url: RedisUrl | None = Field(
        None, repr=False, description="a redis:// or rediss:// URL; unset, each process counts requests for itself"
    )
    rate_address: int = Field(1_200, ge=1, description="how many requests per minute one address may send")
    rate_requests: int = Field(1_200, ge=1, description="how many operations per minute a viewer may send")
    rate_cost: int = Field(500_000, ge=1, description="the maximum cost per minute of a viewer's operations")
    rate_anonymous: int = Field(
        60_000, ge=1, description="the maximum cost per minute of one address's operations without a token"
    )
    rate_token: int = Field(60, ge=1, description="how many tokens per minute a client may request from one address")
    rate_submissions: int = Field(
        60,
        ge=1,
        description="how many complaints per hour a person may submit; one address may submit five times, and a client"
        " in its own name ten times as many",
    )
    rate_spared: Networks | None = Field(
        None,
        description="networks without rate limits per address, separated by commas; unset, none, and in development"
        " this machine",
    )
    operation_timeout: float = Field(10, gt=0, description="how many seconds an operation may take")

    second_factor: bool | None = Field(
        None,
        description="true or false: whether a user needs a second factor to be granted complaints:pii; unset,"
        " true in production only",
    )
    executor: Literal["plan", "graphql-core"] = Field(
        "plan",
        description="plan: operations are compiled once and executed breadth-first; graphql-core: field by field",
    )
    introspection: bool | None = Field(None, description="true or false; unset, true in development only")
    ide: bool | None = Field(None, description="true or false; unset, true in development only")
    cors_origins: Names | None = Field(
        None, description="origins for which CORS is enabled, separated by commas; unset, localhost in development"
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="the minimum level to log")
    log_format: Literal["auto", "json", "console"] = Field("auto", description="auto, json or console")

    @property
    def production(self) -> bool:
        """Whether this hub serves the public."""
        return self.env == "production"

    @property
    def issuer(self) -> str:
        """The origin that is issuer and audience of tokens."""
        return self.public_url or f"http://127.0.0.1:{self.port}"

    @property
    def needs_second_factor(self) -> bool:
        """Whether users need a second factor for ``NEEDS_SECOND_FACTOR``."""
        return self.production if self.second_factor is None else self.second_factor

    @property
    def known_hosts(self) -> tuple[str, ...]:
        """The accepted host names."""
        return (*self.hosts, self.host, urlsplit(self.issuer).hostname or "")

    @property
    def allows_introspection(self) -> bool:
        """Whether GraphQL introspection is enabled."""
        return not self.production if self.introspection is None else self.introspection

    @property
    def serves_ide(self) -> bool:
        """Whether browsers get a query page."""
        return not self.production if self.ide is None else self.ide

    @property
    def sealing_keys(self) -> tuple[bytes, ...]:
        """The keys for personal data, 32 bytes each; the first one encrypts."""
        return tuple(base64.b64decode(key.get_secret_value()) for key in self.pii_keys)

    @property
    def secret(self) -> bytes:
        """The hub's secret key, for tracking codes and keyed hashes."""
        return self.secret_key.get_secret_value().encode() if self.secret_key else b""

    @model_validator(mode="after")
    def _check_production(self) -> Self:
        if self.production and (problems := list(production_problems(self))):
            raise ValueError("\n".join(problems))
        return self
