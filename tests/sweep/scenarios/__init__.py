"""The scenarios of the sweep: what happens in each, and what must hold afterwards."""

from __future__ import annotations

from collections.abc import Collection

from hub.connectors.base import Connector
from hub.contract import Coverage
from tests.sweep.scenarios.absence import Absence
from tests.sweep.scenarios.bulk import Bulk
from tests.sweep.scenarios.client_webhooks import ClientWebhooks
from tests.sweep.scenarios.decide import Decide
from tests.sweep.scenarios.decisions import Decisions
from tests.sweep.scenarios.deliver import Deliver
from tests.sweep.scenarios.feed import Feed
from tests.sweep.scenarios.pull import Pull
from tests.sweep.scenarios.push import Push
from tests.sweep.scenarios.scenario import Scenario
from tests.sweep.scenarios.webhook import Hook
from tests.sweep.scenarios.workflow import Workflow


def scenarios(connectors: Collection[type[Connector]]) -> tuple[Scenario, ...]:
    """Return every scenario for these systems; a system without a listing is not pulled before it has called.

    The first one that passes a place at which each does the same tries it: the feed's, if it may.
    """
    listing = [each for each in connectors if each.covers(each.Settings()) is Coverage.FULL]
    registers = [each for each in connectors if each.register is not None]
    asked = [each for each in registers if each.register and not each.register.lists_all]
    rest = (Push(), Bulk(), Hook(), Workflow(), Deliver(), Decide(), ClientWebhooks())
    return (Feed(), *map(Pull, listing), *map(Decisions, registers), *map(Absence, asked), *rest)
