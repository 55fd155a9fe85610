"""The userinfo endpoint: what a client that signed somebody in may know of them (OpenID Connect Core, 5.3)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.auth.access import AccessTokens, stands
from hub.auth.server import dpop, metadata
from hub.auth.server.dpop import BadProof
from hub.auth.server.openid import user_info
from hub.store.access import clients, grants, users
from hub.store.database import Database


class UserInfo:
    """``/oauth/userinfo``, for a token with the scope ``openid``."""

    def __init__(self, database: Database, tokens: AccessTokens, issuer: str) -> None:
        self._database, self._tokens, self._issuer = database, tokens, issuer

    async def __call__(self, request: Request) -> Response:
        """Say who the user is, as far as the hub knows and tells."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        scheme = {"bearer": "Bearer", "dpop": "DPoP"}.get(scheme.lower(), "")
        if not scheme:
            return self._refused("Bearer", "")
        try:
            claims = await self._holding(request, scheme, token.strip())
        except BadProof as error:
            return self._refused("DPoP", error.error, error.description)
        if claims is None:
            return self._refused(scheme, "invalid_token", "The token is not valid.")
        if "openid" not in claims["scope"].split():
            return self._refused(scheme, "insufficient_scope", "It needs openid.", status=403)
        async with self._database.read() as db:
            user = await users.get(db, claims["sub"])
        if user is None or user.suspended_at:
            return self._refused(scheme, "invalid_token", "The token is not valid.")
        return JSONResponse(user_info(user), headers={"Cache-Control": "no-store"})

    async def _holding(self, request: Request, scheme: str, token: str) -> dict[str, Any] | None:
        """The claims of a token that holds, shown in the way it was issued for (RFC 9449, 7)."""
        claims = await self._tokens.read(token)
        jkt = (claims or {}).get("cnf", {}).get("jkt")
        if claims is None or bool(jkt) != (scheme == "DPoP"):
            return None
        request.scope["hub.client"] = claims["client_id"]
        proof = dpop.shown(request, self._issuer, token) if jkt else None
        async with self._database.read() as db:
            if jkt and (proof is None or proof.jkt != jkt or not await proof.is_first(db)):
                raise BadProof("it is missing, of another key, or was shown before")
            client = await clients.get(db, claims["client_id"])
            grant_id = UUID(claims["gid"]) if "gid" in claims else None
            gone = not stands(claims, client) or await grants.is_revoked(db, claims["jti"], grant_id)
        return None if gone else claims

    def _refused(self, scheme: str, error: str, description: str = "", *, status: int = 401) -> Response:
        told = metadata.challenge(self._issuer, scheme=scheme, error=error, description=description, scopes=["openid"])
        return Response(status_code=status, headers={"WWW-Authenticate": told})
