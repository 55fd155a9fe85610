"""Small worlds: sandboxes that hold a hundred things instead of tens of thousands, for tests that pull often."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import Iterator
from functools import partial
from types import ModuleType
from unittest.mock import patch

import hub.connectors
from hub.demo.world import complaints

FEW = 150
SIZES = ("COUNT", "TOTAL")
"""How the modules of sandboxes call the size of their world."""


@contextlib.contextmanager
def small_worlds(few: int = FEW) -> Iterator[None]:
    """Sandboxes built inside hold about ``few`` things each, and what the first ``few`` demo complaints cite."""
    with contextlib.ExitStack() as stack:
        for module in _modules():
            for name in SIZES:
                if name in vars(module):
                    stack.enter_context(patch.object(module, name, few))
            if getattr(module, "complaints", None) is complaints:
                stack.enter_context(patch.object(module, "complaints", partial(complaints, count=few)))
        yield


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(hub.connectors.__path__, "hub.connectors."):
        if found.name.rpartition(".")[2].startswith("sandbox_"):
            yield importlib.import_module(found.name)
