"""The tables of the authorization server, of accesses and of the audit trail, as SQLAlchemy objects.

- ``clients`` with ``client_secrets`` and ``documents`` (persisted operations); ``users`` with ``identities``
- ``grants``: everything issued from one authorization, with ``authorization_codes`` and ``refresh_tokens``
- ``sessions`` and ``consents`` of the pages; ``pushed_requests``; ``seen_once`` against replays
- ``signing_keys``; ``revoked_tokens``; ``auth_epoch``, the revocation epoch
- ``reads``: the access log of reporters' identities; ``audit_events``: the audit trail
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

from hub.store.tables import metadata

_Time = TIMESTAMP(timezone=True)

clients = Table(
    "clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("auth_method", Text, nullable=False),
    Column("grants", ARRAY(Text), nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("redirect_uris", ARRAY(Text), nullable=False),
    Column("origins", ARRAY(Text), nullable=False),
    Column("jwks", JSONB),
    Column("jwks_uri", Text),
    Column("must_push", Boolean, nullable=False),
    Column("must_bind", Boolean, nullable=False),
    Column("channels", ARRAY(Text), nullable=False),
    Column("merchants", ARRAY(Text), nullable=False),
    Column("documents_only", Boolean, nullable=False),
    Column("token_seconds", Integer),
    Column("requests_per_minute", Integer, nullable=False),
    Column("cost_per_minute", Integer, nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("suspended_at", _Time),
)

deleted_clients = Table(
    "deleted_clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", _Time, nullable=False),
)

client_secrets = Table(
    "client_secrets",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("expires_at", _Time),
)

documents = Table(
    "documents",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("text", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("username", Text),
    Column("kind", Text, nullable=False),
    Column("agency_code", Text),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("password_hash", Text),
    Column("created_at", _Time, nullable=False),
    Column("suspended_at", _Time),
)

second_factors = Table(
    "second_factors",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("created_at", _Time, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("user_id", Text, nullable=False),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("lane", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("locked_until", _Time),
    Column("expires_at", _Time, nullable=False),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("suspended_at", _Time),
)

outside_suspensions = Table(
    "outside_suspensions",
    metadata,
    Column("partner", Text, primary_key=True),
    Column("suspended_at", _Time, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("public", JSONB, nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("signs_from", _Time, nullable=False),
    Column("signs_until", _Time),
    Column("gone_at", _Time),
)

grants = Table(
    "grants",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("user_id", Text),
    Column("created_at", _Time, nullable=False),
    Column("expires_at", _Time, nullable=False),
    Column("revoked_at", _Time),
)

authorization_codes = Table(
    "authorization_codes",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("grant_id", Uuid, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("resources", ARRAY(Text), nullable=False),
    Column("nonce", Text),
    Column("challenge", Text, nullable=False),
    Column("dpop_jkt", Text),
    Column("signed_in_at", _Time, nullable=False),
    Column("expires_at", _Time, nullable=False),
    Column("used_at", _Time),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("grant_id", Uuid, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("resources", ARRAY(Text), nullable=False),
    Column("dpop_jkt", Text),
    Column("signed_in_at", _Time, nullable=False),
    Column("issued_at", _Time, nullable=False),
    Column("expires_at", _Time, nullable=False),
    Column("used_at", _Time),
)

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("jti", Text, primary_key=True),
    Column("expires_at", _Time, nullable=False),
)

pushed_requests = Table(
    "pushed_requests",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("expires_at", _Time, nullable=False),
)

seen_once = Table(
    "seen_once",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("expires_at", _Time, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("client_id", Text, primary_key=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("granted_at", _Time, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("user_id", Text),
    Column("state", JSONB, nullable=False),
    Column("signed_in_at", _Time),
    Column("expires_at", _Time, nullable=False),
)

reads = Table(
    "reads",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("complaint_id", BigInteger, nullable=False),
    Column("at", _Time, nullable=False),
    Column("reader", Text, nullable=False),
    Column("client", Text),
    Column("purpose", Text, nullable=False),
    Column("fields", ARRAY(Text), nullable=False),
    Column("correlation", Text, nullable=False),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("at", _Time, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text),
    Column("refused", Boolean, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("actor", Text, nullable=False),
    Column("client", Text),
    Column("network", Text),
    Column("request_id", Text, nullable=False),
)

auth_epoch = Table(
    "auth_epoch",
    metadata,
    Column("single", Boolean, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

secret_fingerprint = Table(
    "secret_fingerprint",
    metadata,
    Column("single", Boolean, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    Column("kept_at", _Time, nullable=False),
)
