"""Builds the ASGI app: the only place that wires things together."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from hub.auth import purposes, scopes
from hub.auth import registry as trust
from hub.auth.issuers import Issuers
from hub.auth.keys import Keys
from hub.auth.pages.routes import routes as page_routes
from hub.auth.server.routes import routes as oauth_routes
from hub.auth.server.routes import server
from hub.auth.tokens import Tokens
from hub.auth.viewers import Viewers
from hub.connectors import registry
from hub.errors import TryLater
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.schema.part import Part
from hub.settings import Settings
from hub.store import migrate, systems
from hub.store.access.epoch import Watch
from hub.store.database import Database, counted
from hub.store.ingest.doubts import doubtful
from hub.store.sealing import Seal
from hub.store.systems import SystemState
from hub.sync.hooks import Hooks
from hub.sync.push import Pushes
from hub.viewer import Viewer
from hub.web import health, page
from hub.web.allowance import Allowances
from hub.web.bulk import Bulk
from hub.web.entrance import Entrance
from hub.web.figures import Figures
from hub.web.files import Files
from hub.web.gate import ReadOnce
from hub.web.graphql import GraphQLEndpoint
from hub.web.hooks import BODY_LIMIT, PATH, HookEndpoint
from hub.web.languages import language
from hub.web.limits import Limits
from hub.web.metrics import Metrics
from hub.web.rates import LOOPBACK, Budgets, Rates
from hub.web.requests import http_error, middleware, request_id
from hub.web.snapshot import Snapshots
from hub.web.terms import Terms
from hub.web.throttle import HANDLERS


def build(settings: Settings, subgraph: str | None = None) -> Starlette:
    """The hub as an ASGI app: the merged graph, or one part as a subgraph.

    ``settings`` name a database and hold the keys; its migrations are not run here.
    """
    assert settings.database_url
    hub = _Hub(settings, Database(settings.database_url, pool_size=settings.pool_size))
    return Starlette(
        routes=hub.routes(subgraph),
        middleware=middleware(
            hub.rates,
            hub.terms,
            development=not settings.production,
            body_limit=settings.body_limit,
            larger={"/bulk/": settings.bulk_limit, "/hooks/": BODY_LIMIT},
            origins=settings.cors_origins,
        ),
        exception_handlers={HTTPException: http_error, **HANDLERS},
        lifespan=hub.lifespan,
    )


def parts(settings: Settings) -> tuple[Part, ...]:
    """The parts that enabled connectors bring for kinds of their own (``types.py`` in their folders)."""
    found = []
    for system in registry.enabled(settings):
        name = f"hub.connectors.{system.name}.types"
        if importlib.util.find_spec(name):
            found.append(importlib.import_module(name).part)
    return tuple(found)


class _Hub:
    """What the routes share: one database, one seal, the tokens, the budgets, what was agreed with clients."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._seal = Seal(settings.sealing_keys, settings.secret)
        word = settings.demo_officer_token
        shown = settings.query_token or word
        self._shown = shown.get_secret_value() if shown else ""
        self.keys = Keys(database, self._seal, timedelta(days=settings.keys_rotate_days))
        watch = Watch(database)
        self.rates, self.terms = Rates(_budgets(settings), settings.redis_url), Terms(database, watch)
        syncs = [scopes.sync_scope(each.name).name for each in registry.enabled(settings)]
        self._scopes = [*scopes.NAMES, *syncs]
        self._tokens = Tokens(word.get_secret_value() if word else None, scopes.DEMO.union(syncs))
        self._rules = registry.rules(settings)
        self._trusted = trust.read(settings.issuers_file, self._scopes)
        self._pushes = Pushes(database, self._seal, registry.enabled(settings))
        self._hooks = Hooks(database, self._seal, registry.enabled(settings))
        outside = Issuers(self._trusted.issuers)
        self._viewers = Viewers(database, watch, self.keys, settings.issuer, outside, self.rates, settings.secret)

    def routes(self, subgraph: str | None) -> list[BaseRoute]:
        """Every route of the app."""
        metrics, ide = Metrics(self._figures()), self._settings.with_ide
        allowances = Allowances(self.rates, self.terms)
        endpoint = GraphQLEndpoint(
            schema(subgraph, parts(self._settings), (ReadOnce,), registry.shared(self._settings)),
            self._viewer,
            self._context,
            allowances,
            limits=_limits(self._settings),
            introspection=self._settings.introspective,
            page=page.query_page(self._shown, graphiql=ide) if ide else None,
            observe=metrics.observe,
        )
        return [
            Route("/graphql", endpoint),
            Route("/", page.home_page(self._rows, graphiql=ide)),
            *([] if subgraph else self._sign_in()),
            *([] if subgraph else self._beside(Entrance(self._viewer, allowances, self._settings.issuer))),
            *([] if subgraph else [Route(PATH, HookEndpoint(self._hooks, metrics))]),
            *page.routes(graphiql=ide),
            *health.routes({"database": self._check}, metrics),
        ]

    def _beside(self, entrance: Entrance) -> list[BaseRoute]:
        """What is taken and told beside the graph, to whoever has a token."""
        return [
            Route("/bulk/{system}", Bulk(entrance, self._pushes).post, methods=["POST"]),
            Route("/bulk/{system}", Snapshots(entrance, self._database), methods=["GET"]),
            Route("/files/{sha256}", Files(entrance, self._database).get),
        ]

    def _sign_in(self) -> list[BaseRoute]:
        """The authorization server and its pages; what serves a part of the graph only reads its tokens."""
        issuer, logins = self._settings.issuer, self._trusted.logins
        made = server(self._database, self.keys, issuer, self._scopes, self.rates.token)
        pages = page_routes(self._database, made.authorize, issuer, self._settings.secret, self.rates, logins)
        return [*oauth_routes(made), *pages]

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Close the connections when the app ends."""
        yield
        await self.rates.close()
        await self._database.close()

    async def _viewer(self, request: Request) -> Viewer:
        return self._tokens.viewer(request) or await self._viewers.of(request)

    async def _context(self, request: Request, viewer: Viewer) -> Any:
        @contextlib.asynccontextmanager
        async def entered() -> AsyncIterator[Context]:
            with counted() as noted:
                yield Context(
                    noted=noted,
                    database=self._database,
                    viewer=viewer,
                    seal=self._seal,
                    secret=self._settings.secret,
                    language=language(request.headers.get("accept-language", "")),
                    request_id=request_id(request),
                    purpose=purposes.stated(request.headers.getlist(purposes.HEADER)),
                    rules=self._rules,
                    push=self._pushes.whole,
                )

        return entered()

    async def _overview(self) -> list[SystemState]:
        try:
            async with self._database.read() as db:
                return await systems.overview(db)
        except SQLAlchemyError as error:
            raise TryLater(f"the database does not answer ({type(error).__name__})") from error

    async def _rows(self) -> Sequence[dict[str, Any]]:
        return [
            {**asdict(one), "state": one.state, "asOf": one.synced_at, "downSince": one.down_since}
            for one in await self._overview()
        ]

    def _figures(self) -> Figures:
        connectors = [each.connector for each in registry.enabled(self._settings)]
        return Figures(self._database, {each.name for each in connectors if each.sends}, doubtful(connectors))

    async def _check(self) -> str | None:
        await self._overview()
        assert self._settings.database_url
        current, head = await migrate.state(self._settings.database_url)
        return None if current == head else "The database is not migrated: run `hub migrate`."


def _limits(settings: Settings) -> Limits:
    return Limits(
        depth=settings.depth_limit,
        aliases=settings.alias_limit,
        tokens=settings.token_limit,
        cost=settings.cost_limit,
        seconds=settings.operation_timeout,
    )


def _budgets(settings: Settings) -> Budgets:
    return Budgets(
        address=settings.rate_address,
        requests=settings.rate_requests,
        cost=settings.rate_cost,
        token=settings.rate_token,
        spared=LOOPBACK if settings.rate_spared is None else settings.rate_spared,
    )
