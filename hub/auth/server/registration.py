"""What a client is registered with, checked by the rules of RFC 9700 and RFC 8252, and how Authlib sees it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.errors import InvalidScopeError
from joserfc.jwk import KeySet

from hub.auth.jwks import UNREADABLE, is_weak
from hub.auth.server.parameters import said
from hub.errors import BadSetting
from hub.store.access.clients import Client
from hub.store.digests import digest

GRANTS = ("client_credentials", "authorization_code", "refresh_token")
AUTH_METHODS = ("private_key_jwt", "client_secret_basic", "client_secret_post", "none")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,63}")
"""An id of a client; users' ids begin with ``u_``, which no client's may (RFC 9700, 4.15)."""
_LOCAL = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(?::\d{1,5})?(/[^#]*)?")
_ORIGIN = re.compile(r"(?:https(?!.*:443$)|http(?!.*:80$))://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[1-9]\d{0,4})?")
"""As browsers send it, for it is compared to the letter (RFC 6454, 6.2)."""
_APP_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")


class Registered(ClientMixin):
    """A client as Authlib asks about it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        """Its id."""
        return self.client.id

    def get_default_redirect_uri(self) -> None:
        """None: each request has to say where it wants its answer."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """What was asked for, or everything it was registered with; ``InvalidScopeError`` for anything else."""
        own = self.client.scopes
        asked = (scope or "").split() or own
        if strange := [name for name in asked if name not in own]:
            raise InvalidScopeError(f"This client was not granted: {said(' '.join(strange)[:200])}")
        return " ".join(dict.fromkeys(asked))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether it is one of the client's, to the letter; on this machine the port is free (RFC 8252, 7.3)."""
        return any(_same(redirect_uri, own) for own in self.client.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether it is one of the secrets that hold now."""
        given = digest(client_secret)
        # Each is compared, so that the time taken tells nothing.
        return sum(hmac.compare_digest(given, own) for own in self.client.secrets) > 0

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Whether it may show who it is in this way; the same at every endpoint."""
        return method == self.client.auth_method

    def check_response_type(self, response_type: str) -> bool:
        """Whether it may ask a user."""
        return response_type == "code" and "authorization_code" in self.client.grants

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it may use a grant."""
        return grant_type in self.client.grants


def _same(asked: str, own: str) -> bool:
    here, there = _LOCAL.fullmatch(asked), _LOCAL.fullmatch(own)
    return asked == own or bool(here and there and here.groups() == there.groups())


def check(client: Client, scopes: Iterable[str]) -> Client:
    """``client``, if it may be registered with the ``scopes`` there are; ``BadSetting`` with what to change."""
    for sentence in _faults(client):
        raise BadSetting(sentence)
    if strange := sorted({*client.scopes} - {*scopes}):
        raise BadSetting(f"There is no scope {strange[0]}: see the README's table of scopes.")
    for uri in client.redirect_uris:
        _check_redirect_uri(uri)
    for origin in client.origins:
        _check_origin(origin)
    if client.jwks:
        check_keys(client.jwks)
    return client


def _faults(client: Client) -> Iterator[str]:
    if not WELL_FORMED.fullmatch(client.id) or client.id.startswith("u_"):
        yield f"{client.id!r} is no id for a client: use letters, digits, - and _, and do not begin with u_."
    if not client.name.strip() or not client.organisation.strip():
        yield "Say by --name and --organisation what users see when they are asked to consent."
    if client.auth_method not in AUTH_METHODS:
        yield f"A client authenticates by one of {', '.join(AUTH_METHODS)}."
    if not client.grants or set(client.grants) - {*GRANTS}:
        yield f"Grants are some of {', '.join(GRANTS)}."
    if not client.scopes:
        yield "Say by --scope what the client may be granted."
    if client.public and "client_credentials" in client.grants:
        yield "A public client cannot use client_credentials: give it a secret or a key."
    if "authorization_code" in client.grants and not client.redirect_uris:
        yield "The grant authorization_code needs a --redirect-uri."
    if (client.auth_method == "private_key_jwt") != (bool(client.jwks) + bool(client.jwks_uri) == 1):
        yield "The method private_key_jwt, and no other, needs either --jwks or --jwks-uri."
    if client.jwks_uri and not is_safe(client.jwks_uri):
        yield "The --jwks-uri has to be https, or of this machine."


def is_safe(url: str) -> bool:
    """Whether what is fetched from or sent to ``url`` cannot be read on the way."""
    try:
        parts = urlsplit(url)
        local = parts.hostname in LOOPBACK
    except ValueError:
        return False
    secure = parts.scheme == "https" or (parts.scheme == "http" and local)
    return secure and bool(parts.hostname) and "@" not in parts.netloc


def _check_redirect_uri(uri: str) -> None:
    scheme = uri.partition(":")[0]
    plain = uri.isascii() and uri.isprintable() and not set(uri) & {" ", "#", "*", '"', "\\", "<", ">"}
    if not plain or not (is_safe(uri) or _APP_SCHEME.fullmatch(scheme)):
        raise BadSetting(
            f"{uri!r} is no redirect URI: use https, http://127.0.0.1 for a program on the user's machine, "
            "or an app's own scheme with a dot such as id.example.app:/callback; without fragment or wildcard."
        )


def _check_origin(origin: str) -> None:
    if not is_safe(origin) or not _ORIGIN.fullmatch(origin):
        raise BadSetting(
            f"{origin!r} is no origin: write it as browsers do, as https://app.example; "
            "in lower case, without a path, and without the port that goes without saying."
        )


def check_keys(jwks: object) -> KeySet:
    """The public keys of a JWK Set; ``BadSetting`` for anything that is not safe to keep or to trust."""
    held = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(held, list) or not held or not all(isinstance(key, dict) for key in held):
        raise BadSetting('The keys have to be a JWK Set: {"keys": [...]} (RFC 7517).')
    if any("d" in key or key.get("kty") == "oct" for key in held):
        raise BadSetting("The keys hold a private or secret one: give the public halves only, and replace it.")
    kids = [key.get("kid") for key in held]
    if len(held) > 1 and len({*kids, None}) != len(held) + 1:
        raise BadSetting("Of several keys each needs a kid of its own.")
    if any(is_weak(key) for key in held):
        raise BadSetting("An RSA key needs 2048 bits at least.")
    try:
        return KeySet.import_key_set(jwks)  # type: ignore[arg-type]
    except UNREADABLE as error:
        raise BadSetting(f"The keys cannot be read ({type(error).__name__}): see RFC 7517.") from None
