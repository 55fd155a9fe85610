"""The stages of the graph's tests."""

from tests.schema.conftest import shared, stage, stage_database

__all__ = ["shared", "stage", "stage_database"]
