"""The mutations of systems: pull now, full run, pause and resume."""

from __future__ import annotations

from typing import Annotated, TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.problems import Problem
from hub.schema.authorization import requirement, requires
from hub.schema.complaints.mutations import INPUT, IdempotentInput, result
from hub.schema.context import Info
from hub.schema.lookups import load_hub_node
from hub.schema.operations import OPERATE
from hub.schema.run_once import Rejection, run_once
from hub.schema.systems import System
from hub.store.operations import system_acts
from hub.store.operations.system_acts import SystemAct


@strawberry.input
class SystemInput(IdempotentInput):
    """Base of the inputs of mutations of one system."""

    system: str = strawberry.field(description="The system's short name, such as `lapor`.")


@strawberry.input(description="Input of `pullNow`.")
class PullNowInput(SystemInput):
    """Input of ``pullNow``."""


@strawberry.input(description="Input of `fullRun`.")
class FullRunInput(SystemInput):
    """Input of ``fullRun``."""


@strawberry.input(description="Input of `pauseSystem`.")
class PauseSystemInput(SystemInput):
    """Input of ``pauseSystem``."""


@strawberry.input(description="Input of `resumeSystem`.")
class ResumeSystemInput(SystemInput):
    """Input of ``resumeSystem``."""


@strawberry.interface(description="The result of a mutation of a system.")
class SystemPayload:
    """Base of the payloads."""

    system: System = strawberry.field(description="The system after the mutation.")


PayloadT = TypeVar("PayloadT", bound=SystemPayload)


@strawberry.type(description="The result of `pullNow`.")
class PullNowPayload(SystemPayload):
    """The system, whose pull is due now."""


@strawberry.type(description="The result of `fullRun`.")
class FullRunPayload(SystemPayload):
    """The system, whose next pull lists everything."""


@strawberry.type(description="The result of `pauseSystem`.")
class PauseSystemPayload(SystemPayload):
    """The paused system."""


@strawberry.type(description="The result of `resumeSystem`.")
class ResumeSystemPayload(SystemPayload):
    """The system, whose pull and deliveries are due now."""


PullNowResult = Annotated[PullNowPayload | Rejection, result("pullNow")]
FullRunResult = Annotated[FullRunPayload | Rejection, result("fullRun")]
PauseSystemResult = Annotated[PauseSystemPayload | Rejection, result("pauseSystem")]
ResumeSystemResult = Annotated[ResumeSystemPayload | Rejection, result("resumeSystem")]


class Mutation:
    """The mutations of systems."""

    @strawberry.mutation(
        description="Pull from a system now, instead of at its next time: a worker begins within seconds."
        f" {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def pull_now(self, info: Info, input: Annotated[PullNowInput, INPUT]) -> PullNowResult | None:
        """Make the next pull due."""
        return await _act(info, input, SystemAct.PULL, PullNowPayload)

    @strawberry.mutation(
        description="Pull all that a system lists from the start, and find which records are gone: a worker begins"
        f" within seconds. Files that were given up are retried. {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def full_run(self, info: Info, input: Annotated[FullRunInput, INPUT]) -> FullRunResult | None:
        """Make the next pull a full run, and due."""
        return await _act(info, input, SystemAct.FULL_RUN, FullRunPayload)

    @strawberry.mutation(
        description="Pause a system: nothing is pulled from it and nothing is sent to it; what is under way ends. What"
        f" it pushes itself is still stored. {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def pause_system(self, info: Info, input: Annotated[PauseSystemInput, INPUT]) -> PauseSystemResult | None:
        """Pause it."""
        return await _act(info, input, SystemAct.PAUSE, PauseSystemPayload)

    @strawberry.mutation(
        description=f"Resume a paused system: its pull and what waits for it are due at once. {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def resume_system(self, info: Info, input: Annotated[ResumeSystemInput, INPUT]) -> ResumeSystemResult | None:
        """Resume it."""
        return await _act(info, input, SystemAct.RESUME, ResumeSystemPayload)


async def _act(info: Info, input: SystemInput, act: SystemAct, payload: type[PayloadT]) -> PayloadT | Rejection | None:
    done = await run_once(info, input, lambda db: _do(db, input.system, act))
    if isinstance(done, Rejection):
        return done
    system = await load_hub_node(info.context, System, input.system)
    return payload(system=system) if system else None


async def _do(db: AsyncConnection, name: str, act: SystemAct) -> bool | list[Problem]:
    return await system_acts.act_on(db, name, act) or True
