"""Tests for authors of connectors: the contract suite, and fixtures with a running sandbox.

``hub connectors check`` runs the suite. It needs pytest and pytest-asyncio, which the extra ``testing`` installs.
"""

CHECKS = tuple(f"{__name__}.{part}_contract" for part in ("mapping", "sandbox", "register", "webhook", "database"))
"""The modules whose asserts pytest rewrites, so that a failure shows values."""
