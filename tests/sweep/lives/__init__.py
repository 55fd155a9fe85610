"""The lives that are swept: what happens in each, and what must hold afterwards."""

from __future__ import annotations

from collections.abc import Iterable

from hub.connectors.base import Connector
from tests.sweep.lives.bulk import Bulk
from tests.sweep.lives.decide import Decide
from tests.sweep.lives.deliver import Deliver
from tests.sweep.lives.feed import Feed
from tests.sweep.lives.hook import Hook
from tests.sweep.lives.life import Life
from tests.sweep.lives.pull import Pull
from tests.sweep.lives.push import Push
from tests.sweep.lives.workflow import Workflow


def lives(connectors: Iterable[type[Connector]]) -> tuple[Life, ...]:
    """Every life there is, with these systems."""
    return (*map(Pull, connectors), Push(), Bulk(), Hook(), Workflow(), Deliver(), Decide(), Feed())
