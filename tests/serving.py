"""A real server in a test's own process, as in the suite for connectors."""

from __future__ import annotations

from hub.testing.serving import serve as serve
