"""The stages of the graph's tests."""

from tests.schema.conftest import stage, stage_database

__all__ = ["stage", "stage_database"]
