"""The HTTP client for requests to other systems; connectors and the sign-in with OpenID Connect use it."""

from hub.http_client.client import Http as Http
from hub.http_client.urls import checked_url as checked_url
