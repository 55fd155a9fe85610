"""A stand-in for OSS RBA over real HTTP: its methods, and its calls to the hub (contract oss, shared#traps).

Businesses and permits are those of the demo world, computed when they are looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.connectors.base import ConnectorSettings
from hub.connectors.oss.sandbox import documents
from hub.connectors.oss.sandbox.acts import ACTS, Acts
from hub.connectors.oss.sandbox.bodies import Failure
from hub.connectors.oss.sandbox.caller import AT_ONCE, Call, Caller
from hub.connectors.oss.sandbox.codes import EXPLANATIONS
from hub.connectors.oss.sandbox.credentials import Credentials
from hub.connectors.oss.sandbox.credentials import variables as variables
from hub.connectors.oss.sandbox.envelopes import FORMS, Json, form_for
from hub.connectors.oss.sandbox.filings import Filing
from hub.connectors.oss.sandbox.methods import TRAPS, Methods
from hub.connectors.oss.sandbox.register import Register
from hub.connectors.oss.settings import OssSettings
from hub.connectors.sandbox_base import HangUp, Sandbox
from hub.connectors.sandbox_traps import TRAP_ACT, Traps
from hub.demo.businesses import SIZE, BusinessWorld
from hub.demo.dice import SEED, Dice
from hub.demo.permit_stages import OPEN, OSS_CODES, next_stage
from hub.demo.permit_types import CENTRE
from hub.demo.world import DemoWorld

ASSUMED = {"X-Contract-Status": "assumed"}
TOO_BIG = 3_000_000
INTRODUCED_AT_ONCE = 100
"""Businesses of the beginning that are sent to the hub with each step."""
TOKENS = {"yesterday": "yesterday", "npwp": "npwp", "wrong_token": "wrong"}
"""How a call of the act `notify` is signed."""
_Method = Callable[[Any], Json]
_STAGES = {OSS_CODES[stage]: stage for stage in OPEN}


class OssSandbox(Sandbox):
    """Answers calls about ``register``, and notifies the hub of changes; ``clock`` returns the present."""

    name = "oss"
    faults: ClassVar[dict[str, str]] = {
        "failure_under_200": "HTTP 200 with the kode `value` (500 by default) inside",
        "form": "the answer comes in the form `value`, a number from 0 to 11",
        "no_data": "the answer has kode 200 and no data",
        "unknown_status": "the document of a look-up has a status_nib that is in no list",
        "accept_then_hang": "the report is accepted, and the connection is closed without an answer",
        "accept_then_500": "the report is accepted, and the answer is HTTP 500",
        "accept_late": "the connection is closed without an answer; the report takes effect `value` seconds later (5)",
    }
    acts: ClassVar[dict[str, str]] = {**ACTS, **TRAP_ACT}
    traps: ClassVar[dict[str, str]] = {
        **TRAPS,
        "forms": "wrappers and the types of kode and meta differ between permits and businesses",
        "odd_people": "one document in ten has people in places that the contract does not name",
        "repeats": "one call in six to the hub comes twice",
        "echo": "OSS sends the hub a document that a report of the hub has changed",
    }

    def __init__(self, credentials: Credentials, world: BusinessWorld, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._credentials, self._clock = credentials, clock
        self.trap = Traps(self.traps)
        self.register = Register(world, self.record)
        self.methods = Methods(self.register, self.trap, credentials.instansi, lambda: self.now, self._echo)
        self.caller = Caller(credentials, lambda: self.now, lambda: "down" in self.fault.active)
        self._acts = Acts(self.register, lambda: self.now, self.notify, self.notify_all)
        self._rng = Dice(f"oss {SEED}")

    @property
    def now(self) -> datetime:
        """The present of the sandbox."""
        return self._clock() + self.clock_offset

    def routes(self) -> list[BaseRoute]:
        """Return one route for each method."""
        methods = self.methods
        calls: list[tuple[str, _Method, bool]] = [
            ("inqueryNIB", methods.inquery_nib, False),
            ("inqueryLicense", methods.inquery_license, False),
            ("checkLicenseStatus", methods.check_license_status, False),
            ("receiveLicenseStatus", methods.receive_license_status, True),
            ("receiveLicense", methods.receive_license, True),
        ]
        return [Route(f"/{name}", self._endpoint(name, do, writes), methods=["POST"]) for name, do, writes in calls]

    def tick(self) -> None:
        """Introduce some businesses to the hub; register one, or move an application that the centre decides."""
        self._introduce()
        if self._rng.random() < 0.25:
            self.act({"do": "create"})
            return
        for _ in range(50):
            filing = self.register.get(self._rng.randrange(self.register.count))
            assert filing
            for permit in filing.permits:
                stage = _STAGES.get(permit.status[0])
                if permit.authority == CENTRE and stage and (following := next_stage(stage, self._rng)):
                    self._acts.reach(filing, permit, OSS_CODES[following], notify=following not in OPEN)
                    return

    def figures(self) -> dict[str, Any]:
        """Return the numbers of businesses and permits, of decisions that changed something, of calls by outcome."""
        return {
            "businesses": self.register.count,
            "permits": self.register.permits,
            "decisions": self.methods.received,
            "calls": dict(self.caller.sent),
            "waiting": self.caller.waiting,
            "introduced": self.register.introduced,
            "traps": self.trap.figures(),
        }

    def some_ids(self, most: int) -> list[str]:
        """Return ids of the hub's records of businesses."""
        return [f"NIB-{self.register.business(number).nib}" for number in range(min(most, self.register.count))]

    def act(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Act for the centre, or switch a trap."""
        return self.trap.act(command) if command.get("do") == "trap" else self._acts.act(command)

    def restore(self, states: Mapping[str, Any]) -> None:
        """Restore the businesses that changed."""
        self.register.restore(states)

    def notify(self, filing: Filing, how: str = "") -> None:
        """Send the hub the document of a business; ``how`` is one of those of the act ``notify``."""
        call = self._call(filing, odd=how == "odd_people")
        if how == "too_big":
            self.caller.send(replace(call, padding=TOO_BIG))
        elif how in TOKENS:
            self.caller.send(replace(call, signed=TOKENS[how]))
        elif how == "overtaken":
            self.caller.send(call, self._call(self.register.before(filing)))
        else:
            twice = how == "repeated" or (self.trap.on("repeats") and self._rng.random() < 1 / 6)
            self.caller.send(*[call] * (1 + twice))

    def notify_all(self, numbers: range) -> None:
        """Send the hub the documents of many businesses, each computed when its turn comes."""
        filings = (self.register.get(number) for number in numbers)
        calls = (self._call(filing) for filing in filings if filing)
        for _ in range(AT_ONCE):
            self.caller.send_each(calls)

    def _introduce(self) -> None:
        """Send the hub the next businesses of the beginning, when the last ones have arrived."""
        if self.hub and not self.caller.waiting:
            self.notify_all(self.register.introduce(INTRODUCED_AT_ONCE))

    def _call(self, filing: Filing, *, odd: bool = False) -> Call:
        business = self.register.business(filing.number)
        data = documents.document(business, filing, long_kbli=self.methods.has_long_kbli(filing))
        if odd or (self.trap.on("odd_people") and filing.number % 10 == 3):
            data = documents.with_people_in_odd_places(data)
        return Call(data, signed=self._credentials.token_form)

    def _echo(self, filing: Filing) -> None:
        if self.trap.on("echo"):
            self.notify(filing)

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with self.caller.open(self.hub), super()._lifespan(app):
            yield

    def _endpoint(self, method: str, do: _Method, writes: bool) -> Callable[[Request], Any]:
        """Return the endpoint of a method: the key, the body, the faults, and one of the forms of the answer."""

        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            try:
                self._check_key(request)
                body = _json(raw)
                if writes and (answer := self._faulty_write(do, body)):
                    return answer
                code, payload = 200, do(body)
            except Failure as failure:
                return self._answer(method, failure.code, failure.explanation, {}, raw)
            if self.fault.met("no_data"):
                payload = {}
            elif self.fault.met("unknown_status") and "dataNIB" in payload:
                payload = {**payload, "dataNIB": {**payload["dataNIB"], "status_nib": "09"}}
            return self._answer(method, code, EXPLANATIONS[code], payload, raw)

        return endpoint

    def _check_key(self, request: Request) -> None:
        right = self._credentials.user_key.get_secret_value().encode()
        if not right or not hmac.compare_digest(request.headers.get("user_key", "").encode(), right):
            raise Failure(401)
        failed, code = self.fault.take("failure_under_200")
        if failed:
            raise Failure(int(code or 500))

    def _faulty_write(self, do: _Method, body: Any) -> Response | None:
        late, seconds = self.fault.take("accept_late")
        if late:
            asyncio.get_running_loop().call_later(5.0 if seconds is None else seconds, do, body)
            return HangUp()
        if self.fault.met("accept_then_hang"):
            do(body)
            return HangUp()
        if self.fault.met("accept_then_500"):
            do(body)
            return JSONResponse({"message": "Internal Server Error"}, 500)
        return None

    def _answer(self, method: str, code: int, explanation: str, payload: Json, raw: bytes) -> Response:
        forced, number = self.fault.take("form")
        if forced:
            form = FORMS[int(number or 0) % len(FORMS)]
        else:
            form = form_for(raw.decode(errors="replace")) if self.trap.on("forms") else FORMS[0]
        body = form.body(method, code, explanation, payload)
        return JSONResponse(body, headers=ASSUMED if method == "inqueryLicense" else None)


def build(
    settings: ConnectorSettings,
    world: DemoWorld,
    size: int = SIZE,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> OssSandbox:
    """Return a sandbox that checks against ``settings``, with ``size`` businesses of the demo world."""
    assert isinstance(settings, OssSettings)
    return OssSandbox(Credentials.of(settings), BusinessWorld(world.today, size), clock)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise Failure(400, "JSON tidak sesuai") from None
