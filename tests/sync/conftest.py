"""Stages, as the tests of the graph have them."""

from tests.schema.conftest import shared, stage

__all__ = ["shared", "stage"]
