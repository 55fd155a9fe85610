"""Compiles GraphQL operations once and executes them breadth-first; see README.md beside this file."""

from hub.executor.execution import execute
from hub.executor.executor import Executor
from hub.executor.resolvers import Attribute, Batch, FieldResolver

__all__ = ["Attribute", "Batch", "Executor", "FieldResolver", "execute"]
