"""The app around a small graph, as in the tests of endpoints."""

from tests.api.graph_app import early_in_the_hour, hub

__all__ = ["early_in_the_hour", "hub"]
