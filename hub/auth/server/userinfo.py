"""The userinfo endpoint (OpenID Connect Core, 5.3)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.auth.access_tokens import AccessTokens, is_client_valid
from hub.auth.server import dpop, metadata
from hub.auth.server.dpop import BadProof
from hub.auth.server.openid import user_info
from hub.store.database import Database
from hub.store.oauth import clients, grants, users


class UserInfo:
    """``/oauth/userinfo``, for a token with the scope ``openid``."""

    def __init__(self, database: Database, tokens: AccessTokens, issuer: str) -> None:
        self._database, self._tokens, self._issuer = database, tokens, issuer

    async def __call__(self, request: Request) -> Response:
        """Return the claims of the user."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        scheme = {"bearer": "Bearer", "dpop": "DPoP"}.get(scheme.lower(), "")
        if not scheme:
            return self._error("Bearer", "")
        try:
            claims = await self._verify(request, scheme, token.strip())
        except BadProof as error:
            return self._error("DPoP", error.error, error.description)
        if claims is None:
            return self._error(scheme, "invalid_token", "The token is not valid.")
        if "openid" not in claims["scope"].split():
            return self._error(scheme, "insufficient_scope", "The token needs the scope openid.", status=403)
        async with self._database.read() as db:
            user = await users.get(db, claims["sub"])
        if user is None or user.suspended_at:
            return self._error(scheme, "invalid_token", "The token is not valid.")
        return JSONResponse(user_info(user), headers={"Cache-Control": "no-store"})

    async def _verify(self, request: Request, scheme: str, token: str) -> dict[str, Any] | None:
        """Return the claims of a valid token, sent in the way it was issued for (RFC 9449, 7)."""
        claims = await self._tokens.read(token)
        jkt = (claims or {}).get("cnf", {}).get("jkt")
        if claims is None or bool(jkt) != (scheme == "DPoP"):
            return None
        request.scope["hub.client"] = claims["client_id"]
        proof = dpop.from_request(request, self._issuer, token) if jkt else None
        async with self._database.read() as db:
            if jkt and (proof is None or proof.jkt != jkt or not await proof.use_once(db)):
                raise BadProof("it is missing, made with another key, or was used before")
            client = await clients.get(db, claims["client_id"])
            grant_id = UUID(claims["gid"]) if "gid" in claims else None
            revoked = not is_client_valid(claims, client) or await grants.is_revoked(db, claims["jti"], grant_id)
        return None if revoked else claims

    def _error(self, scheme: str, error: str, description: str = "", *, status: int = 401) -> Response:
        challenge = metadata.challenge(
            self._issuer, scheme=scheme, error=error, description=description, scopes=["openid"]
        )
        return Response(status_code=status, headers={"WWW-Authenticate": challenge})
