"""Partners and officers: what each may do and has used; create, rotate, suspend and resume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.pages.console.page import Act, ConsolePage, FormField, Outcome, Query, Refused, Run, Submitted
from hub.pages.console.single import each_alone, refusal
from hub.pages.forms import problems_of
from hub.pages.page import Content, Data
from hub.pages.reader import Reader

MAX_KEEP_HOURS = 168
METHODS = {
    "client_secret_basic": ["client_credentials"],
    "client_secret_post": ["client_credentials"],
    "none": ["authorization_code", "refresh_token"],
}
"""How a new client authenticates → the grants that it gets: a service its own, an app those of people who sign in."""
_FIELDS = {
    "name": "name",
    "organisation": "organisation",
    "authMethod": "auth_method",
    "scopes": "scopes",
    "redirectUris": "redirect_uris",
}


def build(data: Data, query: Query, reader: Reader) -> Content:
    """Return the partners and the officers; those who are suspended come last."""
    values = {
        "clients": sorted(data["clients"], key=lambda each: (each["suspendedAt"] is not None, each["name"])),
        "officers": sorted(
            data["officers"], key=lambda each: (each["suspendedAt"] is not None, each["username"] or each["id"])
        ),
    }
    return Content(reader.t("console_partners.title"), "", values)


async def _preview(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    """Return the chosen partners or officers as they are now."""
    data = await run("console/partners", {})
    found = {each["id"]: each for each in (*data["clients"], *data["officers"])}
    return [_now(row, found.get(row), form.fields["act"], reader) for row in form.picked]


def _now(row: str, one: Mapping[str, Any] | None, act: str, reader: Reader) -> Outcome:
    if one is None:
        return Outcome(row, accepted=False, message=reader.t("console_partners.unknown"))
    suspended = one["suspendedAt"]
    since = reader.t("console_partners.suspended", at=reader.moment(suspended)) if suspended else ""
    label = one.get("name") or one.get("username") or row
    message = reader.t(f"console_partners.{act.removesuffix('_officer')}_what")
    return Outcome(label, accepted=True, message=message, detail=since)


async def _preview_new(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    return [Outcome(reader.t("console_partners.new"), accepted=True, message=reader.t("console_partners.create_what"))]


async def _create(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    method = form.fields.get("auth_method", "")
    values = {
        **{name: form.fields.get(name, "").strip() for name in ("name", "organisation")},
        "authMethod": method,
        "grants": METHODS.get(method, []),
        "scopes": form.fields.get("scopes", "").split(),
        "redirectUris": form.fields.get("redirect_uris", "").split(),
        "idempotencyKey": form.key,
    }
    result = (await run("console/partner_create", {"input": values}))["result"]
    if "client" not in result:
        problems = problems_of(result, {**_FIELDS, "grants": "auth_method"})
        raise Refused({name if name in _FIELDS.values() else "": text for name, text in problems.items()})
    return [_with_secret(result, reader)]


async def _rotate(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    typed, outcomes = form.fields.get("keep_hours", "").strip(), []
    if not (typed.isascii() and typed.isdecimal() and int(typed[:4]) <= MAX_KEEP_HOURS):
        raise Refused({"keep_hours": reader.t("console_partners.keep_hours_hint")})
    keep = int(typed)
    for index, row in enumerate(form.picked):
        values = {"id": row, "keepHours": keep, "idempotencyKey": f"{form.key}-{index}"}
        result = (await run("console/partner_rotate", {"input": values}))["result"]
        given = "client" in result
        outcomes.append(
            _with_secret(result, reader) if given else Outcome(row, accepted=False, message=refusal(result))
        )
    return outcomes


def _with_secret(result: Mapping[str, Any], reader: Reader) -> Outcome:
    """Return the outcome with the secret, which is shown once."""
    client, secret = result["client"], result["secret"]
    message = reader.t("console_partners.secret_once") if secret else reader.t("console_partners.no_secret")
    return Outcome(client["name"], accepted=True, message=message, detail=client["id"], secret=secret or "")


def _accepted(result: Mapping[str, Any]) -> str | None:
    one = result.get("client") or result.get("officer")
    return str(one["id"]) if one else None


def _single(name: str, *, danger: bool = False) -> Act:
    return Act(_preview, each_alone(f"console/partner_{name}", "id", _accepted), danger=danger)


def _options(values: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((each, each) for each in values)


CLIENT_ACTS = {
    "rotate": Act(_preview, _rotate, (FormField("keep_hours"),), shows_results=True),
    "suspend": _single("suspend", danger=True),
    "resume": _single("resume"),
}
"""The acts on a partner, which its own page has too."""
PARTNERS = ConsolePage(
    "partners",
    build,
    filters=(),
    acts={
        "create": Act(
            _preview_new,
            _create,
            (
                FormField("name"),
                FormField("organisation"),
                FormField("auth_method", "select", options=_options(list(METHODS))),
                FormField("scopes", "long"),
                FormField("redirect_uris", "long", optional=True),
            ),
            needs_rows=False,
            shows_results=True,
        ),
        **CLIENT_ACTS,
        "suspend_officer": _single("suspend_officer", danger=True),
        "resume_officer": _single("resume_officer"),
    },
)
