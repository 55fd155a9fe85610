"""The limits that settings state: of operations, of calls, and of the bodies of calls that systems make."""

from __future__ import annotations

from collections.abc import Iterable

from hub.api.graphql.limits import Limits
from hub.api.webhooks import BODY_LIMIT
from hub.connectors.registry import Enabled
from hub.settings import Settings
from hub.web.concurrency_limiter import MAX_OPERATIONS
from hub.web.rate_limits import LOOPBACK, RateLimits


def operation_limits(settings: Settings) -> Limits:
    """Return the limits of GraphQL operations."""
    return Limits(
        depth=settings.depth_limit,
        aliases=settings.alias_limit,
        tokens=settings.token_limit,
        cost=settings.cost_limit,
        concurrent_operations=max(MAX_OPERATIONS, settings.pool_size),
        seconds=settings.operation_timeout,
    )


def rate_limits(settings: Settings) -> RateLimits:
    """Return the budgets of a minute."""
    return RateLimits(
        address=settings.rate_address,
        requests=settings.rate_requests,
        cost=settings.rate_cost,
        anonymous=settings.rate_anonymous,
        token=settings.rate_token,
        # In production a proxy on this machine may omit the client's address.
        submissions=settings.rate_submissions,
        exempt_networks=(() if settings.production else LOOPBACK)
        if settings.rate_spared is None
        else settings.rate_spared,
    )


def webhook_body_limits(enabled: Iterable[Enabled]) -> dict[str, int]:
    """Return the limits of the bodies of calls by path, those of a system before the one for all."""
    limits = {f"/hooks/{each.name}/": each.connector.webhook_body_limit for each in enabled}
    return {**limits, "/hooks/": BODY_LIMIT}
