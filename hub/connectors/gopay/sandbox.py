"""A stand-in for the payment provider: SNAP BI's token, transaction history list and detail, and its notifications.

Contracts B.1 to B.7 and L.2. Paths are also served below ``/api``, as the standard's own sandbox does,
because signatures cover them.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, ClassVar

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.connectors.base import ConnectorSettings
from hub.connectors.gopay.access import TOKEN
from hub.connectors.gopay.calls import Body, Refused, json_object, missing
from hub.connectors.gopay.connector import DETAIL, LIST, PAGE_SIZE
from hub.connectors.gopay.sandbox_door import Door
from hub.connectors.gopay.sandbox_fields import asks_for_payments, whole_number, window
from hub.connectors.gopay.sandbox_history import History, half_year
from hub.connectors.gopay.sandbox_notices import notice
from hub.connectors.gopay.sandbox_notifier import Notifier
from hub.connectors.gopay.sandbox_payments import Held, invented
from hub.connectors.gopay.settings import GopaySettings
from hub.connectors.gopay.signing import JAKARTA
from hub.connectors.sandbox import Sandbox
from hub.demo.world import SEED


class GopaySandbox(Sandbox):
    """Holds ``history``; the world's present is ``clock`` moved by ``shift``."""

    name = "gopay"
    faults: ClassVar[dict[str, str]] = {
        "token_expired": "every token ends just before this call: 401SS01",
        "page_moved": "a payment comes in late at the start of the window, after this page was told",
        "duplicate": "the first item of this page is told again on the next one",
        "out_of_order": "the page is shuffled, and an older word on its first item follows on the next page",
        "unknown_status": "the first item of this page has a latestTransactionStatus that no contract knows",
        "in_progress": "202SS00 under HTTP `value` (200 by default)",
        "wrong_signature": "the next notification to the hub is signed by somebody else, and not sent again",
    }
    acts: ClassVar[dict[str, str]] = {
        "notify": "tells the hub how the payment `reference` stands, or the newest one",
        "refund": "refunds the payment `reference`, or the newest one, and tells the hub",
    }

    def __init__(
        self, settings: GopaySettings, history: History, clock: Callable[[], datetime], shift: timedelta
    ) -> None:
        super().__init__()
        self._door, self.history = Door(settings, clock), history
        self._clock, self._shift = clock, shift
        self._rng = Random(SEED)
        # Its dice are its own: whether somebody is told changes nothing in the world.
        self.notifier = Notifier(settings, Random(f"notices {SEED}"))
        self._steps = self._arrivals = 0
        self._open = [held for held in history.payments.values() if held.status in {"INIT", "PENDING"}]
        self._paid: deque[Held] = deque(maxlen=200)

    @property
    def now(self) -> datetime:
        """The world's present."""
        return self._clock() + self._shift

    def routes(self) -> list[BaseRoute]:
        """Token, list and detail, at the root and below ``/api``."""
        calls = ((TOKEN, self._token), (LIST, self._list), (DETAIL, self._detail))
        return [Route(base + path, call, methods=["POST"]) for base in ("", "/api") for path, call in calls]

    def figures(self) -> dict[str, Any]:
        """Payments held, lines of the list (some payments stand in it twice), payments not paid yet.

        ``notices`` are calls to the hub by the HTTP status of the answer.
        """
        return {
            "payments": len(self.history.payments),
            "lines": len(self.history),
            "open": len(self._open),
            "notices": dict(self.notifier.sent),
        }

    def act(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Do one of ``acts``; how the payment stands then."""
        if told.get("do") not in self.acts:
            raise ValueError(f"there is no act {told.get('do')!r}")
        payments = self.history.payments
        held = payments.get(str(told.get("reference") or next(reversed(payments))))
        if held is None:
            raise ValueError("there is no such payment")
        if told["do"] == "refund":
            held.status = "REFUNDED"
        self._tell(held)
        return {"reference": held.reference, "status": held.status}

    def tick(self) -> None:
        """Some open payments are paid or cancelled, one or two new ones begin, now and then one is refunded."""
        self._steps += 1
        for held in self._open:
            if self._rng.random() < 0.5:
                held.status = self._rng.choices(("SUCCESS", "CANCELLED"), (9, 1))[0]
                self._paid.append(held)
                self._tell(held)
        self._open = [held for held in self._open if held.status in {"INIT", "PENDING"}]
        for _ in range(self._rng.randint(1, 2)):
            self._arrive(self.now)
        if self._steps % 4 == 0 and self._paid:
            paid = self._rng.choice(self._paid)
            paid.status = "REFUNDED" if paid.status == "SUCCESS" else paid.status
            self._tell(paid)

    def _tell(self, held: Held) -> None:
        """Let the hub know how a payment stands."""
        self.notifier.tell(notice(held, self.now, forged=self.fault.met("wrong_signature")))

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with self.notifier.open(self.hub), super()._lifespan(app):
            yield

    def _arrive(self, at: datetime) -> None:
        """A new payment, not paid yet. The present is part of its number: a restart uses no reference again."""
        self._arrivals += 1
        number = f"{self.now.astimezone(JAKARTA):%H%M%S}{self._arrivals}"
        held = invented(at.astimezone(JAKARTA).replace(microsecond=0), number, self._rng, "INIT")
        self.history.add(held)
        self._open.append(held)
        self._tell(held)

    async def _token(self, request: Request) -> Response:
        raw = await request.body()
        try:
            return _success("73", self._door.grant(request.headers, json_object(raw)))
        except Refused as refused:
            return _refusal("73", refused)

    async def _list(self, request: Request) -> Response:
        return await self._answer(request, "12", self._listed)

    async def _detail(self, request: Request) -> Response:
        return await self._answer(request, "13", self._detailed)

    async def _answer(self, request: Request, service: str, reply: Callable[[Body], Body]) -> Response:
        raw = await request.body()
        if self.fault.met("token_expired"):
            self._door.expire()
        try:
            self._door.enter(request, raw)
            waiting, http = self.fault.take("in_progress")
            if waiting:
                return _json(int(http or 200), f"202{service}00", "Request In Progress", {})
            return _success(service, reply(json_object(raw)))
        except Refused as refused:
            return _refusal(service, refused)

    def _listed(self, body: Body) -> Body:
        start, end = window(body, self.now)
        size, number = whole_number(body, "pageSize", 10, 1, PAGE_SIZE), whole_number(body, "pageNumber", 0, 0, 10**6)
        first, beyond = self.history.between(start, min(end, self.now))
        if not asks_for_payments(body):
            return {"detailData": []}
        if partner := body.get("partnerReferenceNo"):
            return {"detailData": self.history.items(first, beyond, partner)[number * size : (number + 1) * size]}
        place, next_page = first + number * size, first + (number + 1) * size
        items = self.history.items(place, min(beyond, next_page))
        if items:
            self._spoil(items, self.history.held(place), start, next_page)
        return {"detailData": items}

    def _spoil(self, items: list[Body], held: Held, start: datetime, next_page: int) -> None:
        """Meet a page with the faults that are on; ``next_page`` is the place in the list where it begins."""
        if self.fault.met("unknown_status"):
            items[0]["latestTransactionStatus"] = "77"
        if self.fault.met("duplicate"):
            self.history.again(held, next_page)
        if self.fault.met("out_of_order"):
            self._rng.shuffle(items)
            self.history.again(held, next_page, "INIT")
        if self.fault.met("page_moved"):
            self._arrive(start + timedelta(seconds=1))

    def _detailed(self, body: Body) -> Body:
        info = body.get("additionalInfo")
        info = info if isinstance(info, dict) else {}
        reference = info.get("referenceNo") or info.get("originalReferenceNo")
        partner = body.get("originalPartnerReferenceNo")
        if not reference and not partner:
            raise missing("originalPartnerReferenceNo")
        held = self.history.payments.get(str(reference)) if reference else self.history.of_partner(partner)
        if held is None:
            raise Refused(404, "01", "Transaction Not Found")
        return held.detail()


def build(settings: ConnectorSettings, today: date) -> GopaySandbox:
    """The sandbox with the payments of the half year before ``today``, checking against ``settings``.

    Where ``today`` is not about today, the world's present is moved to that day, at this hour;
    timestamps of calls are held against the real time.
    """
    assert isinstance(settings, GopaySettings)

    def clock() -> datetime:
        return datetime.now(UTC)

    away = today - clock().astimezone(JAKARTA).date()
    shift = away if abs(away) > timedelta(days=1) else timedelta()
    return GopaySandbox(settings, half_year(today), clock, shift)


def _success(service: str, body: Body) -> Response:
    return _json(200, f"200{service}00", "Successful", body)


def _refusal(service: str, refused: Refused) -> Response:
    return _json(refused.status, f"{refused.status}{service}{refused.case}", refused.message, {})


def _json(http: int, code: str, message: str, body: Body) -> Response:
    answer = {"responseCode": code, "responseMessage": message, **body}
    headers = {"X-Contract-Status": "assumed"}  # The list is a declared contract (L.2); so is the token's code.
    return Response(orjson.dumps(answer), http, headers, media_type="application/json")
