"""Checks of authorization requests besides Authlib's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError

from hub.auth.server.request_context import OAuthRequest

PROMPTS = frozenset({"none", "login", "consent", "select_account"})
MAX_NONCE_LENGTH = 512
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


class InvalidTarget(OAuth2Error):
    """The token is requested for another resource (RFC 8707, 2)."""

    error = "invalid_target"


class RequestNotSupported(OAuth2Error):
    """A signed request object, which the hub does not support (OpenID Connect Core, 3.1.2.6)."""

    error = "request_not_supported"
    description = "Request objects are not supported: push the request instead."


def check_resources(resources: Sequence[str], issuer: str) -> None:
    """Raise ``InvalidTarget`` if tokens are requested for another resource than the hub."""
    if any(resource.rstrip("/") != issuer for resource in resources):
        raise InvalidTarget(f"The only resource is {issuer}")


class AuthorizationRequestChecks:
    """An extension of the code grant; its errors go to the client, whose redirect URI was checked before."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def __call__(self, grant: Any) -> None:
        """Register the checks for each authorization request."""
        grant.register_hook("after_validate_authorization_request_payload", self._check)

    def _check(self, grant: Any, redirect_uri: str) -> None:
        request: OAuthRequest = grant.request
        data = request.payload.data
        if request.client.client.must_push and not request.pushed:
            raise InvalidRequestError("This client must push its requests to /oauth/par first.")
        if "request" in data:
            raise RequestNotSupported()
        if data.get("response_mode", "query") != "query":
            raise InvalidRequestError("The only response_mode is query.")
        check_resources(request.payload.datalist.get("resource", ()), self._issuer)
        if len(data.get("nonce", "")) > MAX_NONCE_LENGTH:
            raise InvalidRequestError(f"A nonce may have at most {MAX_NONCE_LENGTH} characters.")
        if not _THUMBPRINT.fullmatch(data.get("dpop_jkt", "-" * 43)):
            raise InvalidRequestError("dpop_jkt must be the SHA-256 thumbprint of a key.")
        _check_prompt(data)


def _check_prompt(data: dict[str, str]) -> None:
    prompts = data.get("prompt", "").split()
    if set(prompts) - PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise InvalidRequestError(f"prompt must be none alone, or some of {', '.join(sorted(PROMPTS))}.")
    age = data.get("max_age", "0")
    if not (age.isascii() and age.isdigit()) or len(age) > 9:
        raise InvalidRequestError("max_age must be a number of seconds.")
