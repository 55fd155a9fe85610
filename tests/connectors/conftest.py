"""Fixtures of a test class with a ``connector``, as in the suite for connectors outside of this repository."""

from __future__ import annotations

from hub.testing.fixtures import first_pages, kept, pulled, register, running

__all__ = ["first_pages", "kept", "pulled", "register", "running"]
