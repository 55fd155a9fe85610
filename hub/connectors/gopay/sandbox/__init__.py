"""A stand-in for the payment provider: SNAP BI's token, transaction history list and detail, and its notifications.

docs/upstream-contracts/gopay.md. Paths are also served below ``/api``, as the standard's own sandbox does,
because signatures cover them.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, ClassVar

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.connectors.base import ConnectorSettings
from hub.connectors.gopay.client import TOKEN
from hub.connectors.gopay.connector import DETAIL, LIST, PAGE_SIZE
from hub.connectors.gopay.responses import Body, Refused, json_object, missing
from hub.connectors.gopay.sandbox.authentication import Authentication
from hub.connectors.gopay.sandbox.credentials import variables as variables
from hub.connectors.gopay.sandbox.fields import includes_payments, whole_number, window
from hub.connectors.gopay.sandbox.history import SIZE, History, half_year
from hub.connectors.gopay.sandbox.notifications import classic, notification
from hub.connectors.gopay.sandbox.notifier import Notifier
from hub.connectors.gopay.sandbox.payments import StoredPayment, invented
from hub.connectors.gopay.settings import GopaySettings
from hub.connectors.gopay.signing import JAKARTA
from hub.connectors.sandbox_base import Sandbox
from hub.demo.world import SEED, DemoWorld


class GopaySandbox(Sandbox):
    """Serves ``history``; its present is ``clock`` moved by ``shift``."""

    name = "gopay"
    faults: ClassVar[dict[str, str]] = {
        "token_expired": "every token expires just before this call: 401SS01",
        "page_moved": "a late payment is added at the start of the window after this page",
        "duplicate": "the first item of this page is repeated on the next one",
        "out_of_order": "the page is shuffled, and an older state of its first item follows on the next page",
        "unknown_status": "the first item of this page has an unknown latestTransactionStatus",
        "empty": "the page has no payment",
        "in_progress": "202SS00 under HTTP `value` (200 by default)",
        "detail_refused": "the detail call answers the response code `value` (5001300 by default)",
        "wrong_signature": "the next notification to the hub has a wrong signature, and is not repeated",
    }
    acts: ClassVar[dict[str, str]] = {
        "notify": "sends the hub the status of the payment `reference`, or of the newest one",
        "refund": "refunds the payment `reference`, or the newest one, and notifies the hub",
    }

    def __init__(
        self, settings: GopaySettings, history: History, clock: Callable[[], datetime], shift: timedelta
    ) -> None:
        super().__init__()
        self._authentication, self.history = Authentication(settings, clock), history
        self._clock, self._shift = clock, shift
        self._rng = Random(SEED)
        # It has a random source of its own, so that notifications do not change the payments.
        self.notifier = Notifier(settings, Random(f"notices {SEED}"))
        self._steps = self._arrivals = 0
        self._open = [payment for payment in history.payments.values() if payment.status in {"INIT", "PENDING"}]
        self._paid: deque[StoredPayment] = deque(maxlen=200)

    @property
    def now(self) -> datetime:
        """The present of the sandbox."""
        return self._clock() + self._shift + self.clock_offset

    def routes(self) -> list[BaseRoute]:
        """Return token, list and detail, at the root and below ``/api``, and Midtrans' Get Status at the root."""
        calls = ((TOKEN, self._token), (LIST, self._list), (DETAIL, self._detail))
        status = Route("/v2/{order:path}/status", self._order_status, methods=["GET"])
        return [*(Route(base + path, call, methods=["POST"]) for base in ("", "/api") for path, call in calls), status]

    def figures(self) -> dict[str, Any]:
        """Return the numbers of payments, of lines in the list (some payments occur twice), and of unpaid payments.

        ``notices`` are calls to the hub by the HTTP status of the answer.
        """
        return {
            "payments": len(self.history.payments),
            "lines": len(self.history),
            "open": len(self._open),
            "notices": dict(self.notifier.sent),
        }

    def act(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Do one of ``acts``; return the payment's new status."""
        if command.get("do") not in self.acts:
            raise ValueError(f"there is no act {command.get('do')!r}")
        payments = self.history.payments
        payment = payments.get(str(command.get("reference") or next(reversed(payments))))
        if payment is None:
            raise ValueError("there is no such payment")
        if command["do"] == "refund":
            payment.status = "REFUNDED"
        self._notify(payment)
        return {"reference": payment.reference, "status": payment.status}

    def tick(self) -> None:
        """Pay or cancel some open payments, begin one or two new ones, and sometimes refund one."""
        self._steps += 1
        for payment in self._open:
            if self._rng.random() < 0.5:
                payment.status = self._rng.choices(("SUCCESS", "CANCELLED"), (9, 1))[0]
                self._paid.append(payment)
                self._notify(payment)
        self._open = [payment for payment in self._open if payment.status in {"INIT", "PENDING"}]
        for _ in range(self._rng.randint(1, 2)):
            self._arrive(self.now)
        if self._steps % 4 == 0 and self._paid:
            paid = self._rng.choice(self._paid)
            paid.status = "REFUNDED" if paid.status == "SUCCESS" else paid.status
            self._notify(paid)

    def _notify(self, payment: StoredPayment) -> None:
        """Notify the hub of the status of a payment."""
        self.notifier.notify(notification(payment, self.now, forged=self.fault.met("wrong_signature")))

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with self.notifier.open(self.hub), super()._lifespan(app):
            yield

    def _arrive(self, at: datetime) -> None:
        """Add an unpaid payment. The present is part of its number, so that a restart repeats no reference."""
        self._arrivals += 1
        number = f"{self.now.astimezone(JAKARTA):%H%M%S}{self._arrivals}"
        payment = invented(at.astimezone(JAKARTA).replace(microsecond=0), number, self._rng, "INIT")
        self.history.add(payment)
        self._open.append(payment)
        self._notify(payment)

    async def _token(self, request: Request) -> Response:
        raw = await request.body()
        try:
            return _success("73", self._authentication.issue_token(request.headers, json_object(raw)))
        except Refused as refused:
            return _refusal("73", refused)

    async def _order_status(self, request: Request) -> Response:
        """Midtrans' Get Status (contract gopay#get-status)."""
        if not self._authentication.is_server_key(request.headers.get("Authorization", "")):
            return JSONResponse({"status_code": "401", "status_message": "Unknown Merchant server_key/id"}, 401)
        payment = self.history.by_partner_reference(request.path_params["order"])
        if payment is None:
            return JSONResponse({"status_code": "404", "status_message": "Transaction doesn't exist."}, 404)
        return JSONResponse(classic(payment, payment.at))

    async def _list(self, request: Request) -> Response:
        return await self._answer(request, "12", self._listed)

    async def _detail(self, request: Request) -> Response:
        return await self._answer(request, "13", self._detailed)

    async def _answer(self, request: Request, service: str, reply: Callable[[Body], Body]) -> Response:
        raw = await request.body()
        if self.fault.met("token_expired"):
            self._authentication.expire_tokens()
        try:
            self._authentication.check(request, raw)
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
        if not includes_payments(body) or self.fault.met("empty"):
            return {"detailData": []}
        if partner := body.get("partnerReferenceNo"):
            return {"detailData": self.history.items(first, beyond, partner)[number * size : (number + 1) * size]}
        place, next_page = first + number * size, first + (number + 1) * size
        items = self.history.items(place, min(beyond, next_page))
        if items:
            self._spoil(items, self.history.payment_at(place), start, next_page)
        return {"detailData": items}

    def _spoil(self, items: list[Body], payment: StoredPayment, start: datetime, next_page: int) -> None:
        """Apply the active faults to a page; ``next_page`` is the place in the list where the next one begins."""
        if self.fault.met("unknown_status"):
            items[0]["latestTransactionStatus"] = "77"
        if self.fault.met("duplicate"):
            self.history.repeat(payment, next_page)
        if self.fault.met("out_of_order"):
            self._rng.shuffle(items)
            self.history.repeat(payment, next_page, "INIT")
        if self.fault.met("page_moved"):
            self._arrive(start + timedelta(seconds=1))

    def _detailed(self, body: Body) -> Body:
        refused, code = self.fault.take("detail_refused")
        if refused:
            digits = f"{code or 5001300:.0f}"
            raise Refused(int(digits[:3]), digits[5:], "General Error")
        info = body.get("additionalInfo")
        info = info if isinstance(info, dict) else {}
        reference = info.get("referenceNo") or info.get("originalReferenceNo")
        partner = body.get("originalPartnerReferenceNo")
        if not reference and not partner:
            raise missing("originalPartnerReferenceNo")
        payment = self.history.payments.get(str(reference)) if reference else self.history.by_partner_reference(partner)
        if payment is None:
            raise Refused(404, "01", "Transaction Not Found")
        return payment.detail()


def build(settings: ConnectorSettings, world: DemoWorld, size: int = SIZE) -> GopaySandbox:
    """Return a sandbox that checks against ``settings``, with ``size`` payments of half a year before the world's day.

    If that day is more than a day away from today, the sandbox's clock is moved to that day; timestamps
    of calls are compared with the real time.
    """
    assert isinstance(settings, GopaySettings)

    def clock() -> datetime:
        return datetime.now(UTC)

    away = world.today - clock().astimezone(JAKARTA).date()
    shift = away if abs(away) > timedelta(days=1) else timedelta()
    return GopaySandbox(settings, half_year(world, size), clock, shift)


def _success(service: str, body: Body) -> Response:
    return _json(200, f"200{service}00", "Successful", body)


def _refusal(service: str, refused: Refused) -> Response:
    return _json(refused.status, f"{refused.status}{service}{refused.case}", refused.message, {})


def _json(http: int, code: str, message: str, body: Body) -> Response:
    answer = {"responseCode": code, "responseMessage": message, **body}
    headers = {"X-Contract-Status": "assumed"}  # Items are assumed (gopay#history-item); so is the token's code.
    return Response(orjson.dumps(answer), http, headers, media_type="application/json")
