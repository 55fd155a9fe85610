"""Builds the ASGI app: the only module that assembles all parts."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute

from hub.api import data_routes, health, pages
from hub.api.authentication import EndpointAuth
from hub.api.bulk import BulkEndpoint
from hub.api.configured_limits import operation_limits, rate_limits, webhook_body_limits
from hub.api.descriptions import Descriptions
from hub.api.event_counter import EventCounter
from hub.api.exception_handlers import http_error
from hub.api.files import FileEndpoint
from hub.api.gauges import Gauges
from hub.api.graphql import routes as graphql_routes
from hub.api.graphql.connector_parts import connector_parts
from hub.api.graphql.endpoint import GraphQLEndpoint
from hub.api.graphql.quotas import Quotas
from hub.api.graphql.streamed import StreamedOperations
from hub.api.graphql.validation import ReuseParsedDocument
from hub.api.metrics import Metrics
from hub.api.operators import operator_tools
from hub.api.query_page import query_page
from hub.api.schema_routes import schema_routes
from hub.api.snapshots import SnapshotEndpoint
from hub.api.streams.feed import FeedEndpoint
from hub.api.streams.graphql_events import GraphQLEvents
from hub.api.streams.graphql_single import SingleConnection
from hub.api.streams.graphql_websocket import GraphQLWebSocket
from hub.api.streams.registry import Streams
from hub.api.system_states import SystemStates
from hub.api.type_reference import Reference
from hub.api.webhooks import WebhookEndpoint
from hub.auth import issuer_config as trust
from hub.auth import purposes, scopes
from hub.auth.authentication import Authenticator, Renewed
from hub.auth.demo_token import DemoToken
from hub.auth.pages.browser_viewers import BrowserViewers
from hub.auth.pages.csrf import CsrfForms
from hub.auth.pages.routes import routes as page_routes
from hub.auth.server.routes import routes as oauth_routes
from hub.auth.server.routes import server
from hub.auth.server.sessions import BrowserSessions
from hub.auth.signing_keys import SigningKeys
from hub.auth.trusted_issuers import TrustedIssuers
from hub.connectors import registry
from hub.connectors.registry import Enabled
from hub.executor import Executor
from hub.kinds import kind_names
from hub.pages import graph as page_graph
from hub.pages.console.frame import Console
from hub.pages.console.routes import routes as console_routes
from hub.pages.reference import reference_routes
from hub.pages.routes import routes as public_routes
from hub.pages.site import Site
from hub.schema.client_schema import client_sdl
from hub.schema.context import Context
from hub.schema.field_resolvers import field_resolver
from hub.schema.graph import schema
from hub.settings import Settings
from hub.store.database import Database, record_statements
from hub.store.encryption import FieldCipher
from hub.store.ingest.contradictions import contradictable_kinds
from hub.store.oauth.revocation_epoch import RevocationEpoch
from hub.store.replica import ReplicatedDatabase, database_with_replica
from hub.streams.broadcaster import Broadcaster
from hub.sync.uploads import Uploads
from hub.sync.webhooks import Webhooks
from hub.viewer import Viewer, ViewerKind
from hub.web.client_policies import ClientPolicies
from hub.web.headers import header
from hub.web.language import preferred_language
from hub.web.middleware import middleware, request_id
from hub.web.rate_limits import RateLimiter
from hub.web.throttling import EXCEPTION_HANDLERS, address_of, network_of


def build(settings: Settings, subgraph: str | None = None, *, clock: Callable[[], float] = time.monotonic) -> Starlette:
    """Return the hub as an ASGI app: the merged graph, or one part as a subgraph.

    ``settings`` name a database and contain the keys; migrations are not run here. ``clock`` gives the seconds for the
    age of other issuers' keys.
    """
    assert settings.database_url
    half = settings.pool_size // 2
    database = database_with_replica(
        *(settings.database_url, settings.database_read_url),
        pooler_url=settings.database_pooler_url,
        pool_size=settings.pool_size - half,
        snapshots=half,
    )
    enabled = registry.enabled(settings)
    hub = _AppParts(settings, enabled, database, clock)
    descriptions = Descriptions(hub.routes(subgraph), settings.issuer)
    app = Starlette(
        routes=descriptions.routes(),
        middleware=middleware(
            hub.rate_limiter,
            hub.client_policies,
            development=not settings.production,
            body_limit=settings.body_limit,
            path_limits={"/bulk/": settings.bulk_limit, **webhook_body_limits(enabled)},
            origins=settings.cors_origins,
            hosts=settings.known_hosts,
        ),
        exception_handlers={HTTPException: http_error, **EXCEPTION_HANDLERS},
        lifespan=hub.lifespan,
    )
    app.state.stop_streams, app.state.descriptions = hub.streams.stop, descriptions
    # Behind a proxy, a redirect would send the client's request to an http URL.
    app.router.redirect_slashes = False
    return app


class _AppParts:
    """The shared objects of the routes: database, encryption, authentication, rate limits, client policies."""

    def __init__(
        self, settings: Settings, enabled: list[Enabled], database: Database, clock: Callable[[], float]
    ) -> None:
        self._settings, self._enabled = settings, enabled
        self._database, self._systems = database, SystemStates(database)
        self._cipher = FieldCipher(settings.sealing_keys, settings.secret)
        officer_token = settings.demo_officer_token
        query_token = settings.query_token or officer_token
        self._query_page_token = query_token.get_secret_value() if query_token else ""
        self.keys = SigningKeys(database, self._cipher, timedelta(days=settings.keys_rotate_days))
        revocation_epoch = RevocationEpoch(database)
        self.rate_limiter, self.client_policies = (
            RateLimiter(rate_limits(settings), settings.redis_url),
            ClientPolicies(database, revocation_epoch),
        )
        sync_scopes = [scopes.sync_scope(each.name).name for each in enabled]
        self._scopes = [*scopes.NAMES, *sync_scopes]
        self._demo_token = DemoToken(
            officer_token.get_secret_value() if officer_token else None, scopes.DEMO_SCOPES.union(sync_scopes)
        )
        self._rules = registry.forwarding_rules(settings.forward, enabled)
        self._kinds = kind_names(kind for each in enabled for kind in each.connector.kinds)
        self._issuer_config = trust.read(settings.issuers_file, self._scopes)
        self._uploads = Uploads(database, self._cipher, enabled)
        self._webhooks = Webhooks(database, self._cipher, enabled)
        issuers = TrustedIssuers(self._issuer_config.issuers, clock)
        self._authenticator = Authenticator(
            *(database, revocation_epoch, self.keys, settings.issuer, issuers, self.rate_limiter, settings.secret),
            second_factor=settings.needs_second_factor,
        )
        self._operator = operator_tools(enabled, self._cipher)
        self._events = EventCounter(database)
        self._broadcaster = Broadcaster(database)
        self.streams = Streams(self._renew, revocation_epoch.current, self._authenticator.code_seeds)

    def routes(self, subgraph: str | None) -> list[BaseRoute]:
        """Return all routes of the app."""
        metrics = Metrics(self._gauges(), self._events)
        ide, shown = self._settings.serves_ide, self._settings.allows_introspection
        metrics.watch_streams(self.streams.count)
        if isinstance(self._database, ReplicatedDatabase):
            self._database.count = metrics.count_snapshot
        quotas = Quotas(self.rate_limiter, self.client_policies)
        graph = schema(
            subgraph, connector_parts(self._enabled), (ReuseParsedDocument,), registry.shared_fields(self._enabled)
        )
        endpoint = GraphQLEndpoint(
            graph,
            self._viewer,
            self._context,
            quotas,
            limits=operation_limits(self._settings),
            introspection=shown,
            executor=None if self._settings.executor == "graphql-core" else Executor(graph._schema, field_resolver),
            page=query_page(self._query_page_token, graphiql=ide, schema=shown) if ide else None,
            observe=metrics.observe,
        )
        operations = StreamedOperations(endpoint, self._viewer, self._new_context, quotas)
        reference = Reference(graph.sdl, client_sdl(graph.sdl)) if shown else None
        return [
            *graphql_routes.routes(
                GraphQLEvents(endpoint, operations, self.streams),
                SingleConnection(operations, self.streams),
                GraphQLWebSocket(operations, self.streams),
            ),
            *(schema_routes(reference) if reference else []),
            *([pages.home_route(self._systems.rows, ide=ide)] if subgraph else self._pages(endpoint, reference)),
            *([] if subgraph else self._auth_routes(metrics)),
            *([] if subgraph else self._data_routes(EndpointAuth(self._viewer, quotas, self._settings.issuer))),
            *([] if subgraph else [WebhookEndpoint(self._webhooks, metrics).route()]),
            *pages.routes(graphiql=ide),
            *health.routes({"database": self._systems.check_database}, metrics),
        ]

    def _pages(self, endpoint: GraphQLEndpoint, reference: Reference | None) -> list[BaseRoute]:
        client = page_graph.GraphClient(endpoint)
        development = not self._settings.production
        site = Site(client, self._settings.issuer, time.monotonic, development=development)
        sessions, required = BrowserSessions(self._settings.issuer), self._settings.needs_second_factor
        viewers = BrowserViewers(self._database, sessions, second_factor=required)
        forms = CsrfForms(self._settings.issuer, self._settings.secret, sessions)
        types = reference_routes(site, reference) if reference else []
        return [*public_routes(site), *types, *console_routes(Console(site, viewers, forms))]

    def _data_routes(self, auth: EndpointAuth) -> list[BaseRoute]:
        """Return the endpoints for data outside of the graph: uploads, snapshots and files."""
        return data_routes.routes(
            BulkEndpoint(auth, self._uploads),
            SnapshotEndpoint(auth, self._database),
            FeedEndpoint(auth, self.streams, self._database, self._broadcaster, self._kinds),
            FileEndpoint(auth, self._database),
            self._kinds,
        )

    def _auth_routes(self, metrics: Metrics) -> list[BaseRoute]:
        """Return the authorization server and its pages; a subgraph only verifies its tokens."""
        issuer, logins = self._settings.issuer, self._issuer_config.logins
        secret = self._settings.secret
        required = self._settings.needs_second_factor
        authorization_server = server(
            *(self._database, self.keys, issuer, self._scopes, secret, self.rate_limiter.token), second_factor=required
        )
        parts = (self._database, authorization_server.authorize, issuer, secret, self.rate_limiter, logins)
        pages = page_routes(*parts, self._cipher, metrics.count_sign_in, second_factor=required)
        return [*oauth_routes(authorization_server), *pages]

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Close the connections when the app stops."""
        yield
        await self.streams.close()
        await self._broadcaster.close()
        await self._events.close()
        await self.rate_limiter.close()
        await self._database.close()

    async def _viewer(self, request: Request) -> Viewer:
        viewer: Viewer | None = request.scope.get(page_graph.VIEWER)
        return viewer or self._demo_token.viewer(request) or await self._authenticator.authenticate(request)

    async def _renew(self, request: Request) -> Renewed:
        demo = self._demo_token.viewer(request)
        return await self._authenticator.renew(request) if demo is None else Renewed(demo, math.inf)

    async def _context(self, request: Request, viewer: Viewer) -> Any:
        @contextlib.asynccontextmanager
        async def open_context() -> AsyncIterator[Context]:
            with record_statements() as statement_log:
                async with self._new_context(request, viewer, statement_log) as context:
                    yield context

        return open_context()

    def _new_context(self, request: Request, viewer: Viewer, statement_log: list[str] | None = None) -> Context:
        return Context(
            statement_log=[] if statement_log is None else statement_log,
            database=self._database,
            viewer=viewer,
            cipher=self._cipher,
            secret=self._settings.secret,
            language=preferred_language(header(request, "accept-language")),
            request_id=request_id(request),
            network=network_of(request),
            purpose=purposes.parse_headers(request.headers.getlist(purposes.HEADER)),
            kinds=self._kinds,
            rules=self._rules,
            count_submission=partial(self._count_submission, viewer, address_of(request)),
            push_records=self._uploads.store_all,
            broadcaster=self._broadcaster,
            client_usage=partial(self.rate_limiter.used, f"client {viewer.client}"),
            open_streams=partial(self.streams.of_client, viewer.client),
            loopback_webhooks=not self._settings.production,
            operator=self._operator,
        )

    async def _count_submission(self, viewer: Viewer, address: str) -> None:
        if viewer.kind is ViewerKind.PARTNER:
            await self.rate_limiter.client_submission(viewer.client or viewer.name)
        else:
            # All who use the form of the public are one viewer: each address has the budget of a person.
            person = address if viewer.kind is ViewerKind.ANONYMOUS else viewer.name
            await self.rate_limiter.submission(f"{viewer.kind.value} {person}", address)

    def _gauges(self) -> Gauges:
        declared = [each.declaration for each in self._enabled]
        return Gauges(self._database, {each.name for each in declared if each.sends}, contradictable_kinds(declared))
