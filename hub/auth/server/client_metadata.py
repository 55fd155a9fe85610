"""Client registration, checked by the rules of RFC 9700 and RFC 8252, and its adapter for Authlib."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.errors import InvalidScopeError
from joserfc.jwk import KeySet

from hub.auth.jwks import UNREADABLE, is_weak
from hub.auth.server import uris
from hub.auth.server.parameters import to_error_text
from hub.complaints.enums import Channel
from hub.errors import BadSetting
from hub.store.oauth.clients import Client
from hub.store.secret_hashes import digest

GRANTS = ("client_credentials", "authorization_code", "refresh_token")
AUTH_METHODS = ("private_key_jwt", "client_secret_basic", "client_secret_post", "none")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,63}")
"""A client id; users' ids begin with ``u_``, which clients' must not (RFC 9700, 4.15)."""
_LOCAL = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(?::\d{1,5})?(/[^#]*)?")
_ORIGIN = re.compile(r"(?:https(?!.*:443$)|http(?!.*:80$))://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[1-9]\d{0,4})?")
"""As browsers send it, for it is compared literally (RFC 6454, 6.2)."""
_MERCHANT = re.compile(r"[!-~]{1,64}")
_APP_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")


class RegisteredClient(ClientMixin):
    """A client in the shape that Authlib requires."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        """Return the client's id."""
        return self.client.id

    def get_default_redirect_uri(self) -> None:
        """Return None: each request must send its redirect_uri."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return the requested scopes, or all registered ones; ``InvalidScopeError`` for any other."""
        registered = self.client.scopes
        requested = (scope or "").split() or registered
        if unknown := [name for name in requested if name not in registered]:
            raise InvalidScopeError(f"This client was not granted: {to_error_text(' '.join(unknown)[:200])}")
        return " ".join(dict.fromkeys(requested))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether it is registered, literally; on this machine the port is free (RFC 8252, 7.3)."""
        return any(_matches(redirect_uri, own) for own in self.client.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Return whether it is one of the valid secrets."""
        hashed = digest(client_secret)
        # All are compared, so that the time does not depend on the match.
        return sum(hmac.compare_digest(hashed, own) for own in self.client.secrets) > 0

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Return whether it may authenticate by this method; the same at every endpoint."""
        return method == self.client.auth_method

    def check_response_type(self, response_type: str) -> bool:
        """Return whether it may use the authorization endpoint."""
        return response_type == "code" and "authorization_code" in self.client.grants

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether it may use a grant."""
        return grant_type in self.client.grants


def _matches(requested: str, registered: str) -> bool:
    here, there = _LOCAL.fullmatch(requested), _LOCAL.fullmatch(registered)
    same = here and there and here.groups() == there.groups()
    return requested == registered or bool(same and uris.is_valid(requested))


def check(client: Client, scopes: Iterable[str]) -> Client:
    """Return ``client`` if it may be registered with the existing ``scopes``; ``BadSetting`` with what to change."""
    for sentence in _problems(client):
        raise BadSetting(sentence)
    if unknown := sorted({*client.scopes} - {*scopes}):
        raise BadSetting(f"There is no scope {unknown[0]}: see docs/access.md.")
    for uri in client.redirect_uris:
        _check_redirect_uri(uri)
    for origin in client.origins:
        _check_origin(origin)
    if client.jwks:
        parse_jwks(client.jwks)
    return client


def check_channels(client: Client) -> None:
    """Raise ``BadSetting`` for a client that submits complaints in its own name without channels."""
    if not client.channels and submits_as_itself(client):
        raise BadSetting(f"Set --channel to the client's channels: one or more of {', '.join(Channel)}.")


def submits_as_itself(client: Client) -> bool:
    """Return whether it submits complaints in its own name."""
    return "complaints:submit" in client.scopes and "client_credentials" in client.grants


def _problems(client: Client) -> Iterator[str]:
    if not CLIENT_ID.fullmatch(client.id) or client.id.startswith("u_"):
        yield f"{client.id!r} is not a valid client id: use letters, digits, - and _, and do not begin with u_."
    if not client.name.strip() or not client.organisation.strip():
        yield "Set --name and --organisation, which users see on the consent page."
    if client.auth_method not in AUTH_METHODS:
        yield f"The authentication method must be one of {', '.join(AUTH_METHODS)}."
    if not client.grants or set(client.grants) - {*GRANTS}:
        yield f"Grants must be some of {', '.join(GRANTS)}."
    if not client.scopes:
        yield "Set --scope to what the client may be granted."
    if unknown := sorted({*client.channels} - {*Channel}):
        yield f"There is no channel {unknown[0]}: a --channel is one of {', '.join(Channel)}."
    if wrong := [name for name in client.merchants if not _MERCHANT.fullmatch(name)]:
        yield f"{wrong[0]!r} is no merchant: a --merchant is the id that payments name, 1 to 64 characters, no blanks."
    if client.public and "client_credentials" in client.grants:
        yield "A public client cannot use client_credentials: give it a secret or a key."
    if "authorization_code" in client.grants and not client.redirect_uris:
        yield "The grant authorization_code needs a --redirect-uri."
    if (client.auth_method == "private_key_jwt") != (bool(client.jwks) + bool(client.jwks_uri) == 1):
        yield "The method private_key_jwt, and no other, needs either --jwks or --jwks-uri."
    if client.jwks_uri and not is_secure_url(client.jwks_uri):
        yield "The --jwks-uri must be https, or on this machine."


def is_secure_url(url: str) -> bool:
    """Return whether data that is fetched from or sent to ``url`` is encrypted or stays on this machine."""
    try:
        parts = urlsplit(url)
        local = parts.hostname in LOOPBACK
    except ValueError:
        return False
    secure = parts.scheme == "https" or (parts.scheme == "http" and local)
    return secure and bool(parts.hostname) and uris.is_valid(url)


def _check_redirect_uri(uri: str) -> None:
    scheme, _, rest = uri.partition(":")
    if not uris.is_valid(uri) or not rest or not (is_secure_url(uri) or _APP_SCHEME.fullmatch(scheme)):
        raise BadSetting(
            f"{uri!r} is not a valid redirect URI: use https, http://127.0.0.1 for a program on the user's machine, "
            "or an app's own scheme with a dot such as id.example.app:/callback; with a host and a port (1 to 65535) "
            "that can exist, without fragment, wildcard, user name or dot segments."
        )


def _check_origin(origin: str) -> None:
    if not is_secure_url(origin) or not _ORIGIN.fullmatch(origin):
        raise BadSetting(
            f"{origin!r} is not a valid origin: write it as browsers do, as https://app.example; "
            "in lower case, without a path, and without the default port."
        )


def parse_jwks(jwks: object) -> KeySet:
    """Return the public keys of a JWK Set; ``BadSetting`` for keys that are not safe to store or to accept."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) for key in keys):
        raise BadSetting('The keys must be a JWK Set: {"keys": [...]} (RFC 7517).')
    if any("d" in key or key.get("kty") == "oct" for key in keys):
        raise BadSetting("One of the keys is private or secret: send public keys only, and replace that key.")
    kids = [key.get("kid") for key in keys]
    if len(keys) > 1 and len({*kids, None}) != len(keys) + 1:
        raise BadSetting("Each of several keys needs its own kid.")
    if any(is_weak(key) for key in keys):
        raise BadSetting("An RSA key needs at least 2048 bits.")
    try:
        return KeySet.import_key_set(jwks)  # type: ignore[arg-type]
    except UNREADABLE as error:
        raise BadSetting(f"The keys cannot be read ({type(error).__name__}): see RFC 7517.") from None
